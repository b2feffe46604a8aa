package io.sealwright.kms.gcp;

import io.sealwright.kms.spi.ProviderSettings;
import java.time.Duration;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The session with a service as the environment says it: one for all keys that a provider opens.
 *
 * @param <C> the client's type
 */
final class EnvironmentSession<C> {
    private final BiFunction<GcpOptions, Duration, Session<C>> opening;
    private @Nullable Session<C> session; // guarded by this
    private @Nullable ProviderSettings of; // guarded by this

    EnvironmentSession(BiFunction<GcpOptions, Duration, Session<C>> opening) {
        this.opening = opening;
    }

    /** The session with the settings' variables and deadline. */
    synchronized Session<C> get(ProviderSettings settings) {
        Session<C> there = session;
        if (there == null || !settings.equals(of)) {
            there = opening.apply(GcpEnvironment.options(settings.variables()), settings.deadline());
            session = there;
            of = settings;
        }
        return there;
    }
}
