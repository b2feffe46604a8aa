package io.sealwright.kms.testkit.masterkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Gate;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(30)
class FaultyMasterKeyTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private final WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));
    private final FaultyMasterKey key = new FaultyMasterKey("test");

    @Test
    void unwrap_ofGenerated_givesTheKey() {
        try (GeneratedKey generated = key.generate(binding);
                SecretBytes opened = key.unwrap(generated.recipient(), binding)) {
            assertThat(opened.copy()).hasSize(32).isEqualTo(generated.key().copy());
            assertThat(key.recognizes(generated.recipient())).isTrue();
            assertThat(generated.recipient().kind()).isEqualTo(RecipientKind.AWS_KMS.id());
        }
        assertThat(key.calls(Operation.GENERATE)).isEqualTo(1);
        assertThat(key.calls(Operation.WRAP)).isZero();
        assertThat(key.calls()).isEqualTo(2);
    }

    @Test
    void unwrap_anythingDiffers_throwsAuthenticationFailed() {
        Recipient wrap = key.wrap(SecretBytes.copyOf(new byte[64]), binding);
        WrapBinding otherPurpose = new WrapBinding(Purpose.NAMED_KEY, binding.context());
        WrapBinding otherContext = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "other"));
        byte[] flipped = wrap.wrap();
        flipped[20] ^= 1;
        Recipient changed = new Recipient(wrap.kind(), wrap.id(), flipped);
        Recipient cut = new Recipient(wrap.kind(), wrap.id(), new byte[] {1});
        assertThatThrownBy(() -> key.unwrap(wrap, otherPurpose)).isInstanceOf(AuthenticationFailedException.class);
        assertThatThrownBy(() -> key.unwrap(wrap, otherContext)).isInstanceOf(AuthenticationFailedException.class);
        assertThatThrownBy(() -> key.unwrap(changed, binding)).isInstanceOf(AuthenticationFailedException.class);
        assertThatThrownBy(() -> key.unwrap(cut, binding)).isInstanceOf(AuthenticationFailedException.class);
        assertThatThrownBy(() -> new FaultyMasterKey("test").unwrap(wrap, binding))
                .isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void rotate_byTwin_showsAfterRefresh() {
        FaultyMasterKey twin = key.twin();
        Recipient old = key.wrap(SecretBytes.copyOf(new byte[32]), binding);
        assertThat(twin.rotate()).isEqualTo("2");
        assertThat(twin.isOutdated(old)).isTrue();
        assertThat(key.isOutdated(old)).isFalse();
        assertThat(key.refresh()).isTrue();
        assertThat(key.refresh()).isFalse();
        assertThat(key.isOutdated(old)).isTrue();
        Recipient fresh = key.wrap(SecretBytes.copyOf(new byte[32]), binding);
        assertThat(key.isOutdated(fresh)).isFalse();
        assertThat(twin.unwrap(old, binding).copy()).isEqualTo(new byte[32]);
        assertThat(twin.unwrap(fresh, binding).copy()).isEqualTo(new byte[32]);
    }

    @Test
    void hold_manyCalls_waitUntilReleased() throws Exception {
        Gate gate = key.hold(Operation.GENERATE);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            CompletableFuture<?>[] calls = new CompletableFuture<?>[4];
            for (int i = 0; i < calls.length; i++) {
                calls[i] = key.generateAsync(binding, threads).toCompletableFuture();
            }
            gate.awaitWaiting(4, LIMIT);
            assertThat(key.calls(Operation.GENERATE)).isEqualTo(4);
            assertThat(calls).noneMatch(CompletableFuture::isDone);
            key.check();
            gate.release();
            CompletableFuture.allOf(calls).join();
            assertThat(gate.waiting()).isZero();
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void hold_interrupted_endsTheCallAndKeepsTheFlag() throws Exception {
        Gate gate = key.hold();
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                key.check();
                flag.completeExceptionally(new AssertionError("was not held"));
            } catch (CallInterruptedException e) {
                flag.complete(Thread.currentThread().isInterrupted());
            }
        });
        caller.start();
        gate.awaitWaiting(1, LIMIT);
        caller.interrupt();
        assertThat(flag.join()).isTrue();
    }

    @Test
    void holdUninterruptibly_interrupted_waitsOn() throws Exception {
        Gate gate = key.holdUninterruptibly(Operation.UNWRAP, Operation.CHECK);
        CompletableFuture<Boolean> flag = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            key.check();
            flag.complete(Thread.currentThread().isInterrupted());
        });
        caller.start();
        gate.awaitWaiting(1, LIMIT);
        caller.interrupt();
        assertThat(gate.waiting()).isEqualTo(1);
        assertThat(flag).isNotDone();
        key.behave();
        assertThat(flag.join()).isTrue();
    }

    @Test
    void fail_twice_thirdCallWorks() {
        key.fail(Operation.WRAP, 2, () -> new UnavailableException("It is away.", "A test said so.", "Wait."));
        key.fail(Operation.WRAP, 1, () -> new StackOverflowError("by a test"));
        SecretBytes secret = SecretBytes.copyOf(new byte[32]);
        assertThatThrownBy(() -> key.wrap(secret, binding)).isInstanceOf(UnavailableException.class);
        assertThatThrownBy(() -> key.wrap(secret, binding)).isInstanceOf(UnavailableException.class);
        assertThatThrownBy(() -> key.wrap(secret, binding)).isInstanceOf(StackOverflowError.class);
        assertThat(key.wrap(secret, binding)).isNotNull();
        assertThat(key.calls(Operation.WRAP)).isEqualTo(4);
    }

    @Test
    void answerLate_runsBeforeTheAnswer() {
        AtomicInteger runs = new AtomicInteger();
        key.answerLate(runs::incrementAndGet, Operation.CHECK);
        key.check();
        key.refresh();
        assertThat(runs).hasValue(1);
    }

    @ParameterizedTest
    @EnumSource(Lie.class)
    void lie_eachKind_isWrongAsSaid(Lie lie) {
        Recipient honest = key.wrap(SecretBytes.copyOf(new byte[32]), binding);
        key.lie(lie);
        GeneratedKey generated = key.generate(binding);
        Recipient wrapped = key.wrap(SecretBytes.copyOf(new byte[32]), binding);
        SecretBytes unwrapped = key.unwrap(honest, binding);
        key.behave();
        switch (lie) {
            case NULL -> {
                assertThat(generated).isNull();
                assertThat(wrapped).isNull();
                assertThat(unwrapped).isNull();
            }
            case WRONG_LENGTH -> {
                assertThat(generated.key().length()).isEqualTo(31);
                assertThat(unwrapped.length()).isEqualTo(31);
                assertUseless(wrapped);
            }
            case WRONG_KEY -> {
                assertThat(key.unwrap(generated.recipient(), binding).copy())
                        .isNotEqualTo(generated.key().copy());
                assertUseless(wrapped);
                assertThat(unwrapped.copy()).hasSize(32).isNotEqualTo(new byte[32]);
            }
            case USELESS_WRAP, FOREIGN_RECIPIENT, FOREIGN_KIND -> {
                assertUseless(generated.recipient());
                assertUseless(wrapped);
                assertThat(unwrapped.copy()).hasSize(32).isNotEqualTo(new byte[32]);
                assertThat(key.recognizes(wrapped)).isEqualTo(lie == Lie.USELESS_WRAP);
            }
        }
    }

    private void assertUseless(Recipient recipient) {
        assertThatThrownBy(() -> key.unwrap(recipient, binding)).isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void generateAsync_failing_completesExceptionally() {
        key.fail(Operation.GENERATE, 1, () -> new IllegalStateException("by a test"));
        CompletableFuture<GeneratedKey> call =
                key.generateAsync(binding, Runnable::run).toCompletableFuture();
        assertThatThrownBy(call::join)
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(IllegalStateException.class);
    }
}
