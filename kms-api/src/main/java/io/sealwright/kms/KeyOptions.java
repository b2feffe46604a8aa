package io.sealwright.kms;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a new named key may have besides its spec.
 *
 * @param activeFrom when its first version begins to seal, or null for at once
 * @param rotateEvery how often it is rotated by itself, or null for never; see {@link NamedKey#rotateEvery(Duration)}
 */
public record KeyOptions(
        @Nullable Instant activeFrom, @Nullable Duration rotateEvery) {
    /** An hour: every rotation adds a version that stays, and a key has at most 65,535. */
    public static final Duration SHORTEST_ROTATION = Duration.ofHours(1);

    /** Ten years; whoever rotates less often rotates by hand. */
    public static final Duration LONGEST_ROTATION = Duration.ofDays(3650);

    /** Checks the period. */
    public KeyOptions {
        if (rotateEvery != null) {
            demandPeriod(rotateEvery);
        }
    }

    /** Neither. */
    public static KeyOptions none() {
        return new KeyOptions(null, null);
    }

    /** The same, sealing from {@code time} on. */
    public KeyOptions withActiveFrom(Instant time) {
        return new KeyOptions(time, rotateEvery);
    }

    /**
     * The same, rotated by itself.
     *
     * @param period 1 hour to 3650 days
     */
    public KeyOptions withRotateEvery(Duration period) {
        return new KeyOptions(activeFrom, period);
    }

    /**
     * Checks a period of rotation.
     *
     * @throws IllegalArgumentException if it is not 1 hour to 3650 days
     */
    public static Duration demandPeriod(Duration period) {
        if (period.compareTo(SHORTEST_ROTATION) < 0 || period.compareTo(LONGEST_ROTATION) > 0) {
            throw new IllegalArgumentException("rotateEvery must be 1 hour to 3650 days, not " + period);
        }
        return period;
    }
}
