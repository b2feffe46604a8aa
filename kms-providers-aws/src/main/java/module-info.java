import io.sealwright.kms.aws.AwsKmsProvider;
import io.sealwright.kms.aws.AwsParameterStoreProvider;
import io.sealwright.kms.aws.AwsSecretsManagerProvider;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.SecretSourceProvider;

/** Master keys in AWS KMS, and keys kept in AWS Secrets Manager and Systems Manager Parameter Store. */
module io.sealwright.kms.aws {
    requires transitive io.sealwright.kms;
    requires transitive software.amazon.awssdk.auth;
    requires transitive software.amazon.awssdk.http;
    requires transitive software.amazon.awssdk.services.kms;
    requires transitive software.amazon.awssdk.services.secretsmanager;
    requires transitive software.amazon.awssdk.services.ssm;
    requires software.amazon.awssdk.awscore;
    requires software.amazon.awssdk.core;
    requires software.amazon.awssdk.identity.spi;
    requires software.amazon.awssdk.profiles;
    requires software.amazon.awssdk.regions;
    requires software.amazon.awssdk.retries;
    requires software.amazon.awssdk.retries.api;
    requires software.amazon.awssdk.services.sts;
    requires software.amazon.awssdk.utils;
    requires java.net.http;
    requires static org.jspecify;

    exports io.sealwright.kms.aws;

    provides MasterKeyProvider with
            AwsKmsProvider;
    provides SecretSourceProvider with
            AwsSecretsManagerProvider,
            AwsParameterStoreProvider;
}
