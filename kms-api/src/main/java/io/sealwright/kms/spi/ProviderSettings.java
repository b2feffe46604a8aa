package io.sealwright.kms.spi;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.OutagePolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * What the engine tells a provider besides the URI.
 *
 * @param home where files of this library lie ({@code KMS_HOME}); key files in its folder {@code local}
 * @param createMissing whether a missing key is made: the embedded default, and
 *     {@link io.sealwright.kms.KeyManagerBuilder#bootstrap()}. A provider that can make its keys then looks for the key as
 *     it opens it, and never replaces one; one that cannot opens as ever, and is asked afterwards whether the key is there
 * @param deadline the total time of one call, as information: the engine enforces it
 * @param time the engine's time
 * @param variables the environment: the process's own, or what {@code fromEnvironment} was given; for what a vendor's
 *     tools take from there too (addresses, credentials)
 * @param dataKeys how long keys in memory serve: for keys that are fetched and then used in process
 * @param outage how long they serve while whoever they are fetched from does not answer
 */
public record ProviderSettings(
        Path home,
        boolean createMissing,
        Duration deadline,
        TimeSource time,
        Variables variables,
        DataKeyPolicy dataKeys,
        OutagePolicy outage) {
    /** Checks that all are there. */
    public ProviderSettings {
        Objects.requireNonNull(home, "home");
        Objects.requireNonNull(deadline, "deadline");
        Objects.requireNonNull(time, "time");
        Objects.requireNonNull(variables, "variables");
        Objects.requireNonNull(dataKeys, "dataKeys");
        Objects.requireNonNull(outage, "outage");
    }

    /** With the environment of this process, and the default bounds of keys in memory. */
    public ProviderSettings(Path home, boolean createMissing, Duration deadline, TimeSource time) {
        this(home, createMissing, deadline, time, Variables.ofProcess());
    }

    /** With the default bounds of keys in memory. */
    public ProviderSettings(Path home, boolean createMissing, Duration deadline, TimeSource time, Variables variables) {
        this(home, createMissing, deadline, time, variables, DataKeyPolicy.defaults(), OutagePolicy.defaults());
    }
}
