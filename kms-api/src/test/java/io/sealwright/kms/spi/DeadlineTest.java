package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeadlineTest {
    private static final long SECOND = 1_000_000_000;

    private final AtomicLong now = new AtomicLong();

    private Deadline after(Duration whole) {
        return Deadline.after(whole, now::get);
    }

    /** A clock may begin anywhere, so the end may lie beyond the largest number. */
    @ParameterizedTest
    @ValueSource(longs = {0, 12_345, -1, Long.MIN_VALUE, Long.MAX_VALUE - SECOND, Long.MAX_VALUE})
    void passed_clockThatOverflows_fromTheLastNanosecondOn(long begin) {
        now.set(begin);
        Deadline deadline = after(Duration.ofSeconds(2));
        assertThat(deadline.nanosLeft()).isEqualTo(2 * SECOND);
        now.addAndGet(2 * SECOND - 1);
        assertThat(deadline.nanosLeft()).isEqualTo(1);
        assertThat(deadline.passed()).isFalse();
        now.incrementAndGet();
        assertThat(deadline.nanosLeft()).isZero();
        assertThat(deadline.passed()).isTrue();
        now.addAndGet(3600 * SECOND);
        assertThat(deadline.nanosLeft()).isZero();
        assertThat(deadline.passed()).isTrue();
        assertThat(deadline.whole()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void requestTimeout_nearTheEndAndBehindIt_isAMillisecond() {
        Deadline deadline = after(Duration.ofSeconds(2));
        assertThat(deadline.requestTimeout()).isEqualTo(Duration.ofSeconds(2));
        now.set(2 * SECOND - 1_000_001);
        assertThat(deadline.requestTimeout()).isEqualTo(Duration.ofNanos(1_000_001));
        now.set(2 * SECOND - 1);
        assertThat(deadline.requestTimeout()).isEqualTo(Duration.ofMillis(1));
        now.set(3 * SECOND);
        assertThat(deadline.requestTimeout()).isEqualTo(Duration.ofMillis(1));
    }

    @Test
    void after_longerThanNanosecondsCount_isThatOfTheLongest() {
        now.set(Long.MAX_VALUE / 2);
        Deadline deadline = after(Duration.ofDays(365 * 1000));
        now.addAndGet(SECOND);
        assertThat(deadline.nanosLeft()).isEqualTo(Long.MAX_VALUE - SECOND);
        assertThat(deadline.passed()).isFalse();
    }

    @Test
    void after_zero_hasPassedAndNegativeIsRefused() {
        assertThat(Deadline.after(Duration.ZERO).passed()).isTrue();
        assertThatThrownBy(() -> Deadline.after(Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("whole must be zero or longer, not PT-0.000000001S");
    }

    @Test
    void nanosLeft_machinesClock_goesDown() {
        Deadline deadline = Deadline.after(Duration.ofHours(1));
        long first = deadline.nanosLeft();
        long begun = System.nanoTime();
        while (System.nanoTime() == begun) {
            Thread.onSpinWait();
        }
        assertThat(deadline.nanosLeft()).isPositive().isLessThan(first).isLessThan(TimeUnit.HOURS.toNanos(1));
    }
}
