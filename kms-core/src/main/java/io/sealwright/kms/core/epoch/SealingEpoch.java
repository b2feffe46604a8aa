package io.sealwright.kms.core.epoch;

import io.sealwright.kms.SecretBytes;

/**
 * A root's keys for one salt, good for sealing: within a budget of messages and bytes, in the era it was made in.
 * Closing wipes its key; a call under way may then find it closed, which counts as exhausted.
 */
public abstract sealed class SealingEpoch implements AutoCloseable
        permits ChunkedSealingEpoch, GcmSealingEpoch, XaesSealingEpoch {
    /** What {@code seal} returns when the budget is used up or the epoch was closed: take a new one. */
    public static final int EXHAUSTED = -1;

    final byte[] header;
    final SecretBytes key;
    final Budget budget;
    final int era;

    SealingEpoch(byte[] header, SecretBytes key, long messages, long bytes, int era) {
        this.header = header;
        this.key = key;
        this.budget = new Budget(messages, bytes);
        this.era = era;
    }

    /** The header that precedes every body; not copied, not to be changed. */
    public final byte[] header() {
        return header;
    }

    /** The era it was made in. */
    public final int era() {
        return era;
    }

    /** About how many messages were sealed; 0 of slots that are gone once it is closed. */
    public long sealedMessages() {
        return budget.taken();
    }

    @Override
    public void close() {
        key.close();
    }
}
