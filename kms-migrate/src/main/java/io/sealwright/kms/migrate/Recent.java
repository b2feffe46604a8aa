package io.sealwright.kms.migrate;

import io.sealwright.kms.error.KmsBugException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
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
    private final Map<String, Entry<V>> entries = new LinkedHashMap<>(16, 0.75f, true); // guarded by this
    private long bytes; // guarded by this

    Recent(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    private record Entry<V>(V value, int bytes) {}

    /** What stands for a header: whoever writes rows chooses it, and could choose many of one hash code, but not of this. */
    static String name(byte[] message, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(message, 0, length);
            return Base64.getEncoder().encodeToString(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new KmsBugException("every JCA has SHA-256", e);
        }
    }

    synchronized @Nullable V get(byte[] header) {
        Entry<V> entry = entries.get(name(header, header.length));
        return entry == null ? null : entry.value();
    }

    /** Keeps a value; {@code size} is how many bytes it holds. */
    synchronized void put(byte[] header, V value, int size) {
        int all = size + ENTRY_BYTES;
        Entry<V> before = entries.put(name(header, header.length), new Entry<>(value, all));
        bytes += all - (before == null ? 0 : before.bytes());
        Iterator<Entry<V>> oldest = entries.values().iterator();
        while (bytes > mostBytes && entries.size() > 1) {
            bytes -= oldest.next().bytes();
            oldest.remove();
        }
    }
}
