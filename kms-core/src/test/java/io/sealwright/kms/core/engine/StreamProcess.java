package io.sealwright.kms.core.engine;

import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.KeyManager;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;

/** A process with little memory: generates, encrypts, pipes, decrypts, compares; then holds many small streams. */
final class StreamProcess {
    private StreamProcess() {}

    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        long length = Long.parseLong(arguments[1]);
        try (KeyManager kms = KeyManager.builder().home(home).embedded().build()) {
            pipe(kms, length);
            manySmall(kms);
        }
        System.out.println("done");
    }

    private static void pipe(KeyManager kms, long length) throws Exception {
        Pipe pipe = Pipe.open();
        Generated generated = new Generated(length);
        CompletableFuture<Long> sealing = CompletableFuture.supplyAsync(
                () -> {
                    try (OutputStream out = Channels.newOutputStream(pipe.sink())) {
                        return kms.encrypt(generated).to(out);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                task -> new Thread(task, "sealing").start());
        CRC32C opened = new CRC32C();
        long[] count = {0};
        kms.decrypt(Channels.newInputStream(pipe.source())).to(new OutputStream() {
            @Override
            public void write(int value) {
                throw new AssertionError("one byte at a time");
            }

            @Override
            public void write(byte[] bytes, int offset, int some) {
                opened.update(bytes, offset, some);
                count[0] += some;
            }
        });
        sealing.get();
        if (count[0] != length || opened.getValue() != generated.sum.getValue()) {
            throw new AssertionError(count[0] + " bytes came out, or others than went in");
        }
    }

    private static void manySmall(KeyManager kms) throws IOException {
        List<EncryptingOutputStream> streams = new ArrayList<>();
        List<ByteArrayOutputStream> targets = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            ByteArrayOutputStream target = new ByteArrayOutputStream();
            EncryptingOutputStream stream = kms.encryptingStream(target).open();
            stream.write(i);
            targets.add(target);
            streams.add(stream);
        }
        for (int i = 0; i < streams.size(); i++) {
            streams.get(i).finish();
            streams.get(i).close();
            byte[] opened = kms.decrypt(targets.get(i).toByteArray()).toBytes();
            if (opened.length != 1 || opened[0] != (byte) i) {
                throw new AssertionError("small stream " + i);
            }
        }
    }

    /** Fast and never the same within a segment. */
    private static final class Generated extends InputStream {
        private final CRC32C sum = new CRC32C();
        private long left;
        private long state = 42;

        Generated(long length) {
            left = length;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            if (left == 0) {
                return -1;
            }
            int taken = (int) Math.min(left, length);
            for (int i = 0; i < taken; i += 64) {
                state = state * 6364136223846793005L + 1442695040888963407L;
                into[offset + i] = (byte) (state >>> 56);
            }
            sum.update(into, offset, taken);
            left -= taken;
            return taken;
        }
    }
}
