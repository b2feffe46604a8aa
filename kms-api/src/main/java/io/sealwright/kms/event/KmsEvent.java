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
     * @param change created, rotated, deactivated, compromised or destroyed
     * @param key its name
     * @param version the version, or 0 for the whole key
     */
    record KeyChanged(Instant at, String change, String key, int version) implements KmsEvent {}

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
}
