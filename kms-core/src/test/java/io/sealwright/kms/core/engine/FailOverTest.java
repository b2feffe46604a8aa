package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several master keys on one message: who is asked first, and one deadline for all of them together. */
@Timeout(120)
class FailOverTest {
    private static final byte[] PLAINTEXT = "attack at dawn".getBytes(StandardCharsets.UTF_8);
    private static final Duration DEADLINE = Duration.ofSeconds(6);

    private final FaultyMasterKey first = new FaultyMasterKey("first");
    private final FaultyMasterKey second = new FaultyMasterKey("second", RecipientKind.GCP_KMS);
    private final FaultyMasterKey third = new FaultyMasterKey("third", RecipientKind.VAULT_TRANSIT);
    private byte[] message = new byte[0];

    @BeforeEach
    void seal() {
        try (KeyManager kms = KeyManager.builder()
                .masterKey(first.twin())
                .alsoWrapWith(second.twin())
                .alsoWrapWith(third.twin())
                .build()) {
            message = kms.encrypt(PLAINTEXT).toBytes();
        }
    }

    @AfterEach
    void behave() {
        List.of(first, second, third).forEach(FaultyMasterKey::behave);
    }

    private KeyManager opening(FaultyMasterKey... order) {
        var builder = KeyManager.builder().retryAttempts(1).deadline(DEADLINE);
        for (FaultyMasterKey key : order) {
            builder.alsoOpenWith(key);
        }
        return builder.build();
    }

    private static UnavailableException away() {
        return new UnavailableException("No answer.", "The test says so.", "Go on.");
    }

    @Test
    void decrypt_allAnswer_onlyTheFirstOfTheHeaderIsAsked() {
        try (KeyManager kms = opening(third, second, first)) {
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
            assertThat(List.of(first.calls(), second.calls(), third.calls())).containsExactly(1, 0, 0);
        }
    }

    @Test
    void decrypt_firstGivesNoAnswer_theNextOfTheHeaderIsAskedAndNoOther() {
        first.fail(Operation.UNWRAP, 1, FailOverTest::away);
        try (KeyManager kms = opening(third, second, first)) {
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
            assertThat(List.of(
                            first.calls(Operation.UNWRAP),
                            second.calls(Operation.UNWRAP),
                            third.calls(Operation.UNWRAP)))
                    .containsExactly(1, 1, 0);
        }
    }

    @Test
    void decrypt_firstHangs_theOthersGetTheirShareOfTheOneDeadline() {
        first.hold(Operation.UNWRAP);
        try (KeyManager kms = opening(first, second, third)) {
            long begun = System.nanoTime();
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .as("a third of the deadline for the first of three, and the second answers at once")
                    .isGreaterThan(DEADLINE.dividedBy(4))
                    .isLessThan(DEADLINE);
            assertThat(third.calls(Operation.UNWRAP)).isZero();
        }
    }

    @Test
    void decrypt_allHang_oneErrorAfterOneDeadline() {
        List.of(first, second, third).forEach(key -> key.hold(Operation.UNWRAP));
        try (KeyManager kms = opening(first, second, third)) {
            long begun = System.nanoTime();
            assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(UnavailableException.class);
            assertThat(Duration.ofNanos(System.nanoTime() - begun))
                    .as("once, not three times")
                    .isGreaterThan(DEADLINE.multipliedBy(3).dividedBy(4))
                    .isLessThan(DEADLINE.multipliedBy(2));
            assertThat(List.of(
                            first.calls(Operation.UNWRAP),
                            second.calls(Operation.UNWRAP),
                            third.calls(Operation.UNWRAP)))
                    .as("each was asked")
                    .containsExactly(1, 1, 1);
            behave();
        }
    }
}
