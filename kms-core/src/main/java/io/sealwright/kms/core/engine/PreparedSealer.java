package io.sealwright.kms.core.engine;

import io.sealwright.kms.Sealer;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.sealing.SealingTarget;
import io.sealwright.kms.error.ClosedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Options settled once; a call is the hot path and nothing else. */
final class PreparedSealer implements Sealer {
    private final Settings settings;
    private final DefaultKeyManager kms;
    private final Bodies bodies;
    private final Suite small;
    private volatile SealingTarget target;
    private volatile boolean closed;

    private PreparedSealer(Settings settings) {
        this.settings = settings;
        this.kms = settings.kms;
        this.bodies = kms.bodies();
        this.small = settings.suiteFor(0);
        this.target = settings.target();
    }

    /** The builder. */
    static final class Settings extends SealOptions<Builder> implements Builder {
        Settings(DefaultKeyManager kms) {
            super(kms);
        }

        @Override
        Builder self() {
            return this;
        }

        @Override
        public Sealer build() {
            if (clear()) {
                throw new IllegalStateException("a sealer of level NONE would seal nothing: use encrypt(...)");
            }
            if (associatedData().length > 0) {
                throw new IllegalStateException("associated data is given with each message, not with the sealer");
            }
            return new PreparedSealer(this);
        }
    }

    private void demandOpen() {
        if (closed) {
            throw new ClosedException("The sealer is closed.", "close() was called before.", "Build a new one.");
        }
        kms.demandOpen();
    }

    /** The target after the one that was closed under us; a sealer outlives an eviction. */
    private void again(SealingTarget evicted, ClosedException e) {
        if (closed || kms.closed() || !evicted.closed()) {
            throw e;
        }
        target = settings.target();
    }

    @Override
    public byte[] seal(byte[] plaintext) {
        return seal(plaintext, CallOptions.NO_DATA);
    }

    @Override
    public byte[] seal(byte[] plaintext, byte[] associatedData) {
        demandOpen();
        Suite suite = plaintext.length <= Bodies.MOST_SMALL_BYTES ? small : Suite.CHUNKED_AES_256_GCM;
        while (true) {
            SealingTarget present = target;
            try {
                return bodies.seal(present, suite, plaintext, 0, plaintext.length, associatedData);
            } catch (ClosedException e) {
                again(present, e);
            }
        }
    }

    @Override
    public int seal(byte[] plaintext, int offset, int length, byte[] associatedData, byte[] out, int outOffset) {
        demandOpen();
        Objects.checkFromIndexSize(offset, length, plaintext.length);
        Objects.checkFromIndexSize(outOffset, 0, out.length);
        Objects.requireNonNull(associatedData, "associatedData");
        Suite suite = length <= Bodies.MOST_SMALL_BYTES ? small : Suite.CHUNKED_AES_256_GCM;
        while (true) {
            SealingTarget present = target;
            try {
                return bodies.seal(present, suite, plaintext, offset, length, associatedData, out, outOffset);
            } catch (ClosedException e) {
                again(present, e);
            }
        }
    }

    @Override
    public List<byte[]> sealAll(List<byte[]> plaintexts, @Nullable List<byte[]> associatedData) {
        demandOpen();
        if (associatedData != null && associatedData.size() != plaintexts.size()) {
            throw new IllegalArgumentException(
                    plaintexts.size() + " plaintexts, but " + associatedData.size() + " pieces of associated data");
        }
        List<byte[]> messages = new ArrayList<>(plaintexts.size());
        for (int i = 0; i < plaintexts.size(); i++) {
            byte[] data = associatedData == null ? CallOptions.NO_DATA : associatedData.get(i);
            messages.add(seal(plaintexts.get(i), data));
        }
        return messages;
    }

    @Override
    public int maxSealedLength(int plaintextLength) {
        demandOpen();
        if (plaintextLength < 0) {
            throw new IllegalArgumentException("a length cannot be negative: " + plaintextLength);
        }
        return bodies.maxSealedLength(target, settings.suiteFor(plaintextLength), plaintextLength);
    }

    @Override
    public void close() {
        closed = true;
    }
}
