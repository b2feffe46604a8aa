package io.sealwright.kms.core.engine;

import io.sealwright.kms.Opener;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.error.ClosedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Options settled once; a call is the hot path and nothing else. */
final class PreparedOpener implements Opener {
    private final DefaultKeyManager kms;
    private final Bodies bodies;
    private final OpenPolicy policy;
    private volatile boolean closed;

    private PreparedOpener(Settings settings) {
        this.kms = settings.kms;
        this.bodies = kms.bodies();
        this.policy = settings.policy();
    }

    /** The builder. */
    static final class Settings extends OpenOptions<Builder> implements Builder {
        Settings(DefaultKeyManager kms) {
            super(kms);
        }

        @Override
        Builder self() {
            return this;
        }

        @Override
        public Opener build() {
            if (associatedData().length > 0) {
                throw new IllegalStateException("associated data is given with each message, not with the opener");
            }
            return new PreparedOpener(this);
        }
    }

    private void demandOpen() {
        if (closed) {
            throw new ClosedException("The opener is closed.", "close() was called before.", "Build a new one.");
        }
        kms.demandOpen();
    }

    @Override
    public byte[] open(byte[] message) {
        return open(message, CallOptions.NO_DATA);
    }

    @Override
    public byte[] open(byte[] message, byte[] associatedData) {
        demandOpen();
        return bodies.open(message, 0, message.length, associatedData, policy);
    }

    @Override
    public int open(byte[] message, int offset, int length, byte[] associatedData, byte[] out, int outOffset) {
        demandOpen();
        Objects.checkFromIndexSize(offset, length, message.length);
        Objects.checkFromIndexSize(outOffset, 0, out.length);
        Objects.requireNonNull(associatedData, "associatedData");
        return bodies.open(message, offset, offset + length, associatedData, policy, out, outOffset);
    }

    @Override
    public List<byte[]> openAll(List<byte[]> messages, @Nullable List<byte[]> associatedData) {
        demandOpen();
        if (associatedData != null && associatedData.size() != messages.size()) {
            throw new IllegalArgumentException(
                    messages.size() + " messages, but " + associatedData.size() + " pieces of associated data");
        }
        List<byte[]> plaintexts = new ArrayList<>(messages.size());
        try {
            for (int i = 0; i < messages.size(); i++) {
                byte[] data = associatedData == null ? CallOptions.NO_DATA : associatedData.get(i);
                plaintexts.add(open(messages.get(i), data));
            }
        } catch (RuntimeException e) {
            plaintexts.forEach(plaintext -> Arrays.fill(plaintext, (byte) 0));
            throw e;
        }
        return plaintexts;
    }

    @Override
    public void close() {
        closed = true;
    }
}
