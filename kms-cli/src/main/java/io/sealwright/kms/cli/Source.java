package io.sealwright.kms.cli;

import io.sealwright.kms.migrate.replacement.Stamp;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The file IN of a command, or standard input. Keeps the first bytes, for error texts, and drives the progress bar. */
final class Source implements Closeable {
    /** The longest header of levels 0 to 2 and 4, and a bit. */
    static final int HEADER_BYTES = (1 << 16) + 64;

    private final String name;
    private final @Nullable Path file;
    private final @Nullable Stamp stamp;
    private final InputStream in;
    private final @Nullable Progress progress;
    private byte[] head = new byte[0];
    private @Nullable IOException failure;

    private Source(
            String name, @Nullable Path file, @Nullable Stamp stamp, InputStream in, @Nullable Progress progress) {
        this.name = name;
        this.file = file;
        this.stamp = stamp;
        this.in = in;
        this.progress = progress;
    }

    /**
     * Opens IN.
     *
     * @param input a file name, or {@code -}
     * @throws Failure if it is not there or cannot be read
     */
    static Source open(Surroundings here, String input) {
        if (input.equals("-")) {
            return new Source("standard input", null, null, here.in(), Progress.of(here, null));
        }
        Path file = Failure.path(input);
        try {
            if (Files.isDirectory(file)) {
                throw new IOException("It is a folder.");
            }
            if (!Files.exists(file)) {
                throw new NoSuchFileException(input);
            }
            if (!Files.isReadable(file)) {
                throw new AccessDeniedException(input);
            }
            boolean regular = Files.isRegularFile(file);
            return new Source(
                    input,
                    file,
                    regular ? Stamp.of(file.toRealPath()) : null,
                    new FileInputStream(file.toFile()),
                    Progress.of(here, regular ? Files.size(file) : null));
        } catch (IOException e) {
            throw Failure.reading(input, e);
        }
    }

    String name() {
        return name;
    }

    /** The file, or null for standard input. */
    @Nullable
    Path file() {
        return file;
    }

    /** The file as it was before anything of it was read; null if it is none. */
    @Nullable
    Stamp stamp() {
        return stamp;
    }

    boolean isRegularFile() {
        return file != null && Files.isRegularFile(file);
    }

    /** The length, or null from a pipe. */
    @Nullable
    Long size() {
        try {
            return file != null && Files.isRegularFile(file) ? Files.size(file) : null;
        } catch (IOException e) {
            throw Failure.reading(name, e);
        }
    }

    /** What was read first, at most {@link #HEADER_BYTES}; only of streams of {@link #remembering}. */
    byte[] head() {
        return head;
    }

    /** Why reading failed, if it did: whoever called may have wrapped it. */
    @Nullable
    IOException failure() {
        return failure;
    }

    /** At most {@code limit} bytes from here on. */
    byte[] read(int limit) {
        try {
            return new Watched(in).readNBytes(limit);
        } catch (IOException e) {
            throw Failure.reading(name, e);
        }
    }

    /** The rest, after bytes that were read already. */
    InputStream stream(byte[] before) {
        Watched rest = new Watched(in);
        return before.length == 0 ? rest : new SequenceInputStream(new ByteArrayInputStream(before), rest);
    }

    /** The rest, of which {@link #head} keeps the first bytes. */
    InputStream remembering() {
        return new Watched(in) {
            @Override
            void passing(byte[] bytes, int offset, int length) {
                int kept = Math.min(length, HEADER_BYTES - head.length);
                if (kept > 0) {
                    int old = head.length;
                    head = Arrays.copyOf(head, old + kept);
                    System.arraycopy(bytes, offset, head, old, kept);
                }
                super.passing(bytes, offset, length);
            }
        };
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.clear();
        }
        if (file != null) {
            try {
                in.close();
            } catch (IOException e) {
                // It was only read.
            }
        }
    }

    private class Watched extends InputStream {
        private final InputStream from;
        private final byte[] one = new byte[1];

        Watched(InputStream from) {
            this.from = from;
        }

        @Override
        public int read() throws IOException {
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                int count = from.read(bytes, offset, length);
                if (count > 0) {
                    passing(bytes, offset, count);
                }
                return count;
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public int available() throws IOException {
            return from.available();
        }

        @SuppressWarnings("UnusedVariable") // the remembering form reads them
        void passing(byte[] bytes, int offset, int length) {
            if (progress != null) {
                progress.add(length);
            }
        }
    }
}
