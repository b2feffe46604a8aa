package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The environments of the systems that are replaced, on the real OpenBao: key from the secret, and key in transit. */
@ExtendWith(OpenBao.Extension.class)
@Timeout(60)
class VaultFromEnvironmentTest {
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private final OpenBao bao;
    private final String name = "env" + UUID.randomUUID();

    VaultFromEnvironmentTest(OpenBao bao) {
        this.bao = bao;
    }

    @BeforeEach
    void prepare() throws Exception {
        bao.mount("", "transit", "transit", "");
        bao.root("POST", "transit/keys/" + name, "{}");
        bao.mount("", "secret", "kv", ",\"options\":{\"version\":\"2\"}");
        while (bao.call("GET", "secret/config", null, bao.rootToken()).status() != 200) {
            TimeUnit.MILLISECONDS.sleep(20); // being upgraded to version 2
        }
    }

    private KeyManager manager(String... more) {
        Map<String, String> always = Map.of("VAULT_ADDR", bao.address(), "VAULT_TOKEN", bao.rootToken());
        return TestSettings.manager(TestSettings.variables(always, more));
    }

    private static byte[] roundTrip(KeyManager kms) {
        byte[] sealed = kms.encrypt("hello").context("tenant", "acme").toBytes();
        assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        return sealed;
    }

    @Test
    void vaultSecretPath_ofTheThirdSystem_sealsAndOpens() {
        bao.root("POST", "secret/data/" + name + "/master-key", "{\"data\":{\"key\":\"" + "A".repeat(42) + "E\"}}");
        try (KeyManager kms = manager("KMS_PROVIDER", "Vault", "VAULT_SECRET_PATH", "secret/" + name + "/master-key")) {
            roundTrip(kms);
            assertThat(kms.health().healthy()).isTrue();
        }
    }

    @Test
    void appNameAndKeyId_ofTheFourthSystem_sealsAndOpens() {
        bao.root(
                "POST",
                "secret/data/" + name + "/encryption-keys/default",
                "{\"data\":{\"key\":\"" + HEX + "\",\"created_at\":\"2024-01-01\",\"description\":\"d\"}}");
        byte[] sealed;
        try (KeyManager kms = manager("KMS_PROVIDER", "vault", "KMS_APP_NAME", name)) {
            sealed = roundTrip(kms);
        }
        try (KeyManager again = manager("KMS_MASTER_KEY", "vault-kv://secret/" + name + "/encryption-keys/default")) {
            assertThat(again.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        }
    }

    @Test
    void masterKeyByUri_inTransit_sealsAndOpensAfterRotation() {
        try (KeyManager kms = manager("KMS_MASTER_KEY", "vault-transit://transit/" + name)) {
            byte[] sealed = roundTrip(kms);
            bao.root("POST", "transit/keys/" + name + "/rotate", null);
            assertThat(kms.decrypt(sealed).context("tenant", "acme").toText()).isEqualTo("hello");
        }
    }

    @Test
    void vaultWithoutAnAddress_namesTheVariable() {
        assertThatThrownBy(() -> KeyManager.builder()
                        .fromEnvironment(
                                Variables.of(Map.of("KMS_PROVIDER", "vault", "VAULT_TOKEN", "t")), property -> null)
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("VAULT_ADDR");
    }
}
