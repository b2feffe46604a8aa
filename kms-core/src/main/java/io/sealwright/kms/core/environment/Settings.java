package io.sealwright.kms.core.environment;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.PassphrasePolicy.Kdf;
import io.sealwright.kms.Suite;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The table of settings: each stands here, once, and in {@code docs/CONFIGURATION.md}. */
final class Settings {
    /** Where the master key comes from. */
    enum KeyPlace {
        ENV,
        AWS_SECRETS_MANAGER,
        AWS_KMS,
        AWS,
        GCP,
        VAULT
    }

    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
    private static final String NAMES = "letters, digits, . _ -";
    private static final String ANY = "(?s).+";

    // ---- the master key
    static final Setting<KeyPlace> PROVIDER = Setting.own(
            "kms.provider",
            "",
            Parser.words(Map.of(
                    "env", KeyPlace.ENV,
                    "aws-secrets-manager", KeyPlace.AWS_SECRETS_MANAGER,
                    "aws-kms", KeyPlace.AWS_KMS,
                    "aws", KeyPlace.AWS,
                    "gcp", KeyPlace.GCP,
                    "vault", KeyPlace.VAULT)),
            "`env`");
    static final Setting<String> MASTER_KEY =
            Setting.own("kms.master-key", "masterKey", Parser.text("URI", ANY), "none");
    static final Setting<List<String>> ALSO_WRAP_WITH =
            Setting.own("kms.also-wrap-with", "alsoWrapWith", Parser.list("URIs, parted by spaces"), "none");
    static final Setting<List<String>> ALSO_OPEN_WITH =
            Setting.own("kms.also-open-with", "alsoOpenWith", Parser.list("URIs, parted by spaces"), "none");
    static final Setting<String> MASTER_ENCRYPTION_KEY =
            Setting.secret("MASTER_ENCRYPTION_KEY", "32 bytes in base64 or base64url: 43 or 44 characters", "none");
    static final Setting<String> ENCRYPTION_KEY =
            Setting.secret("ENCRYPTION_KEY", "64 hex digits, or a passphrase of at least 32 characters", "none");
    static final Setting<String> KEY_ID = Setting.own("kms.key-id", "", Parser.text(NAMES, NAME), "`default`");
    static final Setting<String> APP_NAME = Setting.own("kms.app-name", "", Parser.text(NAMES, NAME), "none");
    private static final Parser<String> REGION = Parser.text("a region", "[a-z]{2,8}(-[a-z0-9]+){2,4}");
    static final Setting<String> AWS_REGION =
            Setting.variable("AWS_REGION", REGION, "`aws.region`, else `AWS_DEFAULT_REGION`");
    static final Setting<String> AWS_DEFAULT_REGION =
            new Setting<>("aws.region", List.of("AWS_DEFAULT_REGION"), "", REGION, "`us-east-1`", false);
    static final Setting<String> AWS_SECRET_NAME = Setting.variable(
            "AWS_SECRET_NAME",
            Parser.text("a secret's name or ARN", "[A-Za-z0-9/_+=.@:-]{1,512}"),
            "`fedha/encryption/master-key`");
    static final Setting<String> AWS_KMS_KEY_ID = Setting.variable(
            "AWS_KMS_KEY_ID",
            Parser.text(
                    "a key's ARN, alias/NAME, or key id",
                    "arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+|alias/[A-Za-z0-9/_-]{1,250}"
                            + "|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}"),
            "none");
    static final Setting<String> VAULT_ADDR = Setting.variable(
            "VAULT_ADDR", Parser.text("http(s)://HOST:PORT", "https?://[^\\s/?#@]+(/[^\\s?#@]*)?"), "none");
    static final Setting<String> VAULT_TOKEN = Setting.secret("VAULT_TOKEN", "a token", "none");
    static final Setting<String> VAULT_SECRET_PATH = Setting.variable(
            "VAULT_SECRET_PATH",
            Parser.text("MOUNT/PATH", "[A-Za-z0-9_.@-]+(/[A-Za-z0-9_.@-]+)+"),
            "`secret/fedha/encryption/master-key`");
    static final Setting<String> GOOGLE_CLOUD_PROJECT =
            Setting.variable("GOOGLE_CLOUD_PROJECT", Parser.text("a project's id", "[a-z0-9.:-]{1,63}"), "none");
    static final Setting<String> GOOGLE_APPLICATION_CREDENTIALS =
            Setting.variable("GOOGLE_APPLICATION_CREDENTIALS", Parser.text("a file", ANY), "the machine's own");
    static final Setting<String> GCP_KMS_KEY = Setting.variable(
            "GCP_KMS_KEY",
            Parser.text(
                    "projects/P/locations/L/keyRings/R/cryptoKeys/K",
                    "projects/[^/\\s]+/locations/[^/\\s]+/keyRings/[^/\\s]+/cryptoKeys/[^/\\s]+"),
            "none");

    // ---- the store
    static final Setting<String> STORE_URL = Setting.own(
            "kms.store.url",
            "store",
            Parser.text("jdbc:sqlite:PATH, jdbc:postgresql://HOST/DATABASE", ANY),
            "no store");
    static final Setting<String> STORE_USER =
            Setting.own("kms.store.user", "store", Parser.text("a name", ANY), "the driver's");
    static final Setting<String> STORE_PASSWORD = Setting.secret("KMS_STORE_PASSWORD", "a password", "none");
    static final Setting<String> HOME =
            Setting.own("kms.home", "home", Parser.text("a folder", ANY), "`~/.local/share/sealwright`");

    // ---- calls
    static final Setting<Duration> DEADLINE = Setting.own(
                    "kms.deadline",
                    "deadline",
                    Parser.duration(Duration.ofMillis(10), Duration.ofMinutes(10)),
                    "`" + Parser.shown(KeyManagerBuilder.DEFAULT_DEADLINE) + "`")
            .or("KMS_TIMEOUT");
    static final Setting<Long> RETRY_ATTEMPTS = Setting.own(
            "kms.retry-attempts",
            "retryAttempts",
            Parser.count(1, KeyManagerBuilder.MOST_RETRY_ATTEMPTS),
            "`" + KeyManagerBuilder.DEFAULT_RETRY_ATTEMPTS + "`");
    static final Setting<Boolean> DEBUG = Setting.own("kms.debug", "listener", Parser.bool(), "`false`");

    // ---- data keys and windows
    static final Setting<Duration> MAX_AGE = Setting.own(
                    "kms.data-keys.max-age",
                    "dataKeys(p -> p.maxAge)",
                    Parser.duration(Duration.ofMillis(1), DataKeyPolicy.LONGEST_MAX_AGE),
                    "`" + Parser.shown(DataKeyPolicy.DEFAULT_MAX_AGE) + "`")
            .or("KMS_CACHE_TTL");
    static final Setting<Duration> REFRESH_AFTER = Setting.own(
            "kms.data-keys.refresh-after",
            "dataKeys(p -> p.refreshAfter)",
            Parser.duration(Duration.ofMillis(1), DataKeyPolicy.LONGEST_MAX_AGE),
            "80 % of the maximal age");
    static final Setting<Long> MAX_MESSAGES = Setting.own(
            "kms.data-keys.max-messages-per-epoch",
            "dataKeys(p -> p.maxMessagesPerEpoch)",
            Parser.count(1, DataKeyPolicy.MOST_MESSAGES_PER_EPOCH),
            "`" + DataKeyPolicy.MOST_MESSAGES_PER_EPOCH + "`");
    static final Setting<Long> MAX_BYTES = Setting.own(
            "kms.data-keys.max-bytes-per-epoch",
            "dataKeys(p -> p.maxBytesPerEpoch)",
            Parser.size(64 << 10, DataKeyPolicy.MOST_BYTES_PER_EPOCH),
            "`64GiB`");
    static final Setting<Long> MAX_EPOCHS = Setting.own(
            "kms.data-keys.max-epochs",
            "dataKeys(p -> p.maxEpochs)",
            Parser.count(1, DataKeyPolicy.MOST_EPOCHS),
            "`" + DataKeyPolicy.MOST_EPOCHS + "`");
    static final Setting<Duration> ENCRYPT_FOR = Setting.own(
            "kms.outage.encrypt-for",
            "outage(o -> o.encryptFor)",
            Parser.duration(Duration.ZERO, OutagePolicy.LONGEST),
            "`" + Parser.shown(OutagePolicy.DEFAULT_ENCRYPT_FOR) + "`");
    static final Setting<Duration> DECRYPT_FOR = Setting.own(
            "kms.outage.decrypt-for",
            "outage(o -> o.decryptFor)",
            Parser.duration(Duration.ZERO, OutagePolicy.LONGEST),
            "`" + Parser.shown(OutagePolicy.DEFAULT_DECRYPT_FOR) + "`");

    // ---- messages
    static final Setting<Suite> SUITE = Setting.own(
            "kms.suite",
            "suite",
            Parser.words(Map.of("aes-256-gcm", Suite.AES_256_GCM, "xaes-256-gcm", Suite.XAES_256_GCM)),
            "`aes-256-gcm`");
    static final Setting<Boolean> WARM_UP = Setting.own("kms.warm-up", "warmUp", Parser.bool(), "`true`");
    static final Setting<String> JCA_PROVIDER = Setting.own(
            "kms.jca-provider",
            "jcaProvider",
            Parser.text("a provider's name", "[^\\s]{1,64}"),
            "the platform's first");

    // ---- named keys
    static final Setting<Boolean> SCHEDULE = Setting.own("kms.schedule", "schedule", Parser.bool(), "`true`");
    static final Setting<Duration> ACTIVATE_AFTER = Setting.own(
            "kms.activate-after", "activateAfter", Parser.duration(Duration.ZERO, Duration.ofHours(24)), "`0`");

    // ---- passphrases
    static final Setting<Kdf> KDF = Setting.own(
            "kms.passphrase.kdf",
            "passphrases",
            Parser.words(Map.of("pbkdf2", Kdf.PBKDF2, "argon2id", Kdf.ARGON2ID)),
            "`pbkdf2`");
    static final Setting<Long> ITERATIONS = Setting.own(
            "kms.passphrase.iterations",
            "passphrases",
            Parser.count(PassphrasePolicy.FEWEST_ITERATIONS, PassphrasePolicy.MOST_ITERATIONS),
            "`" + PassphrasePolicy.DEFAULT_ITERATIONS + "`");
    static final Setting<Long> MEMORY = Setting.own(
            "kms.passphrase.memory",
            "passphrases",
            Parser.size((long) PassphrasePolicy.LEAST_MEMORY_KIB << 10, (long) PassphrasePolicy.MOST_MEMORY_KIB << 10),
            "`64MiB`");
    static final Setting<Long> PASSES = Setting.own(
            "kms.passphrase.passes",
            "passphrases",
            Parser.count(PassphrasePolicy.FEWEST_PASSES, PassphrasePolicy.MOST_PASSES),
            "`" + PassphrasePolicy.DEFAULT_PASSES + "`");
    static final Setting<Long> LANES = Setting.own(
            "kms.passphrase.lanes",
            "passphrases",
            Parser.count(1, PassphrasePolicy.MOST_LANES),
            "`" + PassphrasePolicy.DEFAULT_LANES + "`");
    static final Setting<Boolean> BESIDE_OTHERS =
            Setting.own("kms.passphrase.beside-others", "allowPassphraseBesideOthers", Parser.bool(), "`false`");

    /** All, in the order of the docs. */
    static final List<Setting<?>> ALL = List.of(
            PROVIDER,
            MASTER_KEY,
            ALSO_WRAP_WITH,
            ALSO_OPEN_WITH,
            MASTER_ENCRYPTION_KEY,
            ENCRYPTION_KEY,
            KEY_ID,
            APP_NAME,
            AWS_REGION,
            AWS_DEFAULT_REGION,
            AWS_SECRET_NAME,
            AWS_KMS_KEY_ID,
            VAULT_ADDR,
            VAULT_TOKEN,
            VAULT_SECRET_PATH,
            GOOGLE_CLOUD_PROJECT,
            GOOGLE_APPLICATION_CREDENTIALS,
            GCP_KMS_KEY,
            STORE_URL,
            STORE_USER,
            STORE_PASSWORD,
            HOME,
            DEADLINE,
            RETRY_ATTEMPTS,
            DEBUG,
            MAX_AGE,
            REFRESH_AFTER,
            MAX_MESSAGES,
            MAX_BYTES,
            MAX_EPOCHS,
            ENCRYPT_FOR,
            DECRYPT_FOR,
            SUITE,
            WARM_UP,
            JCA_PROVIDER,
            SCHEDULE,
            ACTIVATE_AFTER,
            KDF,
            ITERATIONS,
            MEMORY,
            PASSES,
            LANES,
            BESIDE_OTHERS);

    private Settings() {}
}
