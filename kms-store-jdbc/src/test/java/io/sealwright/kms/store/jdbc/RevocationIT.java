package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.testbed.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one process does to a key, two others that hold it in memory do too, within five seconds. */
class RevocationIT {
    private static final Duration PROMISED = Duration.ofSeconds(5);

    @TempDir
    Path home;

    private final List<ChildJvm> children = new ArrayList<>();

    private void all(String answer, Runnable change) throws InterruptedException {
        long begun = System.nanoTime();
        change.run();
        for (ChildJvm child : children) {
            assertThat(child.line()).isEqualTo(answer);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).as(answer).isLessThan(PROMISED);
    }

    @Test
    @Timeout(180)
    void compromise_inOneProcess_directMessagesOfOthersAreRefusedWithinFiveSeconds() throws Exception {
        try (KeyManager kms = KeyManager.embedded(home)) {
            NamedKey key = kms.keys().create("orders", KeySpec.AES_256);
            String token = kms.encrypt("it").key("orders").direct().toToken();
            key.rotate();
            for (int i = 0; i < 2; i++) {
                children.add(new ChildJvm(RevocationChild.class, home.toString(), token));
            }
            for (ChildJvm child : children) {
                assertThat(child.line()).isEqualTo("opens it");
            }

            all("refused KMS_KEY_STATE_REFUSED", () -> key.compromise(1));
        } finally {
            children.forEach(ChildJvm::close);
        }
    }

    @Test
    @Timeout(180)
    void destruction_orderedTakenBackAndDone_heldKeysOfOthersFollowWithinFiveSeconds() throws Exception {
        try (KeyManager kms = KeyManager.embedded(home)) {
            NamedKey key = kms.keys().create("orders", KeySpec.AES_256);
            String token = kms.encrypt("it").key("orders").toToken();
            for (int i = 0; i < 2; i++) {
                children.add(new ChildJvm(RevocationChild.class, home.toString(), token));
            }
            for (ChildJvm child : children) {
                assertThat(child.line()).isEqualTo("opens it");
            }

            all("refused KMS_KEY_STATE_REFUSED", () -> key.destroyAfter(Duration.ofDays(30)));
            all("opens it", key::cancelDestroy);
            all("refused KMS_KEY_STATE_REFUSED", key::destroyNow);
        } finally {
            children.forEach(ChildJvm::close);
        }
    }
}
