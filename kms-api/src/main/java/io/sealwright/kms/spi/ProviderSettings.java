package io.sealwright.kms.spi;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * What the engine tells a provider besides the URI.
 *
 * @param home where files of this library lie ({@code KMS_HOME}); key files in its folder {@code local}
 * @param createMissing whether a missing local key may be made (the embedded default only)
 * @param deadline the total time of one call, as information: the engine enforces it
 * @param time the engine's time
 * @param variables the environment: the process's own, or what {@code fromEnvironment} was given; for what a vendor's
 *     tools take from there too (addresses, credentials)
 */
public record ProviderSettings(
        Path home, boolean createMissing, Duration deadline, TimeSource time, Variables variables) {
    /** Checks that all are there. */
    public ProviderSettings {
        Objects.requireNonNull(home, "home");
        Objects.requireNonNull(deadline, "deadline");
        Objects.requireNonNull(time, "time");
        Objects.requireNonNull(variables, "variables");
    }

    /** With the environment of this process. */
    public ProviderSettings(Path home, boolean createMissing, Duration deadline, TimeSource time) {
        this(home, createMissing, deadline, time, Variables.ofProcess());
    }
}
