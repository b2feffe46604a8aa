package io.sealwright.kms.core.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.spi.Recipient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Collections;
import org.junit.jupiter.api.Test;

/** Headers that come in drops. */
class HeaderReaderTest {
    /** 64 recipients; nearly as long as a header may be. */
    private static final byte[] LONG = HeaderWriter.join(
            HeaderWriter.withRecipients(
                    HeaderWriter.envelope(
                            Suite.AES_256_GCM,
                            SecurityLevel.STANDARD,
                            EncryptionContext.of("tenant", "4711"),
                            new byte[Format.SALT_BYTES]),
                    new byte[Format.COMMITMENT_BYTES],
                    1,
                    Collections.nCopies(64, new Recipient(1, new byte[24], new byte[990]))),
            new byte[Format.MAC_BYTES]);

    /** Gives one byte a call. */
    private static final class Dripping extends InputStream {
        private final byte[] bytes;
        private int at;

        Dripping(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public int read() {
            return at < bytes.length ? bytes[at++] & 0xFF : -1;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            int one = length == 0 ? 0 : read();
            if (length > 0 && one >= 0) {
                into[offset] = (byte) one;
            }
            return length == 0 ? 0 : one < 0 ? -1 : 1;
        }
    }

    @Test
    void read_longHeaderByteByByte_isNotReadAnewForEach() throws IOException {
        assertThat(LONG.length).isBetween(Format.MAX_HEADER_BYTES - 512, Format.MAX_HEADER_BYTES);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Dripping in = new Dripping(Arrays.copyOf(LONG, LONG.length + 9));
        long before = threads.getCurrentThreadAllocatedBytes();
        HeaderReader.Start start = HeaderReader.read(in);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(start.header().bytes()).isEqualTo(LONG);
        assertThat(start.body().readAllBytes()).hasSize(9);
        // An attempt for each of some 300 fields; one for each byte would be 2 GiB.
        assertThat(allocated).isLessThan(64 << 20);
    }

    @Test
    void attempt_anyPrefix_needsMoreThanThereIsAndNoMoreThanTheHeader() {
        int attempts = 0;
        for (int length = 1; length < LONG.length; attempts++) {
            HeaderParser.Attempt attempt = HeaderParser.attempt(LONG, 0, length);
            assertThat(attempt.header()).isNull();
            assertThat(attempt.needed()).isBetween(length + 1, LONG.length);
            // In between nothing changes.
            int last = attempt.needed() - 1;
            assertThat(HeaderParser.attempt(LONG, 0, last)).isEqualTo(attempt);
            length = attempt.needed();
        }
        assertThat(attempts).isLessThan(500);
        HeaderParser.Attempt whole = HeaderParser.attempt(LONG, 0, LONG.length);
        assertThat(whole.header()).isNotNull();
        assertThat(whole.needed()).isZero();
    }

    @Test
    void read_noMessage_isRefusedAtTheFirstByteThatIsWrong() {
        for (int right = 0; right < Format.MAGIC.length; right++) {
            byte[] bytes = LONG.clone();
            bytes[right] ^= 1;
            Dripping in = new Dripping(bytes);
            assertThatThrownBy(() -> HeaderReader.read(in))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("four bytes");
            assertThat(in.at).isEqualTo(right + 1);
        }
    }

    @Test
    void read_sourceEndsInside_saysSo() {
        for (int length : new int[] {1, 3, 4, 11, 100, LONG.length - 1}) {
            byte[] cut = Arrays.copyOf(LONG, length);
            for (InputStream in : new InputStream[] {new Dripping(cut), new ByteArrayInputStream(cut)}) {
                assertThatThrownBy(() -> HeaderReader.read(in))
                        .isInstanceOf(MalformedMessageException.class)
                        .hasMessageContaining("ends inside its header");
            }
        }
    }
}
