package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import java.time.Duration;
import java.util.Objects;
import software.amazon.awssdk.services.kms.KmsClient;

/**
 * Master keys in AWS KMS with settings from the program, for {@code KeyManager.builder().masterKey(…)}. Nothing here
 * connects: the first use does.
 */
public final class AwsKms {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private AwsKms() {}

    /**
     * A key that a client of yours asks for: its region, endpoint, credentials and HTTP client. Its retries are not used,
     * since the engine repeats calls, and its timeouts give way to 10 seconds an operation; both are set for each request,
     * and the client stays as it is. It is not closed.
     *
     * @param key a key's ARN, an alias' ARN, {@code alias/NAME}, or a key id; its URI is {@code aws-kms://} and that
     * @throws ConfigurationException if it names no key, or an ARN names another region than the client's
     */
    public static MasterKey masterKey(KmsClient client, String key) {
        KmsKeyName name = KmsKeyName.parse(key);
        String region = client.serviceClientConfiguration().region().id();
        if (name.region() != null && !name.region().equals(region)) {
            throw new ConfigurationException(
                    "The client cannot ask for that key.",
                    "The key's region is " + name.region() + ", the client's " + region + ".",
                    "Give a client of the key's region.");
        }
        return new KmsKey(
                uri(key),
                name,
                Objects.requireNonNull(client, "client"),
                new AwsCalls(AwsCalls.Service.KMS, TIMEOUT),
                TimeSource.system(),
                OwnedClient.isEncrypted(client.serviceClientConfiguration()),
                () -> {});
    }

    /**
     * A key with a client of its own, closed with it.
     *
     * @param key a key's ARN, an alias' ARN, {@code alias/NAME}, or a key id; its URI is {@code aws-kms://} and that
     * @throws ConfigurationException if it names no key, or no region is named anywhere
     */
    public static MasterKey masterKey(AwsOptions options, String key) {
        KmsKeyName name = KmsKeyName.parse(key);
        return open(uri(key), name, options.in(name.region()), TimeSource.system(), Variables.ofProcess());
    }

    static MasterKey open(String uri, KmsKeyName name, AwsOptions options, TimeSource time, Variables variables) {
        OwnedClient<KmsClient> owned = OwnedClient.of(KmsClient.builder(), options, variables);
        return new KmsKey(
                uri,
                name,
                owned.client(),
                new AwsCalls(AwsCalls.Service.KMS, options.timeout()),
                time,
                owned.encrypted(),
                owned.release());
    }

    private static String uri(String key) {
        return AwsKmsProvider.SCHEME + "://" + key;
    }
}
