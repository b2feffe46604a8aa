package io.sealwright.kms.core.engine;

import io.sealwright.kms.DecryptionOpening;
import io.sealwright.kms.DecryptionTransfer;
import io.sealwright.kms.EncryptingChannel;
import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.EncryptionOpening;
import io.sealwright.kms.EncryptionTransfer;
import io.sealwright.kms.core.engine.Rewrapper.EncryptAnew;
import io.sealwright.kms.core.message.Header;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;

/** The forms that stream: they settle options, find keys, and hand the bytes to {@code core.chunked}. */
final class StreamCalls {
    private StreamCalls() {}

    /** Decrypts a message and encrypts it for the same recipients. */
    static void encryptAnew(
            DefaultKeyManager kms,
            InputStream message,
            Header header,
            byte[] associatedData,
            boolean allowCompromised,
            EncryptAnew anew,
            OutputStream out)
            throws IOException {
        byte[] whole = message.readAllBytes();
        DecryptionCall decryption = new DecryptionCall(kms, whole, 0, whole.length);
        decryption.context(header.context()).associatedData(associatedData);
        if (allowCompromised) {
            decryption.allowCompromised();
        }
        byte[] plaintext = decryption.toBytes();
        EncryptionCall encryption = new EncryptionCall(kms, plaintext, 0, plaintext.length, true);
        encryption.recipients(anew.entries(), anew.direct());
        out.write(encryption
                .context(header.context())
                .associatedData(associatedData)
                .toBytes());
        out.flush();
    }

    static final class Encrypting extends SealOptions<EncryptionTransfer> implements EncryptionTransfer {
        private final InputStream plaintext;

        Encrypting(DefaultKeyManager kms, InputStream plaintext) {
            super(kms);
            this.plaintext = plaintext;
        }

        @Override
        EncryptionTransfer self() {
            return this;
        }

        @Override
        public long to(OutputStream out) throws IOException {
            throw new IOException("not here: " + plaintext);
        }
    }

    static final class EncryptingStream extends SealOptions<EncryptionOpening<EncryptingOutputStream>>
            implements EncryptionOpening<EncryptingOutputStream> {
        private final OutputStream target;

        EncryptingStream(DefaultKeyManager kms, OutputStream target) {
            super(kms);
            this.target = target;
        }

        @Override
        EncryptionOpening<EncryptingOutputStream> self() {
            return this;
        }

        @Override
        public EncryptingOutputStream open() throws IOException {
            throw new IOException("not here: " + target);
        }
    }

    static final class EncryptingByteChannel extends SealOptions<EncryptionOpening<EncryptingChannel>>
            implements EncryptionOpening<EncryptingChannel> {
        private final WritableByteChannel target;

        EncryptingByteChannel(DefaultKeyManager kms, WritableByteChannel target) {
            super(kms);
            this.target = target;
        }

        @Override
        EncryptionOpening<EncryptingChannel> self() {
            return this;
        }

        @Override
        public EncryptingChannel open() throws IOException {
            throw new IOException("not here: " + target);
        }
    }

    static final class Decrypting extends OpenOptions<DecryptionTransfer> implements DecryptionTransfer {
        private final InputStream message;

        Decrypting(DefaultKeyManager kms, InputStream message) {
            super(kms);
            this.message = message;
        }

        @Override
        DecryptionTransfer self() {
            return this;
        }

        @Override
        public long to(OutputStream out) throws IOException {
            throw new IOException("not here: " + message);
        }
    }

    static final class DecryptingStream extends OpenOptions<DecryptionOpening<InputStream>>
            implements DecryptionOpening<InputStream> {
        private final InputStream source;

        DecryptingStream(DefaultKeyManager kms, InputStream source) {
            super(kms);
            this.source = source;
        }

        @Override
        DecryptionOpening<InputStream> self() {
            return this;
        }

        @Override
        public InputStream open() throws IOException {
            throw new IOException("not here: " + source);
        }
    }

    static final class DecryptingByteChannel extends OpenOptions<DecryptionOpening<SeekableByteChannel>>
            implements DecryptionOpening<SeekableByteChannel> {
        private final SeekableByteChannel source;

        DecryptingByteChannel(DefaultKeyManager kms, SeekableByteChannel source) {
            super(kms);
            this.source = source;
        }

        @Override
        DecryptionOpening<SeekableByteChannel> self() {
            return this;
        }

        @Override
        public SeekableByteChannel open() throws IOException {
            throw new IOException("not here: " + source);
        }
    }
}
