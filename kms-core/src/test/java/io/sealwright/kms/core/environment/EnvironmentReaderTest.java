package io.sealwright.kms.core.environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which key the variables name, and what is said of each that is wrong. */
class EnvironmentReaderTest {
    private static final String KEY = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";
    private static final String HEX = "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

    @TempDir
    Path folder;

    // ---- the master key's name: every provider of D and E

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "MASTER_ENCRYPTION_KEY=x | env://MASTER_ENCRYPTION_KEY",
                "MASTER_ENCRYPTION_KEY_FILE=x | env://MASTER_ENCRYPTION_KEY",
                "ENCRYPTION_KEY=x | env://ENCRYPTION_KEY",
                "KMS_PROVIDER=ENV ENCRYPTION_KEY=x | env://ENCRYPTION_KEY",
                "KMS_PROVIDER=aws-secrets-manager | aws-secretsmanager://fedha/encryption/master-key?region=us-east-1",
                "KMS_PROVIDER=AWS-Secrets-Manager AWS_SECRET_NAME=my/key AWS_REGION=eu-west-1"
                        + " | aws-secretsmanager://my/key?region=eu-west-1",
                "KMS_PROVIDER=aws-secrets-manager AWS_DEFAULT_REGION=eu-central-1"
                        + " | aws-secretsmanager://fedha/encryption/master-key?region=eu-central-1",
                "KMS_PROVIDER=aws-kms AWS_KMS_KEY_ID=alias/app AWS_DEFAULT_REGION=eu-central-1 AWS_REGION=eu-west-1"
                        + " | aws-kms://alias/app?region=eu-west-1",
                "KMS_PROVIDER=aws-kms AWS_KMS_KEY_ID=alias/app | aws-kms://alias/app?region=us-east-1",
                "KMS_PROVIDER=aws-kms AWS_KMS_KEY_ID=arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab"
                        + " | aws-kms://arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab?region=eu-west-1",
                "KMS_PROVIDER=vault VAULT_ADDR=https://v:8200 VAULT_TOKEN=t"
                        + " | vault-kv://secret/fedha/encryption/master-key",
                "KMS_PROVIDER=vault VAULT_ADDR=http://v VAULT_TOKEN_FILE=/t VAULT_SECRET_PATH=kv/a/b"
                        + " | vault-kv://kv/a/b",
                "KMS_PROVIDER=vault VAULT_ADDR=http://v VAULT_TOKEN=t KMS_APP_NAME=shop"
                        + " | vault-kv://secret/shop/encryption-keys/default",
                "KMS_PROVIDER=vault VAULT_ADDR=http://v VAULT_TOKEN=t KMS_APP_NAME=shop VAULT_SECRET_PATH=kv/a"
                        + " | vault-kv://kv/a",
                "KMS_PROVIDER=vault VAULT_ADDR=http://v VAULT_AUTH_METHOD=kubernetes KMS_APP_NAME=shop KMS_KEY_ID=k2"
                        + " | vault-kv://secret/shop/encryption-keys/k2",
                "KMS_PROVIDER=aws KMS_APP_NAME=shop | aws-ssm://shop/encryption-keys/default?region=us-east-1",
                "KMS_PROVIDER=aws KMS_APP_NAME=shop KMS_KEY_ID=k2 AWS_REGION=eu-west-1"
                        + " | aws-ssm://shop/encryption-keys/k2?region=eu-west-1",
                "KMS_PROVIDER=gcp GOOGLE_CLOUD_PROJECT=p-1 KMS_APP_NAME=shop"
                        + " | gcp-secretmanager://projects/p-1/secrets/shop-encryption-key-default",
                "KMS_PROVIDER=gcp GCP_KMS_KEY=projects/p/locations/l/keyRings/r/cryptoKeys/k"
                        + " | gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k",
                "KMS_MASTER_KEY=vault-transit://transit/app | vault-transit://transit/app"
            })
    void masterKey_ofEachProvider_isItsUri(String variables, String uri) {
        assertThat(EnvironmentReader.masterKey(Variables.of(parsed(variables)), none -> null))
                .isEqualTo(uri);
    }

    @Test
    void masterKey_regionOfASystemProperty_countsBehindAwsRegionAndBeforeTheDefault() {
        Map<String, String> variables = parsed("KMS_PROVIDER=aws KMS_APP_NAME=shop AWS_DEFAULT_REGION=eu-west-1");
        Map<String, String> properties = Map.of("aws.region", "ap-south-1");
        assertThat(EnvironmentReader.masterKey(Variables.of(variables), properties::get))
                .endsWith("?region=ap-south-1");
        variables.put("AWS_REGION", "eu-central-1");
        assertThat(EnvironmentReader.masterKey(Variables.of(variables), properties::get))
                .endsWith("?region=eu-central-1");
    }

    /** A password may hold what parts an address. */
    @ParameterizedTest
    @ValueSource(strings = {"https://root:secret@vault", "https://root:se/cret@vault", "https://root:se@se/cret@vault"})
    void masterKey_addressWithAPassword_isNotShownWhole(String address) {
        Map<String, String> variables = Map.of("KMS_PROVIDER", "vault", "VAULT_TOKEN", "t", "VAULT_ADDR", address);
        assertThatThrownBy(() -> EnvironmentReader.masterKey(Variables.of(variables), none -> null))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("'https://…@vault'")
                .hasMessageNotContaining("cret");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "X=y | MASTER_ENCRYPTION_KEY is not set | openssl rand -base64 32",
                "KMS_PROVIDER=env | MASTER_ENCRYPTION_KEY is not set | ENCRYPTION_KEY",
                "MASTER_ENCRYPTION_KEY_PREVIOUS=x | MASTER_ENCRYPTION_KEY is not set | MASTER_ENCRYPTION_KEY",
                "MASTER_ENCRYPTION_KEY=x ENCRYPTION_KEY=y | are both set | Unset one",
                "MASTER_ENCRYPTION_KEY_FILE=x ENCRYPTION_KEY_FILE=y | are both set | Unset one",
                "KMS_PROVIDER=azure | KMS_PROVIDER has no value | 'azure'. Allowed: aws | aws-kms",
                "KMS_PROVIDER=aws-kms | AWS_KMS_KEY_ID is not set | a key's ARN",
                "KMS_PROVIDER=aws-kms AWS_KMS_KEY_ID=key! | AWS_KMS_KEY_ID has no value | 'key!'",
                "KMS_PROVIDER=aws-kms AWS_KMS_KEY_ID=alias/a AWS_REGION=EU | AWS_REGION has no value | 'EU'",
                "KMS_PROVIDER=aws-kms AWS_KMS_KEY_ID=arn:aws:kms:eu-west-1:111122223333:alias/a AWS_REGION=us-east-1"
                        + " | AWS_REGION contradicts | eu-west-1",
                "KMS_PROVIDER=aws-secrets-manager AWS_SECRET_NAME=sp{ace | AWS_SECRET_NAME has no value | 'sp{ace'",
                "KMS_PROVIDER=aws | KMS_APP_NAME is not set | KMS_PROVIDER=aws",
                "KMS_PROVIDER=aws KMS_APP_NAME=a/b | KMS_APP_NAME has no value | 'a/b'",
                "KMS_PROVIDER=aws KMS_APP_NAME=a KMS_KEY_ID=../x | KMS_KEY_ID has no value | '../x'",
                "KMS_PROVIDER=vault VAULT_TOKEN=t | VAULT_ADDR is not set | http(s)://HOST:PORT",
                "KMS_PROVIDER=vault VAULT_ADDR=v:8200 VAULT_TOKEN=t | VAULT_ADDR has no value | 'v:8200'",
                "KMS_PROVIDER=vault VAULT_ADDR=http://u:p@v VAULT_TOKEN=t | VAULT_ADDR has no value | http(s)",
                "KMS_PROVIDER=vault VAULT_ADDR=http://v | VAULT_TOKEN is not set | a token",
                "KMS_PROVIDER=vault VAULT_ADDR=http://v VAULT_TOKEN=t VAULT_SECRET_PATH=one"
                        + " | VAULT_SECRET_PATH has no value | MOUNT/PATH",
                "KMS_PROVIDER=gcp KMS_APP_NAME=a | GOOGLE_CLOUD_PROJECT is not set | GCP_KMS_KEY",
                "KMS_PROVIDER=gcp GOOGLE_CLOUD_PROJECT=p | KMS_APP_NAME is not set | KMS_PROVIDER=gcp",
                "KMS_PROVIDER=gcp GOOGLE_CLOUD_PROJECT=P! KMS_APP_NAME=a | GOOGLE_CLOUD_PROJECT has no value | 'P!'",
                "KMS_PROVIDER=gcp GOOGLE_CLOUD_PROJECT=p KMS_APP_NAME=a.b | KMS_APP_NAME and KMS_KEY_ID | dots",
                "KMS_PROVIDER=gcp GCP_KMS_KEY=projects/p | GCP_KMS_KEY has no value | cryptoKeys",
                "KMS_PROVIDER=gcp GCP_KMS_KEY=projects/p/locations/l/keyRings/r/cryptoKeys/k"
                        + " GOOGLE_APPLICATION_CREDENTIALS=/no/such/file | GOOGLE_APPLICATION_CREDENTIALS names no file"
                        + " | /no/such/file",
                "KMS_PROVIDER=gcp GCP_KMS_KEY=projects/p/locations/l/keyRings/r/cryptoKeys/k"
                        + " GOOGLE_APPLICATION_CREDENTIALS=/ | GOOGLE_APPLICATION_CREDENTIALS names no file | It is '/'",
                "KMS_MASTER_KEY=local://default KMS_PROVIDER=env | are both set | Unset one"
            })
    void masterKey_missingMalformedOrContradictory_namesTheVariable(String variables, String what, String also) {
        assertThatThrownBy(() -> EnvironmentReader.masterKey(Variables.of(parsed(variables)), none -> null))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(what)
                .hasMessageContaining(also);
    }

    @ParameterizedTest
    @CsvSource({
        "aws-kms, AWS_KMS_KEY_ID=alias/a, io.sealwright:kms-providers-aws",
        "aws-secrets-manager, X=y, io.sealwright:kms-providers-aws",
        "aws, KMS_APP_NAME=shop, io.sealwright:kms-providers-aws",
        "gcp, GCP_KMS_KEY=projects/p/locations/l/keyRings/r/cryptoKeys/k, io.sealwright:kms-providers-gcp",
        "vault, VAULT_ADDR=http://v VAULT_TOKEN=hidden-token, io.sealwright:kms-providers-vault"
    })
    void build_providerWithoutItsModule_namesTheArtifact(String provider, String variables, String artifact) {
        Map<String, String> all = parsed(variables);
        all.put("KMS_PROVIDER", provider);
        assertThatThrownBy(() -> build(all, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(artifact)
                .hasMessageNotContaining("hidden-token");
    }

    // ---- every other setting: right, malformed, as a property

    /** A right value, and wrong ones, of each setting that has a value of its own. */
    private static final Map<Setting<?>, String[]> EXAMPLES = examples();

    private static Map<Setting<?>, String[]> examples() {
        Map<Setting<?>, String[]> all = new LinkedHashMap<>();
        all.put(Settings.DEADLINE, new String[] {"5s", "9ms", "11m", "-1", "ten", "5 weeks", "PT"});
        all.put(Settings.RETRY_ATTEMPTS, new String[] {"5", "0", "11", "-1", "2.5", "x"});
        all.put(Settings.DEBUG, new String[] {"TRUE", "maybe", "2"});
        all.put(Settings.MAX_AGE, new String[] {"600000", "0", "25h", "x", "1e3"});
        all.put(Settings.REFRESH_AFTER, new String[] {"PT2M", "0", "x"});
        all.put(Settings.MAX_MESSAGES, new String[] {"1000", "0", "4294967297", "x"});
        all.put(Settings.MAX_BYTES, new String[] {"1 MiB", "65535", "65GiB", "1MB", "1.5GiB"});
        all.put(Settings.MAX_EPOCHS, new String[] {"7", "0", "1048577"});
        all.put(Settings.ENCRYPT_FOR, new String[] {"0", "8d", "-1s"});
        all.put(Settings.DECRYPT_FOR, new String[] {"2h", "8d", "x"});
        all.put(Settings.SUITE, new String[] {"XAES-256-GCM", "chunked", "1"});
        all.put(Settings.WARM_UP, new String[] {"off", "cold"});
        all.put(Settings.JCA_PROVIDER, new String[] {"SunJCE", "NoSuchProvider", "two words"});
        all.put(Settings.SCHEDULE, new String[] {"off", "never"});
        all.put(Settings.ACTIVATE_AFTER, new String[] {"1m", "25h", "x"});
        all.put(Settings.KDF, new String[] {"PBKDF2", "scrypt"});
        all.put(Settings.ITERATIONS, new String[] {"210000", "209999", "10000001", "x"});
        all.put(Settings.MEMORY, new String[] {"128MiB", "18MiB", "2GiB"});
        all.put(Settings.PASSES, new String[] {"2", "1", "11"});
        all.put(Settings.LANES, new String[] {"1", "0", "17"});
        all.put(Settings.BESIDE_OTHERS, new String[] {"true", "maybe"});
        all.put(Settings.KEY_ID, new String[] {"k-1.2_3", "", "a b", "-a", "a".repeat(129)});
        all.put(Settings.APP_NAME, new String[] {"shop", "a/b"});
        all.put(Settings.AWS_REGION, new String[] {"us-gov-west-1", "useast1", "us east"});
        all.put(Settings.AWS_DEFAULT_REGION, new String[] {"us-gov-west-1", "useast1", "us east"});
        all.put(Settings.AWS_SECRET_NAME, new String[] {"a/b", "a b", "é"});
        all.put(Settings.AWS_KMS_KEY_ID, new String[] {"alias/a", "a", "arn:aws:s3:::x"});
        all.put(Settings.VAULT_ADDR, new String[] {"https://v:8200", "ftp://v", "v"});
        all.put(Settings.VAULT_SECRET_PATH, new String[] {"secret/a", "secret", "/secret/a", "a//b"});
        all.put(Settings.GOOGLE_CLOUD_PROJECT, new String[] {"my-project", "My_Project"});
        all.put(Settings.GCP_KMS_KEY, new String[] {"projects/p/locations/l/keyRings/r/cryptoKeys/k", "k"});
        return all;
    }

    @TestFactory
    Stream<DynamicTest> setting_rightOrWrong_isTakenOrRefusedByName() {
        return EXAMPLES.entrySet().stream()
                .flatMap(example -> example.getKey().variables().stream().flatMap(variable -> {
                    String[] values = example.getValue();
                    Stream<DynamicTest> right = Stream.of(DynamicTest.dynamicTest(
                            variable + "=" + values[0],
                            () -> assertThatCode(() -> build(with(variable, values[0]), Map.of()))
                                    .doesNotThrowAnyException()));
                    Stream<DynamicTest> wrong = Stream.of(values)
                            .skip(1)
                            .filter(value -> !value.isEmpty())
                            .map(value -> DynamicTest.dynamicTest(
                                    variable + "=" + value,
                                    () -> assertThatThrownBy(() -> build(with(variable, value), Map.of()))
                                            .isInstanceOf(ConfigurationException.class)
                                            .hasMessageContaining(variable)
                                            .hasMessageContaining(value.length() > 60 ? "…" : "'" + value + "'")));
                    return Stream.concat(right, wrong);
                }));
    }

    @TestFactory
    Stream<DynamicTest> property_rightOrWrong_isTakenOrRefusedByName() {
        return EXAMPLES.entrySet().stream()
                .filter(example -> example.getKey().property() != null)
                .map(example -> DynamicTest.dynamicTest(example.getKey().property(), () -> {
                    String property = example.getKey().property();
                    Map<String, String> right = new HashMap<>(Map.of(property, example.getValue()[0]));
                    Map<String, String> variables = with("X", "y");
                    if (example.getKey() == Settings.MEMORY
                            || example.getKey() == Settings.PASSES
                            || example.getKey() == Settings.LANES) {
                        variables.put("KMS_PASSPHRASE_KDF", "argon2id");
                    }
                    build(variables, right);
                    String wrong = example.getValue()[example.getValue().length - 1];
                    assertThatThrownBy(() -> build(variables, Map.of(property, wrong)))
                            .isInstanceOf(ConfigurationException.class)
                            .hasMessageContaining("-D" + property);
                }));
    }

    @Test
    void examples_coverEverySettingWithAFormOfItsOwn() {
        assertThat(Settings.ALL.stream()
                        .filter(setting -> !setting.secret())
                        .filter(setting -> !EXAMPLES.containsKey(setting)))
                .as("those whose values are names of files, stores and keys have tests of their own")
                .containsExactlyInAnyOrder(
                        Settings.PROVIDER,
                        Settings.MASTER_KEY,
                        Settings.ALSO_WRAP_WITH,
                        Settings.ALSO_OPEN_WITH,
                        Settings.GOOGLE_APPLICATION_CREDENTIALS,
                        Settings.STORE_URL,
                        Settings.STORE_USER,
                        Settings.HOME);
    }

    // ---- contradictions, precedence, secrets

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "KMS_CACHE_TTL=60000 KMS_DATA_KEYS_MAX_AGE=2m | KMS_DATA_KEYS_MAX_AGE and KMS_CACHE_TTL contradict",
                "KMS_TIMEOUT=1000 KMS_DEADLINE=2s | KMS_DEADLINE and KMS_TIMEOUT contradict",
                "KMS_DATA_KEYS_MAX_AGE=1m KMS_DATA_KEYS_REFRESH_AFTER=2m | do not fit together",
                "KMS_PASSPHRASE_MEMORY=64MiB | KMS_PASSPHRASE_MEMORY does not fit KMS_PASSPHRASE_KDF",
                "KMS_PASSPHRASE_KDF=argon2id KMS_PASSPHRASE_ITERATIONS=600000"
                        + " | KMS_PASSPHRASE_ITERATIONS does not fit KMS_PASSPHRASE_KDF",
                "KMS_STORE_USER=me | KMS_STORE_URL is not set",
                "KMS_STORE_PASSWORD=hidden-secret | KMS_STORE_URL is not set",
                "KMS_STORE_URL=https://hidden-secret | KMS_STORE_URL names no store",
                "KMS_ALSO_OPEN_WITH=env://MASTER_ENCRYPTION_KEY | KMS_ALSO_OPEN_WITH names a master key that is given"
            })
    void build_contradictory_namesTheVariables(String variables, String what) {
        Map<String, String> all = with("X", "y");
        all.putAll(parsed(variables));
        assertThatThrownBy(() -> build(all, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(what)
                .hasMessageNotContaining("hidden-secret");
    }

    @Test
    void find_twoVariablesThatAgree_isTaken() {
        Sources sources = new Sources(
                Variables.of(Map.of("KMS_CACHE_TTL", "120000", "KMS_DATA_KEYS_MAX_AGE", "2m")), none -> null);
        assertThat(sources.find(Settings.MAX_AGE).orElseThrow().value()).hasMinutes(2);
    }

    @Test
    void find_propertyAndVariable_propertyCounts() {
        Map<String, String> properties = Map.of("kms.deadline", "1s");
        Sources sources = new Sources(Variables.of(Map.of("KMS_TIMEOUT", "2000")), properties::get);
        assertThat(sources.find(Settings.DEADLINE).orElseThrow().value()).hasSeconds(1);
        assertThat(sources.find(Settings.DEADLINE).orElseThrow().where()).isEqualTo("-Dkms.deadline");
    }

    @Test
    void build_builderCountsMoreThanBoth() {
        Map<String, String> variables = with("KMS_DATA_KEYS_MAX_AGE", "2m");
        assertThatThrownBy(() -> KeyManager.builder()
                        .dataKeys(policy -> policy.refreshAfter(java.time.Duration.ofMinutes(3)))
                        .fromEnvironment(Variables.of(variables), none -> null)
                        .build())
                .as("the builder's half against the environment's")
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("refreshAfter");
        KeyManager.builder()
                .dataKeys(policy ->
                        policy.maxAge(java.time.Duration.ofMinutes(4)).refreshAfter(java.time.Duration.ofMinutes(3)))
                .fromEnvironment(Variables.of(variables), none -> null)
                .build()
                .close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"KMS_MASTER_KEY", "KMS_ALSO_WRAP_WITH", "KMS_ALSO_OPEN_WITH"})
    void build_keyInTheWrongVariable_namesTheVariableAndShowsNothingOfTheKey(String variable) {
        String key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
        Map<String, String> variables = new java.util.HashMap<>(Map.of("KMS_MASTER_KEY", "local://default"));
        variables.put(variable, key);

        assertThatThrownBy(() -> KeyManager.builder()
                        .fromEnvironment(Variables.of(variables), none -> null)
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(variable)
                .message()
                .doesNotContain(key.substring(0, 8));
    }

    @Test
    void masterKey_addressWithPassword_doesNotShowThePassword() {
        Map<String, String> variables =
                Map.of("KMS_PROVIDER", "vault", "VAULT_ADDR", "https://user:hunter2@vault.example", "VAULT_TOKEN", "t");

        assertThatThrownBy(() -> EnvironmentReader.masterKey(Variables.of(variables), none -> null))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("VAULT_ADDR")
                .message()
                .doesNotContain("hunter2");
    }

    @ParameterizedTest
    @CsvSource({"MASTER_ENCRYPTION_KEY", "ENCRYPTION_KEY"})
    void build_malformedSecret_showsItsShapeAlone(String variable) {
        assertThatThrownBy(() -> build(new HashMap<>(Map.of(variable, "hidden-secret")), Map.of()))
                .hasMessageContaining(variable + " holds no key")
                .hasMessageContaining("13 characters of base64")
                .hasMessageNotContaining("hidden-secret");
    }

    // ---- whole managers

    @Test
    void build_environmentKeys_roundTripThroughARotation() {
        Map<String, String> first = new HashMap<>(Map.of("MASTER_ENCRYPTION_KEY", KEY));
        byte[] old;
        try (KeyManager kms = build(first, Map.of())) {
            old = kms.encrypt("one").toBytes();
        }
        Map<String, String> announced =
                Map.of("MASTER_ENCRYPTION_KEY", KEY, "MASTER_ENCRYPTION_KEY_NEXT", "A".repeat(43));
        Map<String, String> rotated =
                Map.of("MASTER_ENCRYPTION_KEY", "A".repeat(43), "MASTER_ENCRYPTION_KEY_PREVIOUS", KEY);
        byte[] young;
        try (KeyManager kms = build(rotated, Map.of())) {
            assertThat(kms.needsRewrap(old)).as("before anything was opened").isTrue();
            assertThat(kms.decrypt(old).toText()).isEqualTo("one");
            assertThat(kms.needsRewrap(old)).isTrue();
            young = kms.encrypt("two").toBytes();
        }
        try (KeyManager kms = build(announced, Map.of())) {
            assertThat(kms.decrypt(young).toText())
                    .as("a new version opens before it seals")
                    .isEqualTo("two");
            assertThat(kms.needsRewrap(kms.encrypt("x").toBytes())).isFalse();
            assertThat(kms.health().healthy()).isTrue();
        }
        try (KeyManager kms = KeyManager.builder()
                .masterKey("env://RENAMED")
                .fromEnvironment(Variables.of(Map.of("RENAMED", HEX)), none -> null)
                .build()) {
            assertThat(kms.decrypt(old).toText())
                    .as("recognised by its check alone, whatever its variable and spelling")
                    .isEqualTo("one");
        }
    }

    @Test
    void build_passphrase_opensInAnotherManagerAndStandsAlone() {
        Map<String, String> variables =
                Map.of("ENCRYPTION_KEY", "correct horse battery staple, twice", "KMS_PASSPHRASE_ITERATIONS", "210000");
        byte[] message;
        try (KeyManager kms = build(variables, Map.of())) {
            message = kms.encrypt("one").context("a", "b").toBytes();
            assertThat(KeyManager.inspect(message).recipients().get(0).kind()).isEqualTo("passphrase");
        }
        Map<String, String> plain = Map.of("ENCRYPTION_KEY", "correct horse battery staple, twice");
        try (KeyManager kms = build(plain, Map.of())) {
            assertThat(kms.decrypt(message).context("a", "b").toText()).isEqualTo("one");
            assertThat(kms.needsRewrap(message))
                    .as("stretched less than it would be now")
                    .isTrue();
        }
        Map<String, String> beside = new HashMap<>(variables);
        beside.put("APP_KEY", KEY);
        beside.put("KMS_ALSO_WRAP_WITH", "env://APP_KEY");
        assertThatThrownBy(() -> build(beside, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("allowPassphraseBesideOthers");
        beside.put("KMS_PASSPHRASE_BESIDE_OTHERS", "true");
        try (KeyManager kms = build(beside, Map.of())) {
            assertThat(KeyManager.inspect(kms.encrypt("two").toBytes()).recipients())
                    .hasSize(2);
        }
    }

    @Test
    void build_homeAndLocalKey_areTaken() throws Exception {
        Map<String, String> variables = Map.of("KMS_MASTER_KEY", "local://second", "KMS_HOME", folder.toString());
        assertThatThrownBy(() -> build(variables, Map.of())).hasMessageContaining("second.key");
        KeyManager.builder()
                .home(folder)
                .masterKey("local://second")
                .bootstrap()
                .close();
        assertThat(Files.exists(folder.resolve("local/second.key"))).isTrue();
        build(variables, Map.of()).close();
    }

    private static KeyManager build(Map<String, String> variables, Map<String, String> properties) {
        return KeyManager.builder()
                .fromEnvironment(Variables.of(variables), properties::get)
                .build();
    }

    private static Map<String, String> with(String variable, String value) {
        Map<String, String> all = new HashMap<>(Map.of("MASTER_ENCRYPTION_KEY", KEY, variable, value));
        if (variable.equals("KMS_PASSPHRASE_MEMORY")
                || variable.equals("KMS_PASSPHRASE_PASSES")
                || variable.equals("KMS_PASSPHRASE_LANES")) {
            all.put("KMS_PASSPHRASE_KDF", "argon2id");
        }
        return all;
    }

    private static Map<String, String> parsed(String variables) {
        Map<String, String> all = new HashMap<>();
        for (String pair : variables.split(" ")) {
            if (!pair.isEmpty()) {
                all.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
            }
        }
        return all;
    }
}
