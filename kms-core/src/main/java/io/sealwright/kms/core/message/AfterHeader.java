package io.sealwright.kms.core.message;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** What follows a header: first the bytes that were read with it, then the rest of the source, which stays open. */
final class AfterHeader extends InputStream {
    private final byte[] ahead;
    private final InputStream source;
    private int at;

    /** Hands out {@code ahead} from {@code from} on, then the source. */
    AfterHeader(byte[] ahead, int from, InputStream source) {
        this.ahead = ahead;
        this.at = from;
        this.source = source;
    }

    @Override
    public int read() throws IOException {
        return at < ahead.length ? ahead[at++] & 0xFF : source.read();
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (at == ahead.length) {
            return source.read(into, offset, length);
        }
        int taken = Math.min(length, ahead.length - at);
        System.arraycopy(ahead, at, into, offset, taken);
        at += taken;
        return taken;
    }

    @Override
    public int available() throws IOException {
        return at < ahead.length ? ahead.length - at : source.available();
    }
}
