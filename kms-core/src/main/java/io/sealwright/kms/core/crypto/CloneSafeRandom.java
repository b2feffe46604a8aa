package io.sealwright.kms.core.crypto;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;

/**
 * Random bytes that two copies of one process do not share: what the JVM's generator gives, mixed with bytes read from
 * the kernel for this call, which no buffer of the JVM can have held when a snapshot was taken. Opens a file a call, so it
 * is for keys, salts and nonces of wraps, not for messages. Where there is no such device, the generator alone.
 */
public final class CloneSafeRandom {
    private static final Path KERNEL = Path.of("/dev/urandom");

    private final SecureRandom random = new SecureRandom();

    /** Fills the array. Safe for concurrent use. */
    public void nextBytes(byte[] bytes) {
        random.nextBytes(bytes);
        byte[] kernel = new byte[bytes.length];
        try (InputStream in = Files.newInputStream(KERNEL)) {
            in.readNBytes(kernel, 0, kernel.length);
        } catch (IOException e) {
            // No such device: the generator seeds itself from what the system has.
            random.setSeed(System.nanoTime());
            random.nextBytes(kernel);
        }
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= kernel[i];
        }
    }
}
