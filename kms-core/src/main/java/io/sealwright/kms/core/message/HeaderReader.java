package io.sealwright.kms.core.message;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Reads a header from a stream, taking no more than a header's most bytes into memory. */
public final class HeaderReader {
    private static final int FIRST_READ_BYTES = 512;

    private HeaderReader() {}

    /**
     * A header and what follows it.
     *
     * @param header well formed, not authenticated
     * @param body the rest of the stream; closing it does not close the stream
     */
    public record Start(Header header, InputStream body) {}

    /**
     * Reads on until the header is complete.
     *
     * @throws IOException if the stream failed
     * @throws io.sealwright.kms.error.KmsException if it is no header, or the stream ends inside it
     */
    public static Start read(InputStream in) throws IOException {
        return read(in, HeaderParser::attempt);
    }

    /** As {@link #read(InputStream)}, of an export or a backup, whose context has reserved names. */
    public static Start readParcel(InputStream in) throws IOException {
        return read(in, HeaderParser::attemptParcel);
    }

    private interface Parser {
        HeaderParser.Attempt attempt(byte[] in, int from, int to);
    }

    private static Start read(InputStream in, Parser parser) throws IOException {
        byte[] buffer = new byte[FIRST_READ_BYTES];
        int filled = 0;
        int needed = 1;
        while (true) {
            int read = in.read(buffer, filled, buffer.length - filled);
            if (read == 0) {
                // No stream should do that; the single read must wait.
                int one = in.read();
                read = one < 0 ? -1 : 1;
                buffer[filled] = (byte) one;
            }
            if (read < 0) {
                // Says what is wrong with what there is: cut, empty, or no message at all.
                Header header = HeaderParser.parse(buffer, 0, filled);
                return start(header, buffer, filled, in);
            }
            filled += read;
            if (filled >= needed) {
                HeaderParser.Attempt attempt = parser.attempt(buffer, 0, filled);
                if (attempt.header() != null) {
                    return start(attempt.header(), buffer, filled, in);
                }
                needed = attempt.needed();
            }
            if (filled == buffer.length) {
                // The parser bounds the header, so this ends at its limit.
                buffer = Arrays.copyOf(buffer, buffer.length * 2);
            }
        }
    }

    private static Start start(Header header, byte[] buffer, int filled, InputStream in) {
        return new Start(header, new AfterHeader(Arrays.copyOf(buffer, filled), header.length(), in));
    }
}
