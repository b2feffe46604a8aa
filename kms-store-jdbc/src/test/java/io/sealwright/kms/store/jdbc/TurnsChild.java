package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Changes a key of its own as often as it can, from when it is told to, and counts what the others do in between. */
final class TurnsChild {
    private TurnsChild() {}

    /**
     * Arguments: URL, name of its key, seconds, how many changes of others are a round. Says {@code ready}, and then four
     * numbers: changes; how many of them came after at least one change of another and at most two rounds; the most changes
     * of others before one; the longest wait in milliseconds.
     */
    public static void main(String[] arguments) throws IOException {
        long nanos = TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[2]));
        try (NamedKeyStore store = StoreKind.open(arguments[0])) {
            System.out.println("ready");
            if (System.in.read() != '\n') {
                throw new IOException("not told to go");
            }
            int twoRounds = 2 * Integer.parseInt(arguments[3]);
            long generation = 0;
            long inTurn = 0;
            long most = 0;
            long longest = 0;
            long revision = store.revision();
            long begun = System.nanoTime();
            for (long now = begun; now - begun < nanos; ) {
                KeyChange change = new KeyChange(
                        arguments[1], generation, generation + 1, new byte[300], List.of(), List.of(), null);
                if (!store.apply(change)) {
                    throw new IllegalStateException("somebody else changed " + arguments[1]);
                }
                generation++;
                long newest = store.revision();
                long others = newest - revision - 1;
                revision = newest;
                inTurn += others > 0 && others <= twoRounds ? 1 : 0;
                most = Math.max(most, others);
                long after = System.nanoTime();
                longest = Math.max(longest, after - now);
                now = after;
            }
            System.out.println(generation + " " + inTurn + " " + most + " " + TimeUnit.NANOSECONDS.toMillis(longest));
        }
    }
}
