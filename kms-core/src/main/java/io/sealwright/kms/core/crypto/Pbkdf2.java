package io.sealwright.kms.core.crypto;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * PBKDF2 (RFC 8018, section 5.2) over the JCA's HMAC. The JCA's own takes characters, not bytes, and cannot be stopped
 * before its end.
 */
public final class Pbkdf2 {
    private static final int STOP_LOOKS = 1 << 12;

    private Pbkdf2() {}

    /** Somebody wanted no result any more. */
    public static final class StoppedException extends GeneralSecurityException {
        private static final long serialVersionUID = 1L;

        StoppedException() {
            super("stopped");
        }
    }

    /**
     * Stretches a password.
     *
     * @param password any bytes, none included; neither kept nor wiped
     * @param salt any bytes
     * @param iterations 1 at least
     * @param bytes how many to give
     * @param stop asked every few milliseconds; true ends the work
     * @return what the caller wipes
     * @throws StoppedException if {@code stop} said so
     * @throws GeneralSecurityException if the JCA lacks the HMAC
     */
    public static byte[] derive(
            HashFunction hash, byte[] password, byte[] salt, int iterations, int bytes, BooleanSupplier stop)
            throws GeneralSecurityException {
        if (iterations < 1 || bytes < 1) {
            throw new IllegalArgumentException("iterations and bytes must be 1 or more");
        }
        // HMAC pads its key with zero bytes: one zero byte is the empty key, which the JCA does not take.
        Hmac prf = new Hmac(hash, password.length == 0 ? new byte[1] : password, null);
        byte[] derived = new byte[bytes];
        byte[] block = new byte[hash.outputBytes()];
        byte[] round = new byte[hash.outputBytes()];
        boolean done = false;
        try {
            for (int at = 0, number = 1; at < bytes; at += block.length, number++) {
                prf.update(salt).update(ByteBuffer.allocate(4).putInt(number).array());
                prf.finishInto(round);
                System.arraycopy(round, 0, block, 0, block.length);
                for (int i = 1; i < iterations; i++) {
                    if (i % STOP_LOOKS == 0 && stop.getAsBoolean()) {
                        throw new StoppedException();
                    }
                    prf.update(round);
                    prf.finishInto(round);
                    for (int j = 0; j < block.length; j++) {
                        block[j] ^= round[j];
                    }
                }
                System.arraycopy(block, 0, derived, at, Math.min(block.length, bytes - at));
            }
            done = true;
            return derived;
        } finally {
            Arrays.fill(block, (byte) 0);
            Arrays.fill(round, (byte) 0);
            if (!done) {
                Arrays.fill(derived, (byte) 0);
            }
        }
    }
}
