package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;

/** A body may hold a key: of what it was collected in, nothing stays. */
class LimitedBodyTest {
    private static final int MOST = 100_000;

    private final List<byte[]> made = new ArrayList<>();
    private final LimitedBody body = new LimitedBody(MOST, size -> {
        byte[] array = new byte[size];
        made.add(array);
        return array;
    });
    private boolean cancelled;

    private void begin() {
        body.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long most) {
                // All of it comes anyway.
            }

            @Override
            public void cancel() {
                cancelled = true;
            }
        });
    }

    private static byte[] ones(int size) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) 1);
        return bytes;
    }

    private void receive(int... sizes) {
        for (int size : sizes) {
            body.onNext(List.of(ByteBuffer.wrap(ones(size)).asReadOnlyBuffer(), ByteBuffer.allocate(0)));
        }
    }

    private byte[] whole() {
        return body.getBody().toCompletableFuture().join();
    }

    private void assertAllWipedBut(byte... kept) {
        assertThat(made).hasSizeGreaterThan(1);
        for (byte[] array : made) {
            if (array != kept) {
                assertThat(array).containsOnly(0);
            }
        }
    }

    @Test
    void onComplete_bodyThatGrew_wipesWhatWasOutgrown() {
        begin();
        receive(1_000, 3_000, 5_000, 20_000, 0, 50_000, 21_000);
        body.onComplete();
        byte[] whole = whole();
        assertThat(whole).isEqualTo(ones(100_000));
        assertAllWipedBut(whole);
        assertThat(cancelled).isFalse();
    }

    @Test
    void onComplete_bodyThatEndsAnywhere_isExact() {
        begin();
        receive(5_000, 1);
        body.onComplete();
        assertThat(whole()).isEqualTo(ones(5_001));
        assertAllWipedBut(whole());
    }

    @Test
    void onComplete_noBody_isEmpty() {
        begin();
        body.onComplete();
        assertThat(whole()).isEmpty();
    }

    @Test
    void onNext_oneByteTooMany_wipesAllAndCancels() {
        begin();
        receive(MOST);
        receive(1);
        assertThat(cancelled).isTrue();
        assertAllWipedBut();
        assertThatThrownBy(this::whole).hasCauseInstanceOf(LimitedBody.TooLongException.class);
        receive(10);
        body.onComplete();
        assertAllWipedBut();
        assertThatThrownBy(this::whole).hasCauseInstanceOf(LimitedBody.TooLongException.class);
    }

    @Test
    void onError_halfOfABody_wipesIt() {
        begin();
        receive(4_000, 4_000);
        body.onError(new IOException("reset"));
        assertAllWipedBut();
        assertThatThrownBy(this::whole).hasRootCauseMessage("reset");
    }

    @Test
    void wipe_beforeAndAfterTheEnd_leavesNothing() {
        begin();
        receive(4_000, 4_000);
        body.wipe();
        receive(5);
        assertAllWipedBut();
        body.onComplete();
        assertThat(body.getBody().toCompletableFuture())
                .as("whoever gave it up does not wait")
                .isNotDone();

        LimitedBody other = new LimitedBody(MOST);
        other.onNext(List.of(ByteBuffer.wrap(ones(9))));
        other.onComplete();
        byte[] given = other.getBody().toCompletableFuture().join();
        assertThat(given).isEqualTo(ones(9));
        other.wipe();
        assertThat(given).containsOnly(0);
    }

    @Test
    void onError_headRefusedBeforeTheBody_asksForNothing() {
        body.onError(new IOException("compressed"));
        begin();
        assertThat(cancelled).isTrue();
        receive(4_000);
        body.onComplete();
        assertThatThrownBy(this::whole).hasRootCauseMessage("compressed");
        assertThat(made).hasSize(1).allSatisfy(array -> assertThat(array).containsOnly(0));
    }

    @Test
    void mostBytes_zeroTakesNoneAndNegativeIsRefused() {
        LimitedBody none = new LimitedBody(0);
        none.onNext(List.of(ByteBuffer.wrap(ones(1))));
        assertThatThrownBy(() -> none.getBody().toCompletableFuture().join())
                .hasCauseInstanceOf(LimitedBody.TooLongException.class)
                .hasRootCauseMessage("the answer has more than 0 bytes");
        assertThatThrownBy(() -> new LimitedBody(-1)).isInstanceOf(IllegalArgumentException.class);
    }
}
