package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.Suite;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How many messages a manager says it sealed and opened. */
@Timeout(60)
class MessageCountTest {
    private final FaultyMasterKey masterKey = new FaultyMasterKey("first");

    @AutoClose
    private final OpenManagers open = new OpenManagers();

    private KeyManager kms(UnaryOperator<KeyManagerBuilder> more) {
        return open.add(more.apply(KeyManager.builder().masterKey(masterKey)).build());
    }

    @ParameterizedTest
    @EnumSource(
            value = Suite.class,
            names = {"AES_256_GCM", "XAES_256_GCM"})
    void metrics_countMessagesOfEachSuite(Suite suite) {
        KeyManager kms = kms(builder -> builder.suite(suite));
        byte[] last = {};
        for (int i = 0; i < 10; i++) {
            last = kms.encrypt("m" + i).toBytes();
            kms.decrypt(last).toBytes();
        }
        assertThat(kms.metrics().messagesSealed()).isEqualTo(10);
        assertThat(kms.metrics().messagesOpened()).isEqualTo(10);
        for (int i = 0; i < 5; i++) {
            kms.decrypt(last).toBytes();
        }
        assertThat(kms.metrics().messagesOpened()).isEqualTo(15);
        assertThat(kms.metrics().openingMisses()).isEqualTo(1);
    }

    @Test
    void metrics_countLargeMessagesOnce() {
        KeyManager kms = kms(builder -> builder);
        byte[] message = kms.encrypt(new byte[3 << 20]).toBytes();
        kms.decrypt(message).toBytes();
        kms.decrypt(message).toBytes();
        assertThat(kms.metrics().messagesSealed()).isEqualTo(1);
        assertThat(kms.metrics().messagesOpened()).isEqualTo(2);
    }

    @Test
    void metrics_ofForgedMessages_countWhatWasTried() {
        KeyManager kms = kms(builder -> builder);
        byte[] message = kms.encrypt("m").toBytes();
        message[message.length - 1] ^= 1;
        for (int i = 0; i < 4; i++) {
            assertThatThrownBy(() -> kms.decrypt(message).toBytes()).isInstanceOf(AuthenticationFailedException.class);
        }
        assertThat(kms.metrics().messagesOpened()).isEqualTo(4);
    }

    @Test
    void metrics_overEpochsAndDataKeysThatEnd_loseNothing() {
        KeyManager kms = kms(builder ->
                builder.dataKeys(policy -> policy.maxMessagesPerEpoch(7).maxEpochs(3)));
        List<byte[]> messages = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            messages.add(kms.encrypt("m").toBytes());
            assertThat(kms.metrics().messagesSealed()).isEqualTo(i + 1);
        }
        messages.forEach(message -> kms.decrypt(message).toBytes());
        assertThat(kms.metrics().messagesOpened()).isEqualTo(100);
        kms.close();
        assertThat(kms.metrics().messagesSealed()).isEqualTo(100);
        assertThat(kms.metrics().messagesOpened()).isEqualTo(100);
    }

    @Test
    void metrics_withMoreThreadsThanCiphersAreKept_loseNothing() throws Exception {
        int threads = 8 * Runtime.getRuntime().availableProcessors() + 8;
        KeyManager kms = kms(builder -> builder);
        kms.decrypt(kms.encrypt("m").toBytes()).toBytes();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                ends.add(pool.submit(() -> {
                    for (int j = 0; j < 200; j++) {
                        kms.decrypt(kms.encrypt("m").toBytes()).toBytes();
                    }
                }));
            }
            long before = 0;
            while (ends.stream().anyMatch(end -> !end.isDone())) {
                long now = kms.metrics().messagesSealed();
                assertThat(now).isGreaterThanOrEqualTo(before);
                before = now;
            }
            for (Future<?> end : ends) {
                end.get();
            }
        } finally {
            pool.shutdown();
        }
        assertThat(kms.metrics().messagesSealed()).isEqualTo(threads * 200L + 1);
        assertThat(kms.metrics().messagesOpened()).isEqualTo(threads * 200L + 1);
    }
}
