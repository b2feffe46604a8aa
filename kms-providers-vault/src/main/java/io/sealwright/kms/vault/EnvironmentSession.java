package io.sealwright.kms.vault;

import io.sealwright.kms.spi.ProviderSettings;
import org.jspecify.annotations.Nullable;

/** The session of the server that the environment names: one for all keys that a provider opens. */
final class EnvironmentSession {
    private @Nullable VaultSession session; // guarded by this
    private @Nullable ProviderSettings of; // guarded by this

    /** The session with the settings' variables, deadline and clock. */
    synchronized VaultSession get(ProviderSettings settings) {
        VaultSession there = session;
        if (there == null || !settings.equals(of)) {
            VaultOptions options = VaultEnvironment.options(settings.variables());
            there = VaultSession.open(options, settings.deadline(), settings.time());
            session = there;
            of = settings;
        }
        return there;
    }
}
