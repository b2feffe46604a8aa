package io.sealwright.kms.gcp;

import com.google.auth.Credentials;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.BuilderChecks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who we are at Google Cloud, and how its services are reached. Immutable, safe for concurrent use; never prints a secret.
 * With nothing set: the machine's application default credentials, Google's public endpoints, TLS.
 */
public final class GcpOptions {
    static final String KMS_ENDPOINT = "cloudkms.googleapis.com:443";
    static final String SECRET_MANAGER_ENDPOINT = "secretmanager.googleapis.com:443";

    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private final @Nullable Credentials credentials;
    private final @Nullable Path credentialsFile;
    private final @Nullable String kmsEndpoint;
    private final @Nullable String secretManagerEndpoint;
    private final boolean plaintext;
    private final Duration timeout;

    private GcpOptions(Builder builder) {
        this.credentials = builder.credentials;
        this.credentialsFile = builder.credentialsFile;
        this.kmsEndpoint = builder.kmsEndpoint;
        this.secretManagerEndpoint = builder.secretManagerEndpoint;
        this.plaintext = builder.plaintext;
        this.timeout = builder.timeout == null ? DEFAULT_TIMEOUT : builder.timeout;
    }

    /** Begins with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Null: {@link #credentialsFile}, or the machine's own. */
    @Nullable
    Credentials credentials() {
        return credentials;
    }

    @Nullable
    Path credentialsFile() {
        return credentialsFile;
    }

    /** @throws ConfigurationException if it would be Google's, without TLS */
    String kmsEndpoint() {
        return endpoint(kmsEndpoint, KMS_ENDPOINT, "kmsEndpoint");
    }

    /** @throws ConfigurationException if it would be Google's, without TLS */
    String secretManagerEndpoint(String location) {
        return endpoint(
                secretManagerEndpoint,
                location.isEmpty() ? SECRET_MANAGER_ENDPOINT : "secretmanager." + location + ".rep.googleapis.com:443",
                "secretManagerEndpoint");
    }

    private String endpoint(@Nullable String given, String googles, String setting) {
        if (given == null && plaintext) {
            throw new ConfigurationException(
                    "The service of Google Cloud cannot be reached.",
                    "plaintextOnLoopback was given, and no " + setting + " on this machine.",
                    "Give it, or leave plaintextOnLoopback out.");
        }
        return given == null ? googles : given;
    }

    boolean plaintext() {
        return plaintext;
    }

    Duration timeout() {
        return timeout;
    }

    @Override
    public String toString() {
        return "GcpOptions["
                + (kmsEndpoint == null ? KMS_ENDPOINT : kmsEndpoint) + ", "
                + (secretManagerEndpoint == null ? SECRET_MANAGER_ENDPOINT : secretManagerEndpoint)
                + (plaintext ? ", plaintext]" : credentials == null ? "]" : ", credentials given]");
    }

    /** Collects the settings. For one thread. */
    public static final class Builder {
        private static final Pattern ENDPOINT =
                Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:]{2,45}])(:[0-9]{1,5})?");
        private static final Pattern LOOPBACK =
                Pattern.compile("(localhost|127(\\.[0-9]{1,3}){3}|\\[::1])(:[0-9]{1,5})?");

        private @Nullable Credentials credentials;
        private @Nullable Path credentialsFile;
        private @Nullable String kmsEndpoint;
        private @Nullable String secretManagerEndpoint;
        private @Nullable Duration timeout;
        private boolean plaintext;

        private Builder() {}

        /**
         * Who we are, instead of the machine's application default credentials. They must have the scope
         * {@code https://www.googleapis.com/auth/cloud-platform} already, where their kind has scopes.
         */
        public Builder credentials(Credentials credentials) {
            BuilderChecks.once("credentials", this.credentials);
            this.credentials = credentials;
            return this;
        }

        /**
         * A file with credentials, as {@code GOOGLE_APPLICATION_CREDENTIALS} names one; read at the first call. Only take one
         * from somebody who may run programs here: some kinds name programs and addresses to ask.
         */
        public Builder credentialsFile(Path json) {
            BuilderChecks.once("credentialsFile", credentialsFile);
            credentialsFile = json;
            return this;
        }

        /**
         * Where Cloud KMS is, as {@code HOST} or {@code HOST:PORT}: a regional or private endpoint. Default
         * {@code cloudkms.googleapis.com:443}.
         *
         * @throws ConfigurationException if it is none
         */
        public Builder kmsEndpoint(String endpoint) {
            BuilderChecks.once("kmsEndpoint", kmsEndpoint);
            kmsEndpoint = checkedEndpoint(endpoint);
            return this;
        }

        /**
         * Where Secret Manager is, as {@code HOST} or {@code HOST:PORT}. Default {@code secretmanager.googleapis.com:443},
         * and {@code secretmanager.L.rep.googleapis.com:443} for secrets of one region.
         *
         * @throws ConfigurationException if it is none
         */
        public Builder secretManagerEndpoint(String endpoint) {
            BuilderChecks.once("secretManagerEndpoint", secretManagerEndpoint);
            secretManagerEndpoint = checkedEndpoint(endpoint);
            return this;
        }

        /**
         * Speaks without TLS and sends no credentials: for a fake on this machine. Endpoints must then be given, and be
         * loopback addresses.
         */
        public Builder plaintextOnLoopback() {
            plaintext = true;
            return this;
        }

        /**
         * The total time of one operation. Default 10 s; at most 10 minutes. A key opened by its URI takes the manager's
         * deadline instead.
         *
         * @throws IllegalArgumentException if it is not positive, or longer
         */
        public Builder timeout(Duration timeout) {
            BuilderChecks.once("timeout", this.timeout);
            this.timeout = BuilderChecks.timeout(timeout);
            return this;
        }

        /**
         * Checks the settings against each other; reads no file and connects to nothing.
         *
         * @throws ConfigurationException if they contradict each other
         */
        public GcpOptions build() {
            if (credentials != null && credentialsFile != null) {
                throw contradiction("credentials was given, and credentialsFile as well.");
            }
            if (plaintext) {
                if (credentials != null || credentialsFile != null) {
                    throw contradiction("Credentials were given, and plaintextOnLoopback, which sends none.");
                }
                for (String endpoint : new String[] {kmsEndpoint, secretManagerEndpoint}) {
                    if (endpoint != null && !LOOPBACK.matcher(endpoint).matches()) {
                        throw contradiction("Without TLS only this machine is spoken to, and '" + endpoint
                                + "' is no loopback address.");
                    }
                }
            }
            return new GcpOptions(this);
        }

        private static ConfigurationException contradiction(String why) {
            return new ConfigurationException(
                    "The settings of Google Cloud contradict each other.", why, "Leave one of them out.");
        }

        private static String checkedEndpoint(String endpoint) {
            Matcher matcher = ENDPOINT.matcher(endpoint);
            String port = matcher.matches() ? matcher.group(2) : "";
            if (!matcher.matches() || (port != null && Integer.parseInt(port.substring(1)) > 65_535)) {
                throw new ConfigurationException(
                        "The endpoint of a service of Google Cloud cannot be used.",
                        "It must be HOST or HOST:PORT, without a scheme, a path or a user.",
                        "Give something like cloudkms.europe-west3.rep.googleapis.com:443.");
            }
            return port == null ? endpoint + ":443" : endpoint;
        }
    }
}
