package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The environment alone, as a container gives it: library, PIN file and URI; key made on demand, rotated, opened again. */
@ParameterizedClass
@EnumSource(Pkcs11KeyTest.Which.class)
@Timeout(60)
class Pkcs11FromEnvironmentTest {
    @TempDir
    Path folder;

    private final TestToken token;
    private final String name = "env-" + UUID.randomUUID();

    Pkcs11FromEnvironmentTest(Pkcs11KeyTest.Which which) {
        this.token = which == Pkcs11KeyTest.Which.NSS ? TestToken.nss() : TestToken.softHsm();
    }

    @AfterEach
    void end() throws Exception {
        token.officer().destroy(name);
    }

    private Map<String, String> variables() throws Exception {
        Path pin = Files.writeString(folder.resolve("pin"), TestToken.PIN + "\n");
        return Map.of(
                "KMS_MASTER_KEY",
                token.uri(name),
                "KMS_PKCS11_MODULE",
                token.library().toString(),
                "KMS_PKCS11_INIT_ARGS",
                token.arguments(),
                "KMS_PKCS11_PIN_FILE",
                pin.toString(),
                "KMS_PKCS11_SESSIONS",
                "2");
    }

    private KeyManager manager() throws Exception {
        return KeyManager.builder()
                .fromEnvironment(Variables.of(variables()), property -> null)
                .build();
    }

    private void bootstrap() throws Exception {
        new Pkcs11Provider()
                .open(
                        MasterKeyUri.parse(token.uri(name)),
                        new ProviderSettings(
                                folder, true, Duration.ofSeconds(10), TimeSource.system(), Variables.of(variables())))
                .close();
    }

    @Test
    void masterKeyByUri_sealsAndOpensAfterRotation() throws Exception {
        try (KeyManager kms = manager()) {
            assertThatThrownBy(() -> kms.encrypt("hello").toBytes())
                    .isInstanceOf(KeyNotFoundException.class)
                    .hasMessageContaining("make the key by Pkcs11Keys.create");
        }
        bootstrap();
        bootstrap(); // makes no second one
        assertThat(token.officer().ids(name)).hasSize(1);
        byte[] sealed;
        try (KeyManager kms = manager()) {
            sealed = kms.encrypt("hello").context("tenant", "acme").toBytes();
            assertThat(kms.health().healthy()).isTrue();
            String version = kms.masterKeys().rotate(token.uri(name));
            assertThat(version).startsWith("2-");
            assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        }
        try (KeyManager again = manager()) {
            assertThat(again.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
            byte[] rewrapped = again.rewrap(sealed).toBytes();
            assertThat(again.decrypt(rewrapped).context("tenant", "acme").toText())
                    .isEqualTo("hello");
        }
    }

    @Test
    void uriWithAModule_stopsTheStart() {
        assertThatThrownBy(() -> KeyManager.builder()
                        .fromEnvironment(
                                Variables.of(Map.of(
                                        "KMS_MASTER_KEY",
                                        "pkcs11:token=hsm;object=app?module-path=/tmp/evil.so",
                                        "KMS_PKCS11_MODULE",
                                        token.library().toString())),
                                property -> null)
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("must not choose the code");
    }

    @Test
    void error_ofTheEngine_carriesUriAndCode() throws Exception {
        try (KeyManager kms = manager()) {
            assertThatThrownBy(() -> kms.encrypt("x").toBytes())
                    .isInstanceOfSatisfying(
                            KmsException.class, e -> assertThat(e.getMessage()).contains(token.uri(name)));
        }
    }
}
