package io.sealwright.kms.core.chunked;

import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.crypto.GcmCipher;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the JVM compile the path of large messages: the compiler counts calls, not bytes, so that a process which meets
 * only large messages would run interpreted for hundreds of MiB. Small calls bring the counts, whole chunks the branches
 * that small ones do not take. Once a process, on one daemon thread: some 0.3 s of one core, and at most a second.
 */
final class WarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);
    private static final AtomicBoolean BEGUN = new AtomicBoolean();
    private static final long MOST_NANOS = 1_000_000_000L;
    private static final int MOST_CHUNKS = 15_000;
    private static final int SMALL_BYTES = 512;
    private static final int SMALL_CALLS = 64;

    private WarmUp() {}

    static void begin(@Nullable Provider provider) {
        if (!BEGUN.getPlain() && BEGUN.compareAndSet(false, true)) {
            try {
                Thread thread = new Thread(() -> run(provider, MOST_NANOS), "sealwright-warm-up");
                thread.setDaemon(true);
                thread.start();
            } catch (OutOfMemoryError e) {
                LOG.debug("No thread for the warm-up could be started", e);
            }
        }
    }

    /** Seals and opens with keys that nobody else has. */
    static void run(@Nullable Provider provider, long mostNanos) {
        byte[] zeros = new byte[ChunkKeys.INPUT_KEY_BYTES];
        byte[] plain = new byte[ChunkedCipher.CHUNK_BYTES];
        byte[] sealed = new byte[ChunkedCipher.SEALED_CHUNK_BYTES + GcmCipher.TAG_BYTES];
        long from = System.nanoTime();
        try (ChunkKeys sealing = ChunkKeys.forSealing(zeros, new byte[ChunkKeys.SALT_BYTES], new byte[0], provider)) {
            byte[] head = sealing.head();
            try (ChunkKeys opening = ChunkKeys.forOpening(zeros, head, 0, head.length, new byte[0], provider);
                    ChunkedCipher sealer = sealing.newWorker();
                    ChunkedCipher opener = opening.newWorker()) {
                long chunk = 0;
                while (chunk < MOST_CHUNKS && System.nanoTime() - from < mostNanos) {
                    for (int i = 0; i < SMALL_CALLS; i++) {
                        int length = sealer.sealChunks(chunk, plain, 0, SMALL_BYTES, true, sealed, 0);
                        opener.openChunks(chunk, sealed, 0, length, true, plain, 0);
                        chunk++;
                    }
                    int length = sealer.sealChunks(chunk, plain, 0, plain.length, false, sealed, 0);
                    opener.openChunks(chunk, sealed, 0, length, false, plain, 0);
                    chunk++;
                }
            }
        } catch (GeneralSecurityException | RuntimeException e) {
            LOG.debug("The warm-up failed; large messages are slow for longer", e);
        }
    }
}
