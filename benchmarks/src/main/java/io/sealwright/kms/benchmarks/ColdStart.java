package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.Sealer;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * One fresh process. {@code bulk WHO HOME}: how long the first 256 MiB take, as 1 MiB messages into one buffer.
 * {@code first WHO HOME}: how long the first 1 KiB message takes, opening the manager included. {@code WHO} is
 * {@code bare}, {@code ours} (a local key), or {@code embedded} (a local key and the SQLite store beside it). Prints
 * milliseconds since {@code main} began, and since the JVM did.
 */
final class ColdStart {
    private static final int BULK_MESSAGES = 256;
    private static final int BULK_BYTES = 1 << 20;

    private ColdStart() {}

    public static void main(String[] args) throws Exception {
        long begin = System.nanoTime();
        boolean bulk = args[0].equals("bulk");
        byte[] plaintext = new byte[bulk ? BULK_BYTES : 1024];
        int count = bulk ? BULK_MESSAGES : 1;
        long sum = args[1].equals("bare") ? bare(plaintext, count) : ours(manager(args), plaintext, count);
        double millis = (System.nanoTime() - begin) / 1e6;
        double sinceStart = System.currentTimeMillis()
                - ManagementFactory.getRuntimeMXBean().getStartTime();
        PrintStream out = System.out;
        out.printf("%.1f %.0f %d%n", millis, sinceStart, sum);
    }

    private static long bare(byte[] plaintext, int count) throws Exception {
        BareCipher cipher = new BareCipher();
        byte[] sealed = new byte[plaintext.length + BareCipher.TAG_BYTES];
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += cipher.seal(plaintext, AAD, sealed);
        }
        return sum;
    }

    private static KeyManager manager(String[] args) {
        Path home = Path.of(args[2]);
        return args[1].equals("embedded")
                ? KeyManager.embedded(home)
                : KeyManager.builder().home(home).masterKey("local://default").build();
    }

    private static long ours(KeyManager opened, byte[] plaintext, int count) {
        try (KeyManager kms = opened;
                Sealer sealer =
                        kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build()) {
            byte[] sealed = new byte[sealer.maxSealedLength(plaintext.length)];
            long sum = 0;
            for (int i = 0; i < count; i++) {
                sum += sealer.seal(plaintext, 0, plaintext.length, AAD, sealed, 0);
            }
            return sum;
        }
    }
}
