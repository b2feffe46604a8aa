package io.sealwright.kms.core.secretsource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretVersion.Form;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvSecretSourceTest {
    private static final String BASE64 = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";
    private static final String HEX = "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";
    private static final String PASSPHRASE = "correct horse battery staple twice";

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "MASTER_ENCRYPTION_KEY," + BASE64 + ",KEY",
        "MASTER_ENCRYPTION_KEY," + BASE64 + "=,KEY",
        "ENCRYPTION_KEY," + HEX + ",KEY",
        "ENCRYPTION_KEY," + PASSPHRASE + ",PASSPHRASE",
        "ENCRYPTION_KEY," + BASE64 + ",PASSPHRASE",
        "APP_KEY," + BASE64 + ",KEY",
        "APP_KEY," + HEX + ",KEY"
    })
    void fetch_rightValue_givesItsForm(String name, String value, Form form) {
        try (SecretVersions versions = source(name, Map.of(name, value)).fetch()) {
            assertThat(versions.current().form()).isEqualTo(form);
            assertThat(versions.current().name()).isEqualTo(name);
            assertThat(versions.previous()).isEmpty();
            assertThat(versions.next()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "MASTER_ENCRYPTION_KEY," + HEX + ",64 hex digits,43 or 44 characters",
        "MASTER_ENCRYPTION_KEY,short,5 characters of base64,43 or 44 characters",
        "MASTER_ENCRYPTION_KEY,'" + BASE64 + " ',44 bytes of text with white space,43 or 44 characters",
        "ENCRYPTION_KEY,short,5 characters of base64,64 hex digits",
        "ENCRYPTION_KEY,tttttttttttttttttttttttttttttt1,31 characters of base64,at least 32 characters",
        "APP_KEY," + PASSPHRASE + ",34 bytes of text with white space,43 or 44 characters"
    })
    void fetch_malformedValue_saysWhatWasFoundButNotTheValue(String name, String value, String found, String allowed) {
        for (String suffix : new String[] {"", "_PREVIOUS", "_NEXT"}) {
            Map<String, String> variables = new HashMap<>(Map.of(name, good(name)));
            variables.put(name + suffix, value);
            assertThatThrownBy(() -> source(name, variables).fetch())
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining(name + suffix + " holds no key")
                    .hasMessageContaining(found)
                    .hasMessageContaining(allowed)
                    .hasMessageNotContaining(value.trim());
        }
    }

    @Test
    void fetch_thirtyTwoCharactersOfManyBytes_isAPassphrase() {
        try (SecretVersions versions = source("ENCRYPTION_KEY", Map.of("ENCRYPTION_KEY", "🔑".repeat(32)))
                .fetch()) {
            assertThat(versions.current().form()).isEqualTo(Form.PASSPHRASE);
        }
        assertThatThrownBy(() -> source("ENCRYPTION_KEY", Map.of("ENCRYPTION_KEY", "🔑".repeat(31)))
                        .fetch())
                .isInstanceOf(ConfigurationException.class);
    }

    @Test
    void fetch_fileThatIsNotUtf8_isRefused() throws Exception {
        byte[] bytes = new byte[40];
        java.util.Arrays.fill(bytes, (byte) 0xC3);
        Path file = Files.write(folder.resolve("key"), bytes);
        assertThatThrownBy(() -> source("ENCRYPTION_KEY", Map.of("ENCRYPTION_KEY_FILE", file.toString()))
                        .fetch())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("not UTF-8");
    }

    @Test
    void fetch_notSet_namesTheVariable() {
        assertThatThrownBy(() -> source("MASTER_ENCRYPTION_KEY", Map.of()).fetch())
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("The variable MASTER_ENCRYPTION_KEY is not set")
                .hasMessageContaining("openssl rand -base64 32");
    }

    @Test
    void fetch_previousAndNextFromFiles_areThere() throws Exception {
        Path file = Files.writeString(folder.resolve("previous"), "A".repeat(43) + "\n");
        try (SecretVersions versions = source(
                        "MASTER_ENCRYPTION_KEY",
                        Map.of(
                                "MASTER_ENCRYPTION_KEY",
                                BASE64,
                                "MASTER_ENCRYPTION_KEY_PREVIOUS_FILE",
                                file.toString(),
                                "MASTER_ENCRYPTION_KEY_NEXT",
                                "B".repeat(42) + "A"))
                .fetch()) {
            assertThat(versions.previous()).hasSize(1);
            assertThat(versions.next()).isPresent();
        }
    }

    @Test
    void fetch_valueAndFile_isRefused() {
        Map<String, String> both = Map.of("MASTER_ENCRYPTION_KEY", BASE64, "MASTER_ENCRYPTION_KEY_FILE", "/x");
        assertThatThrownBy(() -> source("MASTER_ENCRYPTION_KEY", both).fetch())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("both set");
    }

    @Test
    void createIfMissing_fileNamed_makesItOnceWithMode0600() throws Exception {
        Path file = folder.resolve("key");
        EnvSecretSource source = source("MASTER_ENCRYPTION_KEY", Map.of("MASTER_ENCRYPTION_KEY_FILE", file.toString()));
        assertThatThrownBy(source::fetch)
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("bootstrap --create");
        assertThat(source.writable()).isTrue();
        assertThat(SecretMasterKey.createIfMissing(source)).isTrue();
        String made = Files.readString(file);
        assertThat(made).matches("[A-Za-z0-9_-]{43}\n");
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(SecretMasterKey.createIfMissing(source)).isFalse();
        assertThat(Files.readString(file)).isEqualTo(made);
        try (var files = Files.list(folder)) {
            assertThat(files).as("no temporary file stays").hasSize(1);
        }
        source.fetch().close();
    }

    @Test
    void write_fileMadeInTheMeantime_isAConflictOrRefused() throws Exception {
        Path file = Files.writeString(folder.resolve("key"), "other");
        assertThatThrownBy(() -> NewFile.write(file, SecretBytes.owning(new byte[] {65})))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("KMS_STORE_CONFLICT");
        assertThat(Files.readString(file)).isEqualTo("other");
    }

    @Test
    void createIfMissing_noFileNamed_saysHow() {
        assertThatThrownBy(() -> SecretMasterKey.createIfMissing(source("ENCRYPTION_KEY", Map.of())))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("openssl rand -hex 32")
                .hasMessageContaining("ENCRYPTION_KEY_FILE");
    }

    @Test
    void write_toRotate_printsTheStepsAndNoKey() {
        EnvSecretSource source = source("MASTER_ENCRYPTION_KEY", Map.of("MASTER_ENCRYPTION_KEY", BASE64));
        assertThatThrownBy(() -> source.write(SecretBytes.owning(new byte[32]), ""))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("MASTER_ENCRYPTION_KEY_NEXT")
                .hasMessageContaining("MASTER_ENCRYPTION_KEY_PREVIOUS")
                .hasMessageNotContaining(BASE64);
    }

    @Test
    void check_tellsFormAndPlaceAndNoSecret() {
        EnvSecretSource source =
                source("ENCRYPTION_KEY", Map.of("ENCRYPTION_KEY", PASSPHRASE, "ENCRYPTION_KEY_PREVIOUS", HEX));
        assertThat(source.check())
                .isEqualTo(
                        "env://ENCRYPTION_KEY: passphrase from variable ENCRYPTION_KEY, with ENCRYPTION_KEY_PREVIOUS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"env://1X", "env://A-B", "env://A?b", "env://A/B", "env:// "})
    void open_noName_isRefused(String uri) {
        assertThatThrownBy(() -> new EnvSecretSourceProvider()
                        .open(MasterKeyUri.parse(uri), settings(Map.of("A", BASE64), false)))
                .isInstanceOf(ConfigurationException.class);
    }

    @Test
    void open_malformed_stopsAtOnce() {
        assertThatThrownBy(() -> new EnvSecretSourceProvider()
                        .open(
                                MasterKeyUri.parse("env://MASTER_ENCRYPTION_KEY"),
                                settings(Map.of("MASTER_ENCRYPTION_KEY", "x"), false)))
                .isInstanceOf(ConfigurationException.class);
    }

    private static String good(String name) {
        return name.equals("ENCRYPTION_KEY") ? HEX : BASE64;
    }

    private EnvSecretSource source(String name, Map<String, String> variables) {
        return new EnvSecretSource(name, Variables.of(variables));
    }

    private ProviderSettings settings(Map<String, String> variables, boolean create) {
        return new ProviderSettings(
                folder, create, Duration.ofSeconds(5), TimeSource.system(), Variables.of(variables));
    }
}
