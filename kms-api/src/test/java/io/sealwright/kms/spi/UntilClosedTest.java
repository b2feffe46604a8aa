package io.sealwright.kms.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.ClosedException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class UntilClosedTest {
    private final AtomicInteger released = new AtomicInteger();
    private final UntilClosed<String> use = new UntilClosed<>("client", released::incrementAndGet, "The key a://b");

    @Test
    void get_beforeClose_givesWhatIsUsed() {
        assertThat(use.get()).isEqualTo("client");
        assertThat(released).hasValue(0);
    }

    @Test
    void close_twice_releasesOnce_andTheErrorNamesTheUser() {
        use.close();
        use.close();
        assertThat(released).hasValue(1);
        assertThatThrownBy(use::get)
                .isInstanceOf(ClosedException.class)
                .hasMessageStartingWith("The key a://b was closed.");
    }
}
