package io.sealwright.kms.core.epoch;

import io.sealwright.kms.core.message.Format;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/**
 * Random salts and the count of restores. After a restore from a snapshot the JVM's generator may have state that
 * another copy of this process has too, so from then on bytes read from the kernel, which no buffer of ours can have
 * held at the snapshot, are mixed in.
 */
public final class Salts {
    private static final Path KERNEL = Path.of("/dev/urandom");

    private final SecureRandom random = new SecureRandom();
    private volatile int era;
    private volatile boolean restored;

    /** Grows whenever all epochs must end; epochs remember the one they were made in. */
    public int era() {
        return era;
    }

    /** Ends all epochs: time has jumped, and with it perhaps the process. */
    public synchronized void nextEra() {
        era++;
    }

    /** Ends all epochs and draws from the kernel from now on. */
    public synchronized void restored() {
        restored = true;
        era++;
    }

    /** The salt of a new epoch. */
    public byte[] epochSalt() {
        return bytes(Format.SALT_BYTES);
    }

    /** Fresh random bytes, safe after a restore. */
    public byte[] bytes(int length) {
        byte[] drawn = new byte[length];
        random.nextBytes(drawn);
        if (restored) {
            byte[] kernel = new byte[length];
            try (InputStream in = Files.newInputStream(KERNEL)) {
                if (in.readNBytes(kernel, 0, length) == length) {
                    for (int i = 0; i < length; i++) {
                        drawn[i] ^= kernel[i];
                    }
                }
            } catch (IOException e) {
                // A system without the device: what SecureRandom gives is what there is, as documented.
                random.setSeed(System.nanoTime());
                random.nextBytes(drawn);
            }
        }
        return drawn;
    }
}
