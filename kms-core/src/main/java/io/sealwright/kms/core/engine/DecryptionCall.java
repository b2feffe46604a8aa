package io.sealwright.kms.core.engine;

import io.sealwright.kms.Decryption;
import io.sealwright.kms.DecryptionResult;
import io.sealwright.kms.core.engine.Bodies.Opened;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;

/** One message about to be opened. */
final class DecryptionCall extends OpenOptions<Decryption> implements Decryption {
    private final byte[] message;
    private final int from;
    private final int to;

    DecryptionCall(DefaultKeyManager kms, byte[] message, int offset, int length) {
        super(kms);
        this.message = message;
        this.from = offset;
        this.to = offset + length;
    }

    @Override
    Decryption self() {
        return this;
    }

    @Override
    public byte[] toBytes() {
        return kms.bodies().open(message, from, to, associatedData(), policy());
    }

    @Override
    public String toText() {
        byte[] plaintext = toBytes();
        try {
            return Texts.text(plaintext);
        } finally {
            Arrays.fill(plaintext, (byte) 0);
        }
    }

    @Override
    public int into(byte[] out, int offset) {
        Objects.checkFromIndexSize(offset, 0, out.length);
        return kms.bodies().open(message, from, to, associatedData(), policy(), out, offset);
    }

    @Override
    public int into(ByteBuffer out) {
        byte[] plaintext = toBytes();
        try {
            if (out.remaining() < plaintext.length) {
                throw new IllegalArgumentException(
                        "too little room in the output: " + out.remaining() + " bytes, not " + plaintext.length);
            }
            out.put(plaintext);
            return plaintext.length;
        } finally {
            Arrays.fill(plaintext, (byte) 0);
        }
    }

    @Override
    public DecryptionResult result() {
        Opened opened = kms.bodies().openWithResult(message, from, to, associatedData(), policy());
        return new DecryptionResult(
                opened.plaintext(), opened.keyId(), opened.suite(), opened.level(), opened.context());
    }
}
