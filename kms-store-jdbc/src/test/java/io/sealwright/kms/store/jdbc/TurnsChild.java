package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Changes a key of its own as often as it can, from when it is told to, and says how often it could. */
final class TurnsChild {
    private TurnsChild() {}

    /** Arguments: URL, name of its key, seconds. Says {@code ready}, and then changes and longest wait in milliseconds. */
    public static void main(String[] arguments) throws IOException {
        long nanos = TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[2]));
        try (NamedKeyStore store = StoreKind.open(arguments[0])) {
            System.out.println("ready");
            if (System.in.read() != '\n') {
                throw new IOException("not told to go");
            }
            long generation = 0;
            long longest = 0;
            long begun = System.nanoTime();
            for (long now = begun; now - begun < nanos; ) {
                KeyChange change = new KeyChange(
                        arguments[1], generation, generation + 1, new byte[300], List.of(), List.of(), null);
                if (!store.apply(change)) {
                    throw new IllegalStateException("somebody else changed " + arguments[1]);
                }
                generation++;
                long after = System.nanoTime();
                longest = Math.max(longest, after - now);
                now = after;
            }
            System.out.println(generation + " " + TimeUnit.NANOSECONDS.toMillis(longest));
        }
    }
}
