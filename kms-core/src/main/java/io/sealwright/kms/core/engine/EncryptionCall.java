package io.sealwright.kms.core.engine;

import io.sealwright.kms.Encryption;
import io.sealwright.kms.EncryptionResult;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.core.sealing.SealingTarget;
import io.sealwright.kms.error.ClosedException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/** One message about to be sealed. */
final class EncryptionCall extends SealOptions<Encryption> implements Encryption {
    private final byte[] plaintext;
    private final int offset;
    private final int length;
    private final boolean wipe;
    private boolean wiped;

    /** {@code wipe} if the array is a copy of ours, wiped after the terminal call. */
    EncryptionCall(DefaultKeyManager kms, byte[] plaintext, int offset, int length, boolean wipe) {
        super(kms);
        this.plaintext = plaintext;
        this.offset = offset;
        this.length = length;
        this.wipe = wipe;
    }

    @Override
    Encryption self() {
        return this;
    }

    @Override
    public byte[] toBytes() {
        byte[] message = sealed();
        wipe();
        return message;
    }

    private byte[] sealed() {
        Bodies bodies = kms.bodies();
        demandPlaintext();
        if (clear()) {
            return Bodies.clear(context(), plaintext, offset, length);
        }
        Suite suite = suiteFor(length);
        while (true) {
            SealingTarget target = target();
            try {
                return bodies.seal(target, suite, plaintext, offset, length, associatedData());
            } catch (ClosedException e) {
                again(target, e);
            }
        }
    }

    /** A call that failed may be repeated; one that succeeded has wiped our copy, and zeros must not be sealed for it. */
    private void demandPlaintext() {
        if (wiped) {
            throw new IllegalStateException("the plaintext was sealed already: begin with encrypt(...) again");
        }
    }

    /** A target may be evicted between two steps: look for it again, unless manager or master key was closed. */
    private void again(SealingTarget target, ClosedException e) {
        if (kms.closed() || !target.closed()) {
            throw e;
        }
    }

    private void wipe() {
        if (wipe) {
            wiped = true;
            Arrays.fill(plaintext, (byte) 0);
        }
    }

    @Override
    public String toToken() {
        return Texts.token(toBytes());
    }

    @Override
    public int into(byte[] out, int outOffset) {
        Objects.checkFromIndexSize(outOffset, 0, out.length);
        int sealed = sealed(out, outOffset);
        wipe();
        return sealed;
    }

    private int sealed(byte[] out, int outOffset) {
        Bodies bodies = kms.bodies();
        demandPlaintext();
        if (clear()) {
            byte[] header = HeaderWriter.clear(context());
            if (out.length - outOffset < (long) header.length + length) {
                throw new IllegalArgumentException(
                        "too little room in the output: " + (out.length - outOffset) + " bytes from the offset on");
            }
            System.arraycopy(plaintext, offset, out, outOffset + header.length, length);
            System.arraycopy(header, 0, out, outOffset, header.length);
            return header.length + length;
        }
        Suite suite = suiteFor(length);
        while (true) {
            SealingTarget target = target();
            try {
                return bodies.seal(target, suite, plaintext, offset, length, associatedData(), out, outOffset);
            } catch (ClosedException e) {
                again(target, e);
            }
        }
    }

    @Override
    public int into(ByteBuffer out) {
        if (out.hasArray() && out.remaining() == out.array().length - out.arrayOffset() - out.position()) {
            int sealed = into(out.array(), out.arrayOffset() + out.position());
            out.position(out.position() + sealed);
            return sealed;
        }
        byte[] message = sealed();
        if (out.remaining() < message.length) {
            throw new IllegalArgumentException(
                    "too little room in the output: " + out.remaining() + " bytes, not " + message.length);
        }
        out.put(message);
        wipe();
        return message.length;
    }

    @Override
    public int maxSealedLength() {
        Bodies bodies = kms.bodies();
        return clear()
                ? HeaderWriter.clear(context()).length + length
                : bodies.maxSealedLength(target(), suiteFor(length), length);
    }

    @Override
    public EncryptionResult result() {
        byte[] message = toBytes();
        Header header = HeaderParser.parse(message, 0, message.length);
        byte[] direct = header.directKeyId();
        String keyId = direct != null
                ? HexFormat.of().formatHex(direct)
                : header.recipients().isEmpty()
                        ? ""
                        : Header.idText(header.recipients().get(0));
        return new EncryptionResult(
                message,
                keyId,
                Format.suiteById(header.suiteId()).orElse(Suite.AES_256_GCM),
                header.levelId() == 0 ? SecurityLevel.NONE : SecurityLevel.STANDARD,
                header.context());
    }
}
