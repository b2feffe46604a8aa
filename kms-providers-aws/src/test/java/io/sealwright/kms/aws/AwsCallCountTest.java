package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * How often KMS is asked for how many messages: what docs/providers/AWS.md says. Size: {@code -Dkms.proof}; a million
 * messages when whole, 10,000 at least.
 */
@Timeout(600)
class AwsCallCountTest {
    private static final int WHOLE = 1_000_000;
    private static final int CONTEXTS = 10;

    /** So many of the messages are kept to be opened; each is opened as often as it takes. */
    private static final int KEPT = 1_000;

    private static int size() {
        return Proof.of(WHOLE, 10_000);
    }

    @Test
    void messages_ofOneContext_takeOneCallToSealAndOneToOpen() {
        count(1);
    }

    @Test
    void messages_ofTenContexts_takeTenCallsToSealAndTenToOpen() {
        count(CONTEXTS);
    }

    private static void count(int contexts) {
        int messages = size();
        try (AwsFake aws = new AwsFake()) {
            String arn = aws.kms().createKey();
            byte[] text = "4111 1111 1111 1111".getBytes(StandardCharsets.UTF_8);
            List<byte[]> kept = new ArrayList<>();
            // A data key of five minutes would be renewed while a slow machine seals a million.
            try (KeyManager sealing = KeyManager.builder()
                    .masterKey(AwsKms.masterKey(Fakes.options(aws).build(), arn))
                    .dataKeys(p -> p.maxAge(java.time.Duration.ofHours(1)))
                    .build()) {
                for (int i = 0; i < messages; i++) {
                    byte[] message = sealing.encrypt(text)
                            .context("tenant", "t" + i % contexts)
                            .toBytes();
                    if (i < KEPT) {
                        kept.add(message);
                    }
                }
            }
            int sealingCalls = aws.calls();
            try (KeyManager opening = KeyManager.builder()
                    .masterKey(AwsKms.masterKey(Fakes.options(aws).build(), arn))
                    .dataKeys(p -> p.maxAge(java.time.Duration.ofHours(1)))
                    .build()) {
                for (int i = 0; i < messages; i++) {
                    int which = i % KEPT;
                    byte[] opened = opening.decrypt(kept.get(which))
                            .context("tenant", "t" + which % contexts)
                            .toBytes();
                    assertThat(opened.length).isEqualTo(text.length);
                }
            }
            System.out.printf(
                    "%,d messages, %d contexts: %d calls to seal, %d to open%n",
                    messages, contexts, sealingCalls, aws.calls() - sealingCalls);
            assertThat(aws.calls("kms:GenerateDataKey")).isEqualTo(contexts);
            assertThat(aws.calls("kms:Decrypt")).isEqualTo(contexts);
            assertThat(aws.calls()).as("and nothing else is asked").isEqualTo(2 * contexts);
        }
    }
}
