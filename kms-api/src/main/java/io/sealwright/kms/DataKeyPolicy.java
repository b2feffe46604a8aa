package io.sealwright.kms;

import io.sealwright.kms.spi.BuilderChecks;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How long and how far one data key is used.
 *
 * @param refreshAfter when a successor is fetched in the background
 * @param maxAge when it is used no more while its provider answers
 * @param maxMessagesPerEpoch how many messages one derived key seals before a new salt is drawn
 * @param maxBytesPerEpoch how many plaintext bytes one derived key seals before a new salt is drawn
 * @param maxEpochs how many salts one data key serves before a new one is asked for
 */
public record DataKeyPolicy(
        Duration refreshAfter, Duration maxAge, long maxMessagesPerEpoch, long maxBytesPerEpoch, long maxEpochs) {
    /** Five minutes: a revoked master key stops sealing soon, and a provider sees few calls. */
    public static final Duration DEFAULT_MAX_AGE = Duration.ofMinutes(5);

    /** The longest allowed age: a day. */
    public static final Duration LONGEST_MAX_AGE = Duration.ofHours(24);

    /** NIST SP 800-38D, section 8.3: with a deterministic nonce more would be allowed; we keep the stricter bound. */
    public static final long MOST_MESSAGES_PER_EPOCH = 1L << 32;

    /** 64 GiB under one key keeps the distinguishing advantage of AES-GCM below 2^-57 (SP 800-38D, appendix C). */
    public static final long MOST_BYTES_PER_EPOCH = 1L << 36;

    /** A bound on derivations from one root. */
    public static final long MOST_EPOCHS = 1L << 20;

    /** Checks each bound and that refreshing comes before ageing. */
    public DataKeyPolicy {
        if (maxAge.isNegative() || maxAge.isZero() || maxAge.compareTo(LONGEST_MAX_AGE) > 0) {
            throw new IllegalArgumentException("maxAge must be over 0 and at most 24 hours, not " + maxAge);
        }
        if (refreshAfter.isNegative() || refreshAfter.isZero() || refreshAfter.compareTo(maxAge) > 0) {
            throw new IllegalArgumentException(
                    "refreshAfter must be over 0 and at most maxAge (" + maxAge + "), not " + refreshAfter);
        }
        between("maxMessagesPerEpoch", maxMessagesPerEpoch, MOST_MESSAGES_PER_EPOCH);
        between("maxBytesPerEpoch", maxBytesPerEpoch, MOST_BYTES_PER_EPOCH);
        between("maxEpochs", maxEpochs, MOST_EPOCHS);
        if (maxBytesPerEpoch < 65536) {
            throw new IllegalArgumentException(
                    "maxBytesPerEpoch must hold one message of 64 KiB, not " + maxBytesPerEpoch);
        }
    }

    /** The defaults. */
    public static DataKeyPolicy defaults() {
        return new Builder().build();
    }

    /** Begins with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    private static void between(String name, long value, long most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(name + " must be 1 to " + most + ", not " + value);
        }
    }

    /** Collects the settings; a setting given twice is an error. Not safe for concurrent use. */
    public static final class Builder {
        private @Nullable Duration refreshAfter;
        private @Nullable Duration maxAge;
        private @Nullable Long maxMessagesPerEpoch;
        private @Nullable Long maxBytesPerEpoch;
        private @Nullable Long maxEpochs;

        Builder() {}

        /** Sets when a successor is fetched in the background; default 80 % of {@code maxAge}. */
        public Builder refreshAfter(Duration value) {
            BuilderChecks.once("refreshAfter", refreshAfter, value);
            refreshAfter = value;
            return this;
        }

        /** Sets how long a data key is used; default 5 minutes, at most 24 hours. */
        public Builder maxAge(Duration value) {
            BuilderChecks.once("maxAge", maxAge, value);
            maxAge = value;
            return this;
        }

        /** Sets how many messages one derived key seals; default and most 2^32. */
        public Builder maxMessagesPerEpoch(long value) {
            BuilderChecks.once("maxMessagesPerEpoch", maxMessagesPerEpoch, value);
            maxMessagesPerEpoch = value;
            return this;
        }

        /** Sets how many plaintext bytes one derived key seals; default and most 2^36, at least 64 KiB. */
        public Builder maxBytesPerEpoch(long value) {
            BuilderChecks.once("maxBytesPerEpoch", maxBytesPerEpoch, value);
            maxBytesPerEpoch = value;
            return this;
        }

        /** Sets how many salts one data key serves; default and most 2^20. */
        public Builder maxEpochs(long value) {
            BuilderChecks.once("maxEpochs", maxEpochs, value);
            maxEpochs = value;
            return this;
        }

        /** What is set here, and what is not from {@code fallback}. */
        Builder over(Builder fallback) {
            Builder merged = new Builder();
            merged.refreshAfter = refreshAfter != null ? refreshAfter : fallback.refreshAfter;
            merged.maxAge = maxAge != null ? maxAge : fallback.maxAge;
            merged.maxMessagesPerEpoch =
                    maxMessagesPerEpoch != null ? maxMessagesPerEpoch : fallback.maxMessagesPerEpoch;
            merged.maxBytesPerEpoch = maxBytesPerEpoch != null ? maxBytesPerEpoch : fallback.maxBytesPerEpoch;
            merged.maxEpochs = maxEpochs != null ? maxEpochs : fallback.maxEpochs;
            return merged;
        }

        DataKeyPolicy build() {
            Duration age = maxAge == null ? DEFAULT_MAX_AGE : maxAge;
            Duration refresh = refreshAfter == null ? age.multipliedBy(4).dividedBy(5) : refreshAfter;
            return new DataKeyPolicy(
                    refresh,
                    age,
                    maxMessagesPerEpoch == null ? MOST_MESSAGES_PER_EPOCH : maxMessagesPerEpoch,
                    maxBytesPerEpoch == null ? MOST_BYTES_PER_EPOCH : maxBytesPerEpoch,
                    maxEpochs == null ? MOST_EPOCHS : maxEpochs);
        }
    }
}
