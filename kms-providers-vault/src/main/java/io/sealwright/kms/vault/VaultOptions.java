package io.sealwright.kms.vault;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.BuilderChecks;
import io.sealwright.kms.spi.ForeignText;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Where a Vault or OpenBao server is, who we are there, and how it is reached. Immutable, safe for concurrent use; never
 * prints a secret. Keys opened with one of these share its connections and its token.
 */
public final class VaultOptions {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private final String address;
    private final String namespace;
    private final VaultAuth auth;
    private final @Nullable SSLContext tls;
    private final Duration timeout;

    private VaultOptions(Builder builder, String address, VaultAuth auth, @Nullable SSLContext tls) {
        this.address = address;
        this.namespace = builder.namespace == null ? "" : builder.namespace;
        this.auth = auth;
        this.tls = tls;
        this.timeout = builder.timeout == null ? DEFAULT_TIMEOUT : builder.timeout;
    }

    /** Begins with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    String address() {
        return address;
    }

    String namespace() {
        return namespace;
    }

    VaultAuth auth() {
        return auth;
    }

    /** Null: the JVM's own. */
    @Nullable
    SSLContext tls() {
        return tls;
    }

    Duration timeout() {
        return timeout;
    }

    @Override
    public String toString() {
        return "VaultOptions[" + address + (namespace.isEmpty() ? "" : ", namespace " + namespace) + ", " + auth + "]";
    }

    /** Collects the settings. For one thread. */
    public static final class Builder {
        private @Nullable String address;
        private @Nullable String namespace;
        private @Nullable VaultAuth auth;
        private @Nullable Duration timeout;
        private @Nullable SSLContext sslContext;
        private @Nullable Path authorities;
        private @Nullable Path certificate;
        private @Nullable Path key;

        private Builder() {}

        /**
         * The server's address, as in {@code https://vault.example:8200}. Over {@code http} the token and the keys go
         * readable through the network: for this machine, a mesh that encrypts, and tests.
         *
         * @throws ConfigurationException if it is no such address, or holds user information, a query or a fragment
         */
        public Builder address(String address) {
            BuilderChecks.once("address", this.address);
            this.address = checkedAddress(address);
            return this;
        }

        /**
         * The namespace that mounts are looked up in; default: the root's.
         *
         * @throws ConfigurationException if it is no path of {@code A-Z a-z 0-9 . _ -}
         */
        public Builder namespace(String namespace) {
            BuilderChecks.once("namespace", this.namespace);
            String path = namespace.replaceAll("^/+|/+$", "");
            if (!path.isEmpty() && !Names.isPath(path)) {
                throw new ConfigurationException(
                        "'" + ForeignText.shown(namespace) + "' is no namespace.",
                        "It must be a path of A-Z a-z 0-9 . _ - and slashes.",
                        "Give it as the server lists it, as in team/payments.");
            }
            this.namespace = path;
            return this;
        }

        /** Who we are; required. */
        public Builder auth(VaultAuth auth) {
            BuilderChecks.once("auth", this.auth);
            this.auth = auth;
            return this;
        }

        /**
         * The total time of one operation, a login and the whole answers included. Default 10 s; at most 10 minutes. A
         * key opened by its URI takes the manager's deadline instead.
         *
         * @throws IllegalArgumentException if it is not positive, or longer
         */
        public Builder timeout(Duration timeout) {
            BuilderChecks.once("timeout", this.timeout);
            this.timeout = BuilderChecks.timeout(timeout);
            return this;
        }

        /** A PEM file with the certificate authorities to trust instead of the JVM's; read by {@link #build}. */
        public Builder caFile(Path pem) {
            BuilderChecks.once("caFile", authorities);
            authorities = pem;
            return this;
        }

        /**
         * Our own certificate (PEM, its chain behind it) and its private key (PEM, PKCS#8 without password: RSA, EC or
         * EdDSA), for a server that asks for one; read by {@link #build}.
         */
        public Builder clientCertificate(Path certificatePem, Path keyPem) {
            BuilderChecks.once("clientCertificate", certificate);
            certificate = certificatePem;
            key = keyPem;
            return this;
        }

        /** A context of your own, instead of {@link #caFile} and {@link #clientCertificate}. */
        public Builder sslContext(SSLContext context) {
            BuilderChecks.once("sslContext", sslContext);
            sslContext = context;
            return this;
        }

        /**
         * Checks the settings against each other and reads the PEM files; connects to nothing.
         *
         * @throws ConfigurationException if address or auth is missing, settings contradict each other, or a file cannot
         *     be used
         */
        public VaultOptions build() {
            String where = address;
            VaultAuth who = auth;
            if (where == null || who == null) {
                throw new ConfigurationException(
                        "The settings of the Vault server have no " + (where == null ? "address" : "credentials") + ".",
                        "It was given neither in the program nor in the environment.",
                        where == null
                                ? "Set VAULT_ADDR, as in https://vault.example:8200, or VaultOptions' address."
                                : "Set VAULT_TOKEN, VAULT_TOKEN_FILE or VAULT_AUTH_METHOD, or VaultOptions' auth.");
            }
            if (sslContext != null && (authorities != null || certificate != null)) {
                throw new ConfigurationException(
                        "The TLS settings of the Vault server contradict each other.",
                        "sslContext was given, and caFile or clientCertificate as well.",
                        "Leave one of them out.");
            }
            SSLContext tls = authorities == null && certificate == null
                    ? sslContext
                    : VaultTls.context(authorities, certificate, key);
            return new VaultOptions(this, where, who, tls);
        }

        private static String checkedAddress(String text) {
            try {
                URI uri = new URI(text.trim());
                String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
                if ((scheme.equals("http") || scheme.equals("https"))
                        && uri.getHost() != null
                        && uri.getUserInfo() == null
                        && uri.getQuery() == null
                        && uri.getFragment() == null) {
                    return (scheme + "://" + uri.getRawAuthority() + uri.getRawPath()).replaceAll("/+$", "");
                }
            } catch (URISyntaxException e) {
                // Its message repeats the text, which may hold a password.
            }
            throw new ConfigurationException(
                    "The address of the Vault server cannot be used.",
                    "It must be http:// or https:// with a host, and no user, query or fragment.",
                    "Give something like https://vault.example:8200.");
        }
    }
}
