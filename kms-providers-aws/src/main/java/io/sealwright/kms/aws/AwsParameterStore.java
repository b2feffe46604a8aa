package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.Variables;
import java.time.Duration;
import software.amazon.awssdk.services.ssm.SsmClient;

/**
 * Master keys kept as parameters of AWS Systems Manager Parameter Store, with settings from the program, for
 * {@code KeyManager.builder().masterKey(…)}. Nothing here connects: the first use does.
 */
public final class AwsParameterStore {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private AwsParameterStore() {}

    /**
     * A parameter that a client of yours asks for; in the words of
     * {@link AwsKms#masterKey(software.amazon.awssdk.services.kms.KmsClient, String)}. The client is not closed.
     *
     * @param parameter name or ARN; the URI is {@code aws-ssm://} and that
     * @throws ConfigurationException if it is none
     */
    public static SecretSource parameter(SsmClient client, String parameter) {
        StoredName name = StoredName.parameter(parameter);
        return new ParameterSource(
                uri(parameter),
                name.text(),
                client,
                new AwsCalls(AwsCalls.Service.PARAMETER_STORE, TIMEOUT),
                OwnedClient.isEncrypted(client.serviceClientConfiguration()),
                () -> {});
    }

    /**
     * The same, with a client of its own, closed with it.
     *
     * @throws ConfigurationException if it is none, or no region is named anywhere
     */
    public static SecretSource parameter(AwsOptions options, String parameter) {
        StoredName name = StoredName.parameter(parameter);
        return open(uri(parameter), name, options.in(name.region()), Variables.ofProcess());
    }

    static SecretSource open(String uri, StoredName name, AwsOptions options, Variables variables) {
        OwnedClient<SsmClient> owned = OwnedClient.of(SsmClient.builder(), options, variables);
        return new ParameterSource(
                uri,
                name.text(),
                owned.client(),
                new AwsCalls(AwsCalls.Service.PARAMETER_STORE, options.timeout()),
                owned.encrypted(),
                owned.release());
    }

    private static String uri(String parameter) {
        return AwsParameterStoreProvider.SCHEME + "://" + parameter;
    }
}
