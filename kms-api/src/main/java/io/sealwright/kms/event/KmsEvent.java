package io.sealwright.kms.event;

import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.error.ErrorCode;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Something worth an audit line. Never one a message on the hot path; never with a secret. */
public sealed interface KmsEvent {
    /** When it happened. */
    Instant at();

    /**
     * A call to a provider ended.
     *
     * @param at when
     * @param operation generate, wrap, unwrap, refresh, check or rotate
     * @param masterKey the key's URI
     * @param outcome null if it succeeded, else what it failed with
     * @param took how long
     */
    record ProviderCall(
            Instant at,
            String operation,
            String masterKey,
            @Nullable ErrorCode outcome,
            Duration took) implements KmsEvent {}

    /**
     * A named key was created, rotated, or changed its state, by this process.
     *
     * @param at when
     * @param change created, rotated, deactivated, compromised, destruction-scheduled, destruction-cancelled, destroyed,
     *     rewrapped, schedule-changed, imported, exported, exported-in-clear or restored
     * @param key its name
     * @param version the version, or 0 for the whole key
     */
    record KeyChanged(Instant at, String change, String key, int version) implements KmsEvent {}

    /**
     * Something was due for a named key, a rotation by schedule or the end of a waiting period, and this process could
     * not do it. It will be tried again.
     *
     * @param at when
     * @param key its name
     * @param outcome what it failed with; null for a defect of this library, which is logged
     * @param pause how long this process waits until it tries again; another one may come first
     */
    record DueWorkFailed(Instant at, String key, @Nullable ErrorCode outcome, Duration pause) implements KmsEvent {}

    /**
     * A message or a use of a key was refused by policy.
     *
     * @param at when
     * @param code why
     * @param key the key concerned, if known
     */
    record Refused(Instant at, ErrorCode code, @Nullable String key) implements KmsEvent {}

    /**
     * Something weaker than the usual was allowed because the caller asked for it.
     *
     * @param at when
     * @param what {@code unencrypted} or {@code compromised}
     * @param level the message's level
     * @param key the key concerned, if any
     */
    record WeakerAllowed(
            Instant at,
            String what,
            SecurityLevel level,
            @Nullable String key) implements KmsEvent {}

    /**
     * A provider gave no answer, and is asked again.
     *
     * @param at when
     * @param operation generate, wrap, unwrap, refresh or check
     * @param masterKey the key's URI
     * @param attempt which attempt failed, from 1
     * @param pause how long until the next
     */
    record ProviderRetried(Instant at, String operation, String masterKey, int attempt, Duration pause)
            implements KmsEvent {}

    /**
     * A master key's circuit breaker opened, so that calls fail at once instead of waiting for no answer, or closed.
     *
     * @param at when
     * @param masterKey the key's URI
     * @param open whether it opened
     */
    record BreakerChanged(Instant at, String masterKey, boolean open) implements KmsEvent {}

    /**
     * Keys in memory began to serve past their age, since there was no answer, or ceased to since there is one again.
     *
     * @param at when
     * @param source the master key's URI, or {@code store}
     * @param serving whether it began
     */
    record OutageServing(Instant at, String source, boolean serving) implements KmsEvent {}

    /**
     * A master key's provider said a definite no: what it had given is not used any more, outage or not.
     *
     * @param at when
     * @param operation generate or unwrap
     * @param masterKey the key's URI
     * @param code {@link ErrorCode#KMS_KEY_NOT_FOUND}, {@link ErrorCode#KMS_KEY_STATE_REFUSED} or
     *     {@link ErrorCode#KMS_DENIED}
     */
    record KeyEnded(Instant at, String operation, String masterKey, ErrorCode code) implements KmsEvent {}

    /**
     * More distinct encryption contexts are in use than a manager should have; each costs a data key and a provider call.
     * Told once at each power of ten from 1,000 on.
     *
     * @param at when
     * @param contexts how many
     */
    record ManyContexts(Instant at, long contexts) implements KmsEvent {}
}
