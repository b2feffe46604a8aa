package io.sealwright.kms.core.environment;

import io.sealwright.kms.core.environment.Settings.KeyPlace;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.KeyManagerSettings.MasterKeyChoice;
import io.sealwright.kms.spi.KeyManagerSettings.Role;
import io.sealwright.kms.spi.MasterKeyUri;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The master keys' URIs, of the variables that name them: those of this library and of the systems that it replaces. */
final class MasterKeyNames {
    private static final String REGION = "us-east-1";

    private final Sources sources;

    MasterKeyNames(Sources sources) {
        this.sources = sources;
    }

    /**
     * The URI.
     *
     * @throws ConfigurationException if none is named, what the provider needs is missing or malformed, or two variables
     *     contradict each other
     */
    String uri() {
        Optional<Found<String>> uri = sources.find(Settings.MASTER_KEY);
        Optional<Found<KeyPlace>> provider = sources.find(Settings.PROVIDER);
        if (uri.isPresent() && provider.isPresent()) {
            throw new ConfigurationException(
                    uri.get().where() + " and " + provider.get().where() + " are both set.",
                    "Each of them chooses the master key.",
                    "Unset one of them.");
        }
        if (uri.isPresent()) {
            return named(uri.get(), uri.get().value());
        }
        return switch (provider.map(Found::value).orElse(KeyPlace.ENV)) {
            case ENV -> environment(provider.isPresent());
            case AWS_SECRETS_MANAGER -> secretsManager();
            case AWS_KMS -> awsKms();
            case AWS -> parameterStore();
            case GCP -> google();
            case VAULT -> vault();
        };
    }

    /**
     * Those that are named beside the first, in order.
     *
     * @throws ConfigurationException if one is no URI, or is given twice
     */
    List<MasterKeyChoice> others(String first) {
        Set<String> given = new HashSet<>();
        given.add(MasterKeyUri.parse(first).toString());
        List<MasterKeyChoice> others = new ArrayList<>();
        add(Settings.ALSO_WRAP_WITH, Role.WRAP_AND_OPEN, given, others);
        add(Settings.ALSO_OPEN_WITH, Role.OPEN_ONLY, given, others);
        return List.copyOf(others);
    }

    private void add(Setting<List<String>> setting, Role role, Set<String> given, List<MasterKeyChoice> others) {
        Optional<Found<List<String>>> found = sources.find(setting);
        if (found.isEmpty()) {
            return;
        }
        for (String uri : found.get().value()) {
            if (!given.add(MasterKeyUri.parse(named(found.get(), uri)).toString())) {
                throw new ConfigurationException(
                        found.get().where() + " names a master key that is given already.",
                        "It is " + found.get().text() + ".",
                        "Leave one of the two out.");
            }
            others.add(new MasterKeyChoice(role, uri, null));
        }
    }

    private String environment(boolean chosen) {
        boolean master = sources.variables().hasSecret(Settings.MASTER_ENCRYPTION_KEY.variable());
        boolean application = sources.variables().hasSecret(Settings.ENCRYPTION_KEY.variable());
        if (master && application) {
            throw new ConfigurationException(
                    "MASTER_ENCRYPTION_KEY and ENCRYPTION_KEY are both set.",
                    "Each of them is the master key.",
                    "Unset one of them; messages of the other open with KMS_ALSO_OPEN_WITH=env://NAME.");
        }
        if (!master && !application) {
            throw new ConfigurationException(
                    "MASTER_ENCRYPTION_KEY is not set.",
                    chosen
                            ? "KMS_PROVIDER=env takes the master key from there, or from ENCRYPTION_KEY."
                            : "Neither is ENCRYPTION_KEY, KMS_PROVIDER or KMS_MASTER_KEY, so there is no master key.",
                    "Set MASTER_ENCRYPTION_KEY to "
                            + Settings.MASTER_ENCRYPTION_KEY.parser().allowed()
                            + ", as made by: openssl rand -base64 32; or KMS_PROVIDER to "
                            + Settings.PROVIDER.parser().allowed() + ".");
        }
        return "env://" + (master ? Settings.MASTER_ENCRYPTION_KEY : Settings.ENCRYPTION_KEY).variable();
    }

    private String secretsManager() {
        String name = sources.find(Settings.AWS_SECRET_NAME).map(Found::value).orElse("fedha/encryption/master-key");
        return "aws-secretsmanager://" + name + "?region=" + region(name);
    }

    private String awsKms() {
        String key = sources.demand(Settings.AWS_KMS_KEY_ID, "KMS_PROVIDER=aws-kms needs the key that wraps.")
                .value();
        return "aws-kms://" + key + "?region=" + region(key);
    }

    private String parameterStore() {
        return "aws-ssm://" + application("aws") + "/encryption-keys/" + keyId() + "?region=" + region("");
    }

    /** The region; an ARN has one, which then counts. */
    private String region(String nameOrArn) {
        Optional<Found<String>> given = sources.find(Settings.AWS_REGION);
        String[] parts = nameOrArn.split(":", 5);
        if (parts.length < 5 || !parts[0].equals("arn")) {
            return given.or(() -> sources.find(Settings.AWS_DEFAULT_REGION))
                    .map(Found::value)
                    .orElse(REGION);
        }
        if (given.isPresent() && !given.get().value().equals(parts[3])) {
            throw new ConfigurationException(
                    "AWS_REGION contradicts the ARN.",
                    "It is " + given.get().text() + ", and the ARN's region is '" + parts[3] + "'.",
                    "Unset AWS_REGION, or correct one of the two.");
        }
        return parts[3];
    }

    private String google() {
        sources.find(Settings.GOOGLE_APPLICATION_CREDENTIALS).ifPresent(MasterKeyNames::demandFile);
        Optional<Found<String>> key = sources.find(Settings.GCP_KMS_KEY);
        if (key.isPresent()) {
            return "gcp-kms://" + key.get().value();
        }
        String project = sources.demand(
                        Settings.GOOGLE_CLOUD_PROJECT,
                        "KMS_PROVIDER=gcp needs it to find the secret; or GCP_KMS_KEY, for a key of Cloud KMS.")
                .value();
        String secret = application("gcp") + "-encryption-key-" + keyId();
        if (!secret.matches("[A-Za-z0-9_-]{1,255}")) {
            throw new ConfigurationException(
                    "KMS_APP_NAME and KMS_KEY_ID give no secret's name.",
                    "It would be '" + secret + "', and Secret Manager allows letters, digits, _ and - only.",
                    "Choose names without dots.");
        }
        return "gcp-secretmanager://projects/" + project + "/secrets/" + secret;
    }

    private static void demandFile(Found<String> credentials) {
        boolean readable;
        try {
            Path file = Path.of(credentials.value());
            readable = Files.isReadable(file) && !Files.isDirectory(file);
        } catch (InvalidPathException e) {
            readable = false;
        }
        if (!readable) {
            throw new ConfigurationException(
                    credentials.where() + " names no file that can be read.",
                    "It is " + credentials.text() + ".",
                    "Name the file with the service account's key, or unset it where the machine has credentials of"
                            + " its own.");
        }
    }

    private String vault() {
        sources.demand(Settings.VAULT_ADDR, "KMS_PROVIDER=vault needs the server's address.");
        String method = sources.variables().value("VAULT_AUTH_METHOD").orElse("token");
        if (method.equalsIgnoreCase("token")) {
            sources.demandSecret(Settings.VAULT_TOKEN, "KMS_PROVIDER=vault logs in with it.");
        }
        Optional<String> path = sources.find(Settings.VAULT_SECRET_PATH).map(Found::value);
        Optional<String> application = sources.find(Settings.APP_NAME).map(Found::value);
        if (path.isEmpty() && application.isPresent()) {
            return "vault-kv://secret/" + application.get() + "/encryption-keys/" + keyId();
        }
        return "vault-kv://" + path.orElse("secret/fedha/encryption/master-key");
    }

    private String application(String provider) {
        return sources.demand(
                        Settings.APP_NAME, "KMS_PROVIDER=" + provider + " finds the key by the application's name.")
                .value();
    }

    private String keyId() {
        return sources.find(Settings.KEY_ID).map(Found::value).orElse("default");
    }

    /** The URI, unless it is none: then an error that names where it stands, and shows nothing of it. */
    static String named(Found<?> where, String uri) {
        try {
            MasterKeyUri unused = MasterKeyUri.parse(uri);
        } catch (ConfigurationException e) {
            throw new ConfigurationException(
                    where.where() + " names no master key. " + e.what(), e.why(), e.remedy(), e);
        }
        return uri;
    }
}
