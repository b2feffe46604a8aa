package io.sealwright.kms.core.epoch;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.ExclusivePool;
import io.sealwright.kms.core.crypto.GcmCipher;
import io.sealwright.kms.error.KmsBugException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Suite 1. A nonce is a slot's number (4 bytes) and the slot's counter (8 bytes). A slot holds a cipher keyed once; it is
 * exclusive by construction, since it is in the pool or with one thread; its number is issued once; a slot that is
 * dropped forfeits the rest of its counter, and a nonce is spent even when its call fails. So no two messages of an
 * epoch can have one nonce, without a lock and without anything shared per message.
 */
public final class GcmSealingEpoch extends SealingEpoch {
    /** What the body adds to the plaintext. */
    public static final int OVERHEAD_BYTES = GcmCipher.NONCE_BYTES + GcmCipher.TAG_BYTES;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final long MAX_SLOTS = 1L << 32;
    private static final int KEPT_SLOTS = Math.max(8, 4 * Runtime.getRuntime().availableProcessors());

    private final @Nullable Provider provider;
    private final AtomicLong slotNumbers = new AtomicLong();
    private final ExclusivePool<Slot> slots = new ExclusivePool<>(KEPT_SLOTS);

    /** Messages of slots that are in no cell any more. */
    private final LongAdder homeless = new LongAdder();

    public GcmSealingEpoch(
            byte[] header, SecretBytes key, long messages, long bytes, int era, @Nullable Provider provider) {
        super(header, key, messages, bytes, era);
        this.provider = provider;
    }

    /** Length of a whole message. */
    public int sealedLength(int plaintextLength) {
        return header.length + OVERHEAD_BYTES + plaintextLength;
    }

    /**
     * Seals one message of at most 64 KiB with its header; the caller has checked all ranges.
     *
     * @return how many bytes were written, or {@link #EXHAUSTED}
     */
    public int seal(byte[] in, int inOffset, int length, byte[] aad, byte[] out, int outOffset) {
        Slot slot = slots.take();
        if (slot == null) {
            slot = newSlot();
        }
        if (slot == null) {
            return EXHAUSTED;
        }
        if (!slot.covers(length) && !slot.lease(budget, length)) {
            slots.put(slot);
            return EXHAUSTED;
        }
        boolean done = false;
        try {
            System.arraycopy(header, 0, out, outOffset, header.length);
            int sealed = slot.seal(in, inOffset, length, aad, out, outOffset + header.length);
            done = true;
            return header.length + sealed;
        } finally {
            if (!done) {
                slots.drop(slot); // its cipher may be in any state
                homeless.add(slot.counter);
            } else if (!slots.put(slot)) {
                homeless.add(slot.counter);
            }
        }
    }

    private @Nullable Slot newSlot() {
        long number = slotNumbers.getAndIncrement();
        if (number >= MAX_SLOTS) {
            return null;
        }
        byte[] copy;
        try {
            copy = key.copy();
        } catch (IllegalStateException e) {
            return null;
        }
        try {
            return new Slot((int) number, new GcmCipher(copy, provider));
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("the JCA provider has no AES/GCM/NoPadding", e);
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }

    /** Each slot numbers its messages, so that counting costs sealing nothing. */
    @Override
    public long sealedMessages() {
        long[] sum = {homeless.sum()};
        slots.forEach(slot -> sum[0] += slot.counter);
        return sum[0];
    }

    @Override
    public void close() {
        super.close();
        slots.clear(slot -> slot.cipher.forgetKey());
    }

    /** A cipher, its range of nonces, and what it leased of the budget. Exclusive to one thread at a time. */
    private static final class Slot extends ExclusivePool.Item {
        private final GcmCipher cipher;
        private final byte[] nonce = new byte[GcmCipher.NONCE_BYTES];
        private long counter;
        private long messages;
        private long bytes;

        private Slot(int number, GcmCipher cipher) {
            this.cipher = cipher;
            INT.set(nonce, 0, number);
        }

        private boolean covers(int length) {
            return messages > 0 && bytes >= length;
        }

        private boolean lease(Budget budget, int length) {
            if (messages == 0) {
                messages = budget.leaseMessages();
            }
            if (bytes < length) {
                bytes += budget.leaseBytes(length - bytes);
            }
            return covers(length);
        }

        private int seal(byte[] in, int inOffset, int length, byte[] aad, byte[] out, int outOffset) {
            messages--;
            bytes -= length;
            LONG.set(nonce, 4, counter++);
            System.arraycopy(nonce, 0, out, outOffset, GcmCipher.NONCE_BYTES);
            try {
                return GcmCipher.NONCE_BYTES
                        + cipher.seal(
                                nonce,
                                in,
                                inOffset,
                                length,
                                aad,
                                0,
                                aad.length,
                                out,
                                outOffset + GcmCipher.NONCE_BYTES);
            } catch (GeneralSecurityException e) {
                throw new KmsBugException("AES-GCM refused to seal", e);
            }
        }
    }
}
