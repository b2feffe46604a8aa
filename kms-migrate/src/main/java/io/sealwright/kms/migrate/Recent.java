package io.sealwright.kms.migrate;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was found for headers, those used last kept, within a bound of memory. Safe for concurrent use.
 *
 * @param <V> what is kept of each
 */
final class Recent<V> {
    /** What an entry takes besides its bytes. */
    private static final int ENTRY_BYTES = 300;

    private final long mostBytes;
    private final Map<ByteBuffer, Entry<V>> entries = new LinkedHashMap<>(16, 0.75f, true); // guarded by this
    private long bytes; // guarded by this

    Recent(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    private record Entry<V>(V value, int bytes) {}

    synchronized @Nullable V get(byte[] header) {
        Entry<V> entry = entries.get(ByteBuffer.wrap(header));
        return entry == null ? null : entry.value();
    }

    /** Keeps a value; {@code size} is how many bytes it holds. The header must not be changed any more. */
    synchronized void put(byte[] header, V value, int size) {
        int all = header.length + size + ENTRY_BYTES;
        Entry<V> before = entries.put(ByteBuffer.wrap(header), new Entry<>(value, all));
        bytes += all - (before == null ? 0 : before.bytes());
        Iterator<Entry<V>> oldest = entries.values().iterator();
        while (bytes > mostBytes && entries.size() > 1) {
            bytes -= oldest.next().bytes();
            oldest.remove();
        }
    }
}
