package io.sealwright.kms.vault;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ForeignText;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@link VaultOptions} out of the variables that Vault's own programs read, and those that they have no name for. */
final class VaultEnvironment {
    private static final String METHOD = "VAULT_AUTH_METHOD";

    private final Variables variables;

    private VaultEnvironment(Variables variables) {
        this.variables = variables;
    }

    /** @throws ConfigurationException naming the variable that is missing, wrong or one too many */
    static VaultOptions options(Variables variables) {
        return new VaultEnvironment(variables).options();
    }

    /** A session with the server of the settings' variables, with their deadline and clock; connects to nothing. */
    static VaultSession session(ProviderSettings settings) {
        return VaultSession.open(options(settings.variables()), settings.deadline(), settings.time());
    }

    private VaultOptions options() {
        VaultOptions.Builder options = VaultOptions.builder();
        options.address(required("VAULT_ADDR", "the server's address, as in https://vault.example:8200"));
        String namespace = get("VAULT_NAMESPACE");
        if (namespace != null) {
            options.namespace(namespace);
        }
        options.auth(auth());
        String authorities = get("VAULT_CACERT");
        if (authorities != null) {
            options.caFile(Path.of(authorities));
        }
        String certificate = get("VAULT_CLIENT_CERT");
        String key = get("VAULT_CLIENT_KEY");
        if ((certificate == null) != (key == null)) {
            throw new ConfigurationException(
                    "VAULT_CLIENT_CERT and VAULT_CLIENT_KEY are not both set.",
                    "A client certificate is of no use without its key.",
                    "Set both to PEM files, or none.");
        }
        if (certificate != null && key != null) {
            options.clientCertificate(Path.of(certificate), Path.of(key));
        }
        String skip = get("VAULT_SKIP_VERIFY");
        if (skip != null && !skip.equals("0") && !skip.equalsIgnoreCase("false")) {
            throw new ConfigurationException(
                    "VAULT_SKIP_VERIFY is set.",
                    "Without a look at the server's certificate anybody in between could take the token and the keys.",
                    "Unset it, and name the server's certificate authority by VAULT_CACERT.");
        }
        return options.build();
    }

    private VaultAuth auth() {
        String method = get(METHOD);
        String name = method == null ? "token" : method.toLowerCase(Locale.ROOT);
        VaultAuth auth = switch (name) {
            case "token" -> token();
            case "approle" -> {
                String role = required("VAULT_ROLE_ID", "the AppRole's role id");
                Path file = file("VAULT_SECRET_ID");
                yield file != null
                        ? VaultAuth.appRole(role, file)
                        : VaultAuth.appRole(
                                role, required("VAULT_SECRET_ID", "its secret id, or VAULT_SECRET_ID_FILE"));
            }
            case "userpass" -> {
                String user = required("VAULT_USERNAME", "the user's name");
                Path file = file("VAULT_PASSWORD");
                yield file != null
                        ? VaultAuth.userpass(user, file)
                        : VaultAuth.userpass(user, required("VAULT_PASSWORD", "the password, or VAULT_PASSWORD_FILE"));
            }
            case "jwt" ->
                VaultAuth.jwt(
                        required("VAULT_ROLE", "the role to log in to"),
                        Path.of(required("VAULT_JWT_FILE", "the file that holds the token")));
            case "kubernetes" -> {
                String role = required("VAULT_ROLE", "the role to log in to");
                String file = get("VAULT_JWT_FILE");
                yield file == null ? VaultAuth.kubernetes(role) : VaultAuth.kubernetes(role, Path.of(file));
            }
            default ->
                throw new ConfigurationException(
                        METHOD + " has the value '" + ForeignText.shown(name) + "'.",
                        "It must be token, approle, userpass, jwt or kubernetes.",
                        "Correct it, or unset it if VAULT_TOKEN or VAULT_TOKEN_FILE is set.");
        };
        String mount = get("VAULT_AUTH_MOUNT");
        return mount == null ? auth : auth.mount(mount);
    }

    private VaultAuth token() {
        Path file = file("VAULT_TOKEN");
        return file != null
                ? VaultAuth.tokenFile(file)
                : VaultAuth.token(required(
                        "VAULT_TOKEN",
                        "a token; or set VAULT_TOKEN_FILE to a file with one, or " + METHOD + " to log in"));
    }

    /** The file that {@code name_FILE} names; both set is an error. */
    private @Nullable Path file(String name) {
        Optional<Path> file = variables.fileOf(name);
        if (file.isPresent() && get(name) != null) {
            throw new ConfigurationException(
                    name + " and " + name + "_FILE are both set.",
                    "Which of them counts cannot be told.",
                    "Unset one of them.");
        }
        return file.orElse(null);
    }

    private String required(String name, String meaning) {
        String value = get(name);
        if (value == null) {
            throw new ConfigurationException(
                    "The variable " + name + " is not set.",
                    "A key in Vault or OpenBao needs it.",
                    "Set it to " + meaning + ".");
        }
        return value;
    }

    private @Nullable String get(String name) {
        return variables.value(name).orElse(null);
    }
}
