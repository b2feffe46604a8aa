package io.sealwright.kms.spi;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the builders of settings check alike, so that a mistake is the same error in all of them. For the options that a
 * provider of yours has, too.
 */
public final class BuilderChecks {
    private static final Duration LONGEST_TIMEOUT = Duration.ofMinutes(10);

    private BuilderChecks() {}

    /**
     * Lets a setting be given once.
     *
     * @param name the setter's
     * @param before what was given before; null if nothing was
     * @throws IllegalStateException if something was; it does not show what, which may be a secret
     */
    public static void once(String name, @Nullable Object before) {
        if (before != null) {
            throw new IllegalStateException(name + " given twice");
        }
    }

    /**
     * Lets a setting be given once, and shows both if it is not.
     *
     * @param name the setter's
     * @param before what was given before, which must be no secret; null if nothing was
     * @param now what is given now, which must be no secret
     * @throws IllegalStateException if something was given before
     */
    public static void once(String name, @Nullable Object before, Object now) {
        if (before != null) {
            throw new IllegalStateException(name + " given twice: " + before + ", then " + now);
        }
    }

    /**
     * Lets the total time of one call be over zero and at most 10 minutes, the longest deadline of a manager.
     *
     * @return what was given
     * @throws IllegalArgumentException if it is not
     */
    public static Duration timeout(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "timeout must be over zero and at most " + LONGEST_TIMEOUT + ", not " + timeout);
        }
        return timeout;
    }
}
