package io.sealwright.kms.core.chunked;

import java.util.Arrays;

/**
 * A run of chunks on its way: what came in, and what it gave. One thread has it at a time; {@link Ring} hands it over.
 */
final class Segment {
    /** The message's bytes as they came: plaintext when sealing, sealed chunks when opening. */
    final byte[] in;

    /** What they gave. */
    final byte[] out;

    /** How much of {@link #in} is filled. */
    int length;

    /** How much of {@link #out} is filled. */
    int produced;

    /** The number of its first chunk. */
    long firstChunk;

    /** Whether the message ends here. */
    boolean last;

    /** The most that was ever in either array, for wiping. */
    private int highest;

    // For the ring, guarded by its lock.
    State state = State.FREE;
    boolean ownerOnly;

    enum State {
        FREE,
        READY,
        BUSY,
        DONE,
        REFUSED
    }

    Segment(int inBytes, int outBytes) {
        this.in = new byte[inBytes];
        this.out = new byte[outBytes];
    }

    boolean isFull() {
        return length == in.length;
    }

    /** Makes it ready to be filled anew. */
    void reset() {
        highest = Math.max(highest, Math.max(length, produced));
        length = 0;
        produced = 0;
        last = false;
        ownerOnly = false;
        state = State.FREE;
    }

    void wipe() {
        reset();
        Arrays.fill(in, 0, Math.min(highest, in.length), (byte) 0);
        Arrays.fill(out, 0, Math.min(highest, out.length), (byte) 0);
    }
}
