package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.VaultConfig;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.TimeSource;
import java.net.http.HttpClient;
import java.time.Duration;

/**
 * Master keys in Vault or OpenBao with settings from the program, for {@code KeyManager.builder().masterKey(…)}. Nothing
 * here connects: the first use does. Keys of one call chain may share a server; those that should also share its
 * connections and token are made by one {@code VaultKeys}.
 */
public final class VaultKeys {
    private static final Duration DRIVER_TIMEOUT = Duration.ofSeconds(10);

    private final VaultSession session;

    private VaultKeys(VaultSession session) {
        this.session = session;
    }

    /** Keys of one server. The token is forgotten when the last of them was closed; a key made later logs in anew. */
    public static VaultKeys of(VaultOptions options) {
        return new VaultKeys(VaultSession.open(options, options.timeout(), TimeSource.system()));
    }

    /**
     * Keys of the server that a driver's configuration names: its address, namespace, token (read anew when the one
     * that was given is dead), TLS context and, if there is one, HTTP client. Its timeouts and retries are not used:
     * an operation has 10 s, answers included.
     *
     * @throws ConfigurationException if the configuration was not built, its client follows redirects (the token would
     *     go along), or it looks at no certificate
     */
    public static VaultKeys of(VaultConfig config) {
        if (config.getAddress() == null || config.getSslConfig() == null) {
            throw new ConfigurationException(
                    "The driver's configuration cannot be used.", "It was not built.", "Call build() on it first.");
        }
        if (!config.getSslConfig().isVerify()) {
            throw new ConfigurationException(
                    "The driver's configuration cannot be used.",
                    "It looks at no certificate (verify(false)), so that anybody in between could take the token.",
                    "Give it the server's certificate authority instead.");
        }
        HttpClient client = config.getHttpClient();
        if (client != null && client.followRedirects() != HttpClient.Redirect.NEVER) {
            throw new ConfigurationException(
                    "The driver's configuration cannot be used.",
                    "Its HTTP client follows redirects, and the token would go along.",
                    "Build the client with Redirect.NEVER.");
        }
        VaultOptions.Builder options = VaultOptions.builder()
                .address(config.getAddress())
                .auth(VaultAuth.liveToken(config::getToken))
                .timeout(DRIVER_TIMEOUT);
        if (config.getNameSpace() != null) {
            options.namespace(config.getNameSpace());
        }
        if (config.getSslConfig().getSslContext() != null) {
            options.sslContext(config.getSslConfig().getSslContext());
        }
        VaultOptions built = options.build();
        return new VaultKeys(
                client == null
                        ? VaultSession.open(built, DRIVER_TIMEOUT, TimeSource.system())
                        : new VaultSession(built, client, DRIVER_TIMEOUT, TimeSource.system()));
    }

    /**
     * A key of the transit engine, as in {@code VaultKeys.masterKey(options, "transit/app")}; in
     * {@link #transit(String)}'s words.
     */
    public static MasterKey masterKey(VaultOptions options, String path) {
        return of(options).transit(path);
    }

    /** {@link #masterKey(VaultOptions, String)} with a driver's configuration. */
    public static MasterKey masterKey(VaultConfig config, String path) {
        return of(config).transit(path);
    }

    /**
     * A key of the transit engine. Its URI is {@code vault-transit://} and the path.
     *
     * @param path the engine's mount and, behind the last slash, the key's name
     * @throws ConfigurationException if the path is none
     */
    public MasterKey transit(String path) {
        MasterKeyUri uri = new MasterKeyUri(VaultTransitProvider.SCHEME, path);
        return new VaultTransitKey(uri.toString(), Names.path(uri, "MOUNT/KEY"), session);
    }

    /**
     * A secret of the KV engine, version 2, whose field {@code key} is a master key. Its URI is {@code vault-kv://} and
     * the path.
     *
     * @param path the engine's mount and, behind the first slash, the secret's path
     * @throws ConfigurationException if the path is none
     */
    public SecretSource kv(String path) {
        MasterKeyUri uri = new MasterKeyUri(VaultKvProvider.SCHEME, path);
        return new VaultKvSource(uri.toString(), Names.path(uri, "MOUNT/PATH"), session, TimeSource.system());
    }
}
