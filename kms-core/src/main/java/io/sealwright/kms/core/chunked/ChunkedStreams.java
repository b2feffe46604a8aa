package io.sealwright.kms.core.chunked;

import io.sealwright.kms.EncryptingChannel;
import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.sealing.ChunkedStart;
import io.sealwright.kms.error.AuthenticationFailedException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;

/**
 * Bodies that stream. What is given keys here closes them, also when it fails. {@code guard} throws once the manager is
 * closed; it is asked at every call, and between the pieces of one that runs to the end.
 */
public final class ChunkedStreams {
    private final ChunkThreads threads;

    public ChunkedStreams(ChunkThreads threads) {
        this.threads = threads;
    }

    /** Seals a stream to its end; how many bytes were written. */
    public long seal(ChunkedStart start, InputStream in, OutputStream out, Runnable guard) throws IOException {
        return copy(new SealingPipe(start, out, threads), in, guard);
    }

    /** Writes a message of level 0; how many bytes were written. */
    public long copy(byte[] header, InputStream in, OutputStream out, Runnable guard) throws IOException {
        return copy(new ClearWriter(header, out), in, guard);
    }

    private static long copy(BodyWriter body, InputStream in, Runnable guard) throws IOException {
        try (body) {
            WriterLife life = new WriterLife(body, guard);
            while (life.writeFrom(in)) {
                // on to the end
            }
            life.finish();
            return life.written();
        }
    }

    /** A stream that seals. */
    public EncryptingOutputStream sealer(ChunkedStart start, OutputStream target, Runnable guard) throws IOException {
        return new EncryptedOutput(new WriterLife(new SealingPipe(start, target, threads), guard));
    }

    /** A stream that writes a message of level 0. */
    public EncryptingOutputStream copier(byte[] header, OutputStream target, Runnable guard) throws IOException {
        return new EncryptedOutput(new WriterLife(new ClearWriter(header, target), guard));
    }

    /** A channel that seals. */
    public EncryptingChannel sealer(ChunkedStart start, WritableByteChannel target, Runnable guard) throws IOException {
        return new EncryptedChannel(new WriterLife(new SealingPipe(start, new ChannelOutput(target), threads), guard));
    }

    /** A channel that writes a message of level 0. */
    public EncryptingChannel copier(byte[] header, WritableByteChannel target, Runnable guard) throws IOException {
        return new EncryptedChannel(new WriterLife(new ClearWriter(header, new ChannelOutput(target)), guard));
    }

    /**
     * The 56 bytes that a chunked body begins with.
     *
     * @throws AuthenticationFailedException if the source ends in them
     */
    public static byte[] head(InputStream body) throws IOException {
        byte[] head = new byte[ChunkKeys.HEAD_BYTES];
        if (Sources.readFully(body, head, 0, head.length) < head.length) {
            throw new AuthenticationFailedException();
        }
        return head;
    }

    /**
     * The rest of a source that must be short.
     *
     * @throws AuthenticationFailedException if it is longer than {@code most}
     */
    public static byte[] small(InputStream body, int most) throws IOException {
        byte[] bytes = new byte[most + 1];
        int length = Sources.readFully(body, bytes, 0, bytes.length);
        try {
            if (length > most) {
                throw new AuthenticationFailedException();
            }
            return Arrays.copyOf(bytes, length);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** A stream that opens what follows the head. */
    public InputStream opener(ChunkKeys keys, InputStream chunks, Runnable guard) {
        return new DecryptedInput(new OpeningPipe(keys, chunks, threads), guard);
    }

    /** A stream of a plaintext that was opened as a whole; takes the array over. */
    public InputStream opened(byte[] plaintext, Runnable guard) {
        return new DecryptedInput(new MemoryReader(plaintext), guard);
    }

    /** A stream of the body of a message of level 0. */
    public InputStream clear(InputStream body, Runnable guard) {
        return new DecryptedInput(new ClearReader(body), guard);
    }

    /**
     * A channel that opens a chunked body.
     *
     * @throws AuthenticationFailedException if the last chunk is not there or not authentic
     */
    public SeekableByteChannel opener(ChunkKeys keys, ChannelSource source, long headerLength, Runnable guard)
            throws IOException {
        return new DecryptedChannel(new ChunkedRandomBody(keys, source, headerLength), guard);
    }

    /** A channel of a plaintext that was opened as a whole; takes the array over. */
    public SeekableByteChannel openedChannel(byte[] plaintext, Runnable guard) {
        return new DecryptedChannel(new PlainRandomBody(plaintext), guard);
    }

    /** A channel of the body of a message of level 0. */
    public SeekableByteChannel clear(ChannelSource source, long headerLength, Runnable guard) throws IOException {
        return new DecryptedChannel(new PlainRandomBody(source, headerLength), guard);
    }
}
