package io.sealwright.kms;

import io.sealwright.kms.spi.BuilderChecks;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long keys in memory go on serving while their provider, or the store, does not answer. It never prolongs anything
 * while there is an answer: past {@link DataKeyPolicy#maxAge()} an entry serves only after a check of its own found none,
 * and only inside this window, counted from that entry's last success. A definite no ends it at once.
 *
 * <p>So a key that was revoked serves for at most the greater of {@code maxAge} and the window, and one
 * {@link KeyManagerBuilder#deadline} more; whoever can cut the network can bring that about. A window no longer than
 * {@code maxAge} changes nothing, and zero makes {@code maxAge} absolute.
 *
 * @param encryptFor how long data keys, and named keys for sealing, go on sealing
 * @param decryptFor how long opened keys, and named keys for opening, go on opening
 */
public record OutagePolicy(Duration encryptFor, Duration decryptFor) {
    /** Ten minutes: a restart or a fail-over of a provider, no longer, since what is sealed now is new damage. */
    public static final Duration DEFAULT_ENCRYPT_FOR = Duration.ofMinutes(10);

    /** Four hours: an outage of a cloud's region as they have happened. */
    public static final Duration DEFAULT_DECRYPT_FOR = Duration.ofHours(4);

    /** The longest allowed window: a week. */
    public static final Duration LONGEST = Duration.ofDays(7);

    /** Checks both windows. */
    public OutagePolicy {
        between("encryptFor", encryptFor);
        between("decryptFor", decryptFor);
    }

    /** The defaults. */
    public static OutagePolicy defaults() {
        return new Builder().build();
    }

    /** Begins with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    private static void between(String name, Duration value) {
        if (value.isNegative() || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + " must be 0 to 7 days, not " + value);
        }
    }

    /** Collects the settings; a setting given twice is an error. Not safe for concurrent use. */
    public static final class Builder {
        private @Nullable Duration encryptFor;
        private @Nullable Duration decryptFor;

        Builder() {}

        /** Sets how long sealing goes on; default 10 minutes, 0 to 7 days. */
        public Builder encryptFor(Duration value) {
            BuilderChecks.once("encryptFor", encryptFor, value);
            encryptFor = value;
            return this;
        }

        /** Sets how long opening goes on; default 4 hours, 0 to 7 days. */
        public Builder decryptFor(Duration value) {
            BuilderChecks.once("decryptFor", decryptFor, value);
            decryptFor = value;
            return this;
        }

        /** What is set here, and what is not from {@code fallback}. */
        Builder over(Builder fallback) {
            Builder merged = new Builder();
            merged.encryptFor = encryptFor != null ? encryptFor : fallback.encryptFor;
            merged.decryptFor = decryptFor != null ? decryptFor : fallback.decryptFor;
            return merged;
        }

        OutagePolicy build() {
            return new OutagePolicy(
                    encryptFor == null ? DEFAULT_ENCRYPT_FOR : encryptFor,
                    decryptFor == null ? DEFAULT_DECRYPT_FOR : decryptFor);
        }
    }
}
