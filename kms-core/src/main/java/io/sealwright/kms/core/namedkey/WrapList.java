package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.spi.Recipient;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One key's wraps, one a master key: layout 1 (1 byte), number of wraps (1 byte, 1 to 64), then each: kind (1), id behind
 * its length (2), wrap behind its length (2).
 */
final class WrapList {
    static final int MOST_WRAPS = 64;

    private static final int LAYOUT = 1;

    private WrapList() {}

    static byte[] encode(List<Recipient> wraps) {
        int size = 2;
        for (Recipient wrap : wraps) {
            size += 1 + 2 + wrap.id().length + 2 + wrap.wrap().length;
        }
        ByteBuffer out = ByteBuffer.allocate(size).put((byte) LAYOUT).put((byte) wraps.size());
        for (Recipient wrap : wraps) {
            byte[] id = wrap.id();
            byte[] bytes = wrap.wrap();
            out.put((byte) wrap.kind());
            out.putShort((short) id.length).put(id);
            out.putShort((short) bytes.length).put(bytes);
        }
        return out.array();
    }

    static List<Recipient> decode(String subject, byte[] bytes) {
        RowReader in = new RowReader(subject, bytes);
        List<Recipient> wraps = read(in);
        in.end();
        return wraps;
    }

    private static List<Recipient> read(RowReader in) {
        int layout = in.u8();
        if (layout != LAYOUT) {
            throw in.damaged("Its wraps have layout " + layout + ", which this release does not know.");
        }
        int count = in.u8();
        if (count < 1 || count > MOST_WRAPS) {
            throw in.damaged("It has " + count + " wraps instead of 1 to " + MOST_WRAPS + ".");
        }
        List<Recipient> wraps = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int kind = in.u8();
            byte[] id = part(in, Recipient.MAX_ID_BYTES);
            byte[] wrap = part(in, Recipient.MAX_WRAP_BYTES);
            if (kind == 0) {
                throw in.damaged("It has a wrap of no kind.");
            }
            wraps.add(new Recipient(kind, id, wrap));
        }
        return wraps;
    }

    private static byte[] part(RowReader in, int most) {
        int length = in.u16();
        if (length < 1 || length > most) {
            throw in.damaged("It has a wrap with a part of " + length + " bytes instead of 1 to " + most + ".");
        }
        return in.bytes(length);
    }
}
