package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.Variables;
import java.time.Duration;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/**
 * Master keys kept as secrets of AWS Secrets Manager, with settings from the program, for
 * {@code KeyManager.builder().masterKey(…)}. Nothing here connects: the first use does.
 */
public final class AwsSecretsManager {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private AwsSecretsManager() {}

    /**
     * The field {@code key} of a secret that a client of yours asks for; in the words of
     * {@link AwsKms#masterKey(software.amazon.awssdk.services.kms.KmsClient, String)}. The client is not closed.
     *
     * @param secret name or ARN; the URI is {@code aws-secretsmanager://} and that
     * @throws ConfigurationException if it is none
     */
    public static SecretSource secret(SecretsManagerClient client, String secret) {
        StoredName name = StoredName.secret(secret);
        return new SecretsManagerSource(
                uri(secret),
                name.text(),
                client,
                new AwsCalls(AwsCalls.Service.SECRETS_MANAGER, TIMEOUT),
                OwnedClient.isEncrypted(client.serviceClientConfiguration()),
                () -> {});
    }

    /**
     * The same, with a client of its own, closed with it.
     *
     * @throws ConfigurationException if it is none, or no region is named anywhere
     */
    public static SecretSource secret(AwsOptions options, String secret) {
        StoredName name = StoredName.secret(secret);
        return open(uri(secret), name, options.in(name.region()), Variables.ofProcess());
    }

    static SecretSource open(String uri, StoredName name, AwsOptions options, Variables variables) {
        OwnedClient<SecretsManagerClient> owned = OwnedClient.of(SecretsManagerClient.builder(), options, variables);
        return new SecretsManagerSource(
                uri,
                name.text(),
                owned.client(),
                new AwsCalls(AwsCalls.Service.SECRETS_MANAGER, options.timeout()),
                owned.encrypted(),
                owned.release());
    }

    private static String uri(String secret) {
        return AwsSecretsManagerProvider.SCHEME + "://" + secret;
    }
}
