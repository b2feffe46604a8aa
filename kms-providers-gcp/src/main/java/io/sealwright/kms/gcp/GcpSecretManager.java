package io.sealwright.kms.gcp;

import com.google.cloud.secretmanager.v1.SecretManagerServiceClient;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.SecretSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Master keys kept in Google Secret Manager with settings from the program, for {@code KeyManager.builder().masterKey(…)}. Nothing
 * here connects: the first use does. Sources made by one {@code GcpSecretManager} share its connection, which ends when the
 * last of them was closed.
 */
public final class GcpSecretManager {
    private final Function<String, Session<SecretManagerServiceClient>> opening;
    private final Map<String, Session<SecretManagerServiceClient>> byLocation = new ConcurrentHashMap<>();

    private GcpSecretManager(Function<String, Session<SecretManagerServiceClient>> opening) {
        this.opening = opening;
        byLocation.put("", opening.apply(""));
    }

    /**
     * Secrets reached by a connection of our own, one for each region.
     *
     * @throws ConfigurationException if the options leave no endpoint
     */
    public static GcpSecretManager of(GcpOptions options) {
        return new GcpSecretManager(location -> Services.secretManager(options, location, options.timeout()));
    }

    /**
     * Secrets reached by a client of yours, over gRPC or over HTTP and JSON. Its retries and timeouts are not used: each request
     * is sent once, and an operation has 10 s. It must stay open as long as the sources are used; closing them does not close it.
     */
    public static GcpSecretManager of(SecretManagerServiceClient client) {
        Session<SecretManagerServiceClient> session =
                Services.given(client, client.getSettings(), GcpKms.CLIENT_TIMEOUT);
        return new GcpSecretManager(location -> session);
    }

    /** One secret with a connection of its own; in {@link #secret(String)}'s words. */
    public static SecretSource source(GcpOptions options, String name) {
        return of(options).secret(name);
    }

    /** One secret reached by a client of yours: {@link #of(SecretManagerServiceClient)}. */
    public static SecretSource source(SecretManagerServiceClient client, String name) {
        return of(client).secret(name);
    }

    /**
     * A secret whose payload is a key of 32 bytes, as 64 hex digits or in base64. Its URI is {@code gcp-secretmanager://} and the
     * name.
     *
     * @param name {@code projects/P/secrets/S}, or {@code projects/P/locations/L/secrets/S} of a secret in one region, which is
     *     asked for there, unless the options name an endpoint (a client of yours must have that region's)
     * @throws ConfigurationException if the name is none
     */
    public SecretSource secret(String name) {
        MasterKeyUri uri = new MasterKeyUri(GcpSecretManagerProvider.SCHEME, name);
        String secret = Names.secret(uri);
        return new GcpSecretSource(uri.toString(), secret, byLocation.computeIfAbsent(Names.location(secret), opening));
    }
}
