package io.sealwright.kms.gcp;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.Variables;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** {@link GcpOptions} out of the variable that Google's own clients read, and of those that they have no name for. */
final class GcpEnvironment {
    static final String CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS";
    static final String KMS_ENDPOINT = "GCP_KMS_ENDPOINT";
    static final String SECRET_MANAGER_ENDPOINT = "GCP_SECRETMANAGER_ENDPOINT";
    static final String PLAINTEXT = "GCP_PLAINTEXT";

    private GcpEnvironment() {}

    /** @throws ConfigurationException naming the variable that is wrong */
    static GcpOptions options(Variables variables) {
        GcpOptions.Builder options = GcpOptions.builder();
        variables.value(KMS_ENDPOINT).ifPresent(endpoint -> named(KMS_ENDPOINT, () -> options.kmsEndpoint(endpoint)));
        variables
                .value(SECRET_MANAGER_ENDPOINT)
                .ifPresent(endpoint -> named(SECRET_MANAGER_ENDPOINT, () -> options.secretManagerEndpoint(endpoint)));
        if (plaintext(variables)) {
            // None is read then, and none sent: a variable of the machine's stays without effect.
            options.plaintextOnLoopback();
            return named(PLAINTEXT, options::build);
        }
        Optional<String> file = variables.value(CREDENTIALS);
        if (file.isPresent()) {
            try {
                options.credentialsFile(Path.of(file.get()));
            } catch (InvalidPathException e) {
                throw new ConfigurationException(
                        CREDENTIALS + " names no file.",
                        "This system does not allow its value as the name of one.",
                        "Set it to the path of the file with the credentials, or unset it.",
                        e);
            }
        }
        return options.build();
    }

    private static boolean plaintext(Variables variables) {
        String value = variables.value(PLAINTEXT).orElse("false").toLowerCase(Locale.ROOT);
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default ->
                throw new ConfigurationException(
                        PLAINTEXT + " has the value '" + Names.shown(value) + "'.",
                        "It must be true or false.",
                        "Unset it, unless a fake on this machine is to be spoken to without TLS.");
        };
    }

    private static <T> T named(String variable, java.util.function.Supplier<T> use) {
        try {
            return use.get();
        } catch (ConfigurationException e) {
            throw new ConfigurationException(variable + " cannot be used. " + e.what(), e.why(), e.remedy(), e);
        }
    }
}
