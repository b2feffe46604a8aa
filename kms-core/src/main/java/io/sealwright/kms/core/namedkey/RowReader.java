package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.StoreException;
import java.nio.ByteBuffer;

/** Reads the parts of a row; every length is checked before it is used, and whatever does not fit is a damaged store. */
final class RowReader {
    private final String subject;
    private final ByteBuffer in;

    /** @param subject whose row it is, as it stands in messages */
    RowReader(String subject, byte[] bytes) {
        this.subject = subject;
        this.in = ByteBuffer.wrap(bytes);
    }

    int remaining() {
        return in.remaining();
    }

    int u8() {
        need(1);
        return Byte.toUnsignedInt(in.get());
    }

    int u16() {
        need(2);
        return Short.toUnsignedInt(in.getShort());
    }

    int i32() {
        need(4);
        return in.getInt();
    }

    long i64() {
        need(8);
        return in.getLong();
    }

    byte[] bytes(int length) {
        need(length);
        byte[] part = new byte[length];
        in.get(part);
        return part;
    }

    void end() {
        if (in.hasRemaining()) {
            throw damaged("Its row has " + in.remaining() + " bytes too many.");
        }
    }

    StoreException damaged(String why) {
        return KeyErrors.corrupt(subject, why);
    }

    private void need(int length) {
        if (in.remaining() < length) {
            throw damaged("Its row is cut short.");
        }
    }
}
