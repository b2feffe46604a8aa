package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** What a provider is opened with in a test: variables that the test names, and nothing of the machine that it runs on. */
public final class TestSettings {
    private static final Path HOME = Path.of("unused");
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    private TestSettings() {}

    /**
     * An environment.
     *
     * @param namesAndValues a name, its value, and so on; what comes later counts
     */
    public static Variables variables(String... namesAndValues) {
        return variables(Map.of(), namesAndValues);
    }

    /** {@code always}, and over it what {@link #variables(String...)} makes of the rest. */
    public static Variables variables(Map<String, String> always, String... namesAndValues) {
        Map<String, String> variables = new HashMap<>(always);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            variables.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return Variables.of(variables);
    }

    /** Makes nothing that is missing; ten seconds a call; the system's clock. */
    public static ProviderSettings with(Variables variables) {
        return new ProviderSettings(HOME, false, DEADLINE, TimeSource.system(), variables);
    }

    /**
     * Without variables. What was fetched from a secret store serves for a millisecond and through no outage, so that each
     * call asks.
     */
    public static ProviderSettings alwaysAsking() {
        return new ProviderSettings(
                HOME,
                false,
                DEADLINE,
                TimeSource.system(),
                variables(),
                new DataKeyPolicy(Duration.ofMillis(1), Duration.ofMillis(1), 1L << 32, 1L << 36, 1L << 20),
                new OutagePolicy(Duration.ZERO, Duration.ZERO));
    }

    /** A manager that takes everything from these variables and no system property; the caller closes it. */
    public static KeyManager manager(Variables variables) {
        return KeyManager.builder().fromEnvironment(variables, property -> null).build();
    }
}
