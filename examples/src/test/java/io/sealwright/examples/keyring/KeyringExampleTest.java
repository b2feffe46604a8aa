package io.sealwright.examples.keyring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the page says of the example. */
class KeyringExampleTest {
    @Test
    void open_byItsUri_sealsAndOpens() throws Exception {
        try (KeyringServer server = new KeyringServer()) {
            Variables variables =
                    Variables.of(Map.of("KEYRING_ADDR", server.address(), "KEYRING_TOKEN", KeyringServer.TOKEN));
            try (KeyManager kms = KeyManager.builder()
                    .masterKey("keyring://app")
                    .fromEnvironment(variables, name -> null)
                    .build()) {
                byte[] sealed = kms.encrypt("hello").context("tenant", "acme").toBytes();
                assertThat(kms.decrypt(sealed).context("tenant", "acme").toText())
                        .isEqualTo("hello");
                assertThat(kms.masterKeys().rotate("keyring://app")).isEqualTo("2");
                byte[] renewed = kms.rewrap(sealed).toBytes();
                assertThat(kms.recipients(renewed).get(0).version()).isEqualTo("2");
                assertThat(KeyManager.inspect(sealed).recipients().get(0).kind())
                        .isEqualTo("kind-240");
            }
        }
        assertThatThrownBy(() -> KeyManager.open("keyring://../admin")).isInstanceOf(ConfigurationException.class);
    }

    @Test
    void provider_isOneClassUnder150Lines() throws Exception {
        Path source = Path.of("src/main/java/io/sealwright/examples/keyring/KeyringProvider.java");
        assertThat(Files.readAllLines(source)).hasSizeLessThan(150);
    }
}
