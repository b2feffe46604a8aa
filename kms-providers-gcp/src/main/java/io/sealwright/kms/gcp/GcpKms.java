package io.sealwright.kms.gcp;

import com.google.cloud.kms.v1.KeyManagementServiceClient;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import java.time.Duration;

/**
 * Master keys in Google Cloud KMS with settings from the program, for {@code KeyManager.builder().masterKey(…)}. Nothing here
 * connects: the first use does. Keys made by one {@code GcpKms} share its connection, which ends when the last of them was
 * closed.
 */
public final class GcpKms {
    static final Duration CLIENT_TIMEOUT = Duration.ofSeconds(10);

    private final Session<KeyManagementServiceClient> session;

    private GcpKms(Session<KeyManagementServiceClient> session) {
        this.session = session;
    }

    /**
     * Keys reached by a connection of our own.
     *
     * @throws ConfigurationException if the options leave no endpoint
     */
    public static GcpKms of(GcpOptions options) {
        return new GcpKms(Services.kms(options, options.timeout()));
    }

    /**
     * Keys reached by a client of yours, over gRPC or over HTTP and JSON. Its retries and timeouts are not used: each request is
     * sent once, and an operation has 10 s. It must stay open as long as the keys are used; closing them does not close it.
     */
    public static GcpKms of(KeyManagementServiceClient client) {
        return new GcpKms(Services.given(client, client.getSettings(), CLIENT_TIMEOUT));
    }

    /** One key with a connection of its own; in {@link #key(String)}'s words. */
    public static MasterKey masterKey(GcpOptions options, String name) {
        return of(options).key(name);
    }

    /** One key reached by a client of yours: {@link #of(KeyManagementServiceClient)}. */
    public static MasterKey masterKey(KeyManagementServiceClient client, String name) {
        return of(client).key(name);
    }

    /**
     * A key of purpose ENCRYPT_DECRYPT. Its URI is {@code gcp-kms://} and the name. The name stands in messages: give it
     * always with the project's id, or always with its number.
     *
     * @param name {@code projects/P/locations/L/keyRings/R/cryptoKeys/K}
     * @throws ConfigurationException if the name is none
     */
    public MasterKey key(String name) {
        MasterKeyUri uri = new MasterKeyUri(GcpKmsProvider.SCHEME, name);
        return new GcpKmsKey(uri.toString(), Names.key(uri), session);
    }
}
