package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * How often the server is asked for how many messages: what the README says. Size: {@code -Dkms.proof}; a million messages
 * when whole, 10,000 at least.
 */
@ExtendWith(OpenBao.Extension.class)
@Timeout(600)
class VaultCallCountTest {
    private static final int MESSAGES = Proof.of(1_000_000, 10_000);

    /** So many of the messages are kept to be opened, each as often as it takes. */
    private static final int KEPT = 1_000;

    private final OpenBao bao;

    VaultCallCountTest(OpenBao bao) {
        this.bao = bao;
    }

    private static KeyManager manager(MasterKey key) {
        // A data key of five minutes would be renewed while a slow machine seals a million.
        return KeyManager.builder()
                .masterKey(key)
                .dataKeys(p -> p.maxAge(Duration.ofHours(1)))
                .build();
    }

    @Test
    void messages_ofOneContext_takeOneDataKeyAndOneDecrypt() {
        String name = "k" + UUID.randomUUID();
        bao.mount("", "transit", "transit", "");
        bao.root("POST", "transit/keys/" + name, "{}");
        bao.policy(name, OpenBao.documentedPolicy(1).replace("/app", "/" + name));
        byte[] text = "4111 1111 1111 1111".getBytes(StandardCharsets.UTF_8);
        try (FaultyProxy proxy = new FaultyProxy(bao.port())) {
            VaultOptions options = VaultOptions.builder()
                    .address(proxy.address())
                    .auth(VaultAuth.token(bao.token("1h", name)))
                    .build();
            List<byte[]> kept = new ArrayList<>();
            try (KeyManager sealing = manager(VaultKeys.masterKey(options, "transit/" + name))) {
                for (int i = 0; i < MESSAGES; i++) {
                    byte[] message =
                            sealing.encrypt(text).context("tenant", "acme").toBytes();
                    if (i < KEPT) {
                        kept.add(message);
                    }
                }
            }
            assertThat(proxy.requests())
                    .as("the token is looked at once, and the first data key proves that the server binds contexts")
                    .containsExactly(
                            "GET /v1/auth/token/lookup-self",
                            "POST /v1/transit/datakey/plaintext/" + name,
                            "POST /v1/transit/decrypt/" + name);
            proxy.requests().clear();
            try (KeyManager opening = manager(VaultKeys.masterKey(options, "transit/" + name))) {
                for (int i = 0; i < MESSAGES; i++) {
                    assertThat(opening.decrypt(kept.get(i % KEPT))
                                    .context("tenant", "acme")
                                    .toBytes()
                                    .length)
                            .isEqualTo(text.length);
                }
            }
            assertThat(proxy.requests())
                    .containsExactly("GET /v1/auth/token/lookup-self", "POST /v1/transit/decrypt/" + name);
        }
    }
}
