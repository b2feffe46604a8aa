package io.sealwright.kms.gcp;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.kms.v1.KeyManagementServiceClient;
import com.google.cloud.kms.v1.KeyManagementServiceSettings;
import io.sealwright.kms.KeyManager;
import java.io.IOException;

/** What a program does that has the lighter closure: the example of docs/providers/GCP.md. */
final class RestClosureMain {
    private RestClosureMain() {}

    /** @param args endpoint, key */
    public static void main(String[] args) throws Exception {
        try (KeyManagementServiceClient client = client(args[0]);
                KeyManager kms = KeyManager.builder()
                        .masterKey(GcpKms.masterKey(client, args[1]))
                        .build()) {
            byte[] sealed = kms.encrypt("hello").context("tenant", "acme").toBytes();
            System.out.println(kms.decrypt(sealed).context("tenant", "acme").toText());
        }
    }

    static KeyManagementServiceClient client(String endpoint) throws IOException {
        return client(endpoint, NoCredentialsProvider.create());
    }

    static KeyManagementServiceClient client(String endpoint, CredentialsProvider credentials) throws IOException {
        return KeyManagementServiceClient.create(KeyManagementServiceSettings.newHttpJsonBuilder()
                .setTransportChannelProvider(KeyManagementServiceSettings.defaultHttpJsonTransportProviderBuilder()
                        .setEndpoint(endpoint)
                        .build())
                .setCredentialsProvider(credentials)
                .build());
    }
}
