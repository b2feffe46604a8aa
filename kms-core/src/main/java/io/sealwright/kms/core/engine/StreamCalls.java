package io.sealwright.kms.core.engine;

import io.sealwright.kms.DecryptionOpening;
import io.sealwright.kms.DecryptionTransfer;
import io.sealwright.kms.EncryptingChannel;
import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.EncryptionOpening;
import io.sealwright.kms.EncryptionTransfer;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.chunked.ChannelSource;
import io.sealwright.kms.core.chunked.ChunkedStreams;
import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.crypto.Xaes256Gcm;
import io.sealwright.kms.core.engine.Rewrapper.EncryptAnew;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderReader;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.core.opening.OpeningEpoch;
import io.sealwright.kms.core.sealing.ChunkedStart;
import io.sealwright.kms.core.sealing.SealingTarget;
import io.sealwright.kms.error.ClosedException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Objects;

/** The forms that stream: they settle options, find keys, and hand the bytes to {@code core.chunked}. */
final class StreamCalls {
    /** The longest body of the suites that are opened as a whole. */
    private static final int MOST_SMALL_BODY = Bodies.MOST_SMALL_BYTES + Xaes256Gcm.NONCE_BYTES + Xaes256Gcm.TAG_BYTES;

    private StreamCalls() {}

    // ---- sealing

    /** The keys of one new message; a target may be evicted between two steps, so it is looked for again. */
    private static ChunkedStart start(SealOptions<?> options) {
        options.demandStreamSuite();
        while (true) {
            SealingTarget target = options.target();
            try {
                return target.startChunked(options.associatedData());
            } catch (ClosedException e) {
                // Unless manager, master key or store was closed: that would not end.
                if (options.kms.closed() || !target.closed()) {
                    throw e;
                }
            }
        }
    }

    static final class Encrypting extends SealOptions<EncryptionTransfer> implements EncryptionTransfer {
        private final InputStream plaintext;

        Encrypting(DefaultKeyManager kms, InputStream plaintext) {
            super(kms);
            this.plaintext = Objects.requireNonNull(plaintext, "plaintext");
        }

        @Override
        EncryptionTransfer self() {
            return this;
        }

        @Override
        public long to(OutputStream out) throws IOException {
            Objects.requireNonNull(out, "out");
            ChunkedStreams streams = kms.streams();
            return clear()
                    ? streams.copy(HeaderWriter.clear(context()), plaintext, out, kms::demandOpen)
                    : streams.seal(start(this), plaintext, out, kms::demandOpen);
        }
    }

    static final class EncryptingStream extends SealOptions<EncryptionOpening<EncryptingOutputStream>>
            implements EncryptionOpening<EncryptingOutputStream> {
        private final OutputStream target;

        EncryptingStream(DefaultKeyManager kms, OutputStream target) {
            super(kms);
            this.target = Objects.requireNonNull(target, "target");
        }

        @Override
        EncryptionOpening<EncryptingOutputStream> self() {
            return this;
        }

        @Override
        public EncryptingOutputStream open() throws IOException {
            ChunkedStreams streams = kms.streams();
            return clear()
                    ? streams.copier(HeaderWriter.clear(context()), target, kms::demandOpen)
                    : streams.sealer(start(this), target, kms::demandOpen);
        }
    }

    static final class EncryptingByteChannel extends SealOptions<EncryptionOpening<EncryptingChannel>>
            implements EncryptionOpening<EncryptingChannel> {
        private final WritableByteChannel target;

        EncryptingByteChannel(DefaultKeyManager kms, WritableByteChannel target) {
            super(kms);
            this.target = Objects.requireNonNull(target, "target");
        }

        @Override
        EncryptionOpening<EncryptingChannel> self() {
            return this;
        }

        @Override
        public EncryptingChannel open() throws IOException {
            ChunkedStreams streams = kms.streams();
            return clear()
                    ? streams.copier(HeaderWriter.clear(context()), target, kms::demandOpen)
                    : streams.sealer(start(this), target, kms::demandOpen);
        }
    }

    // ---- opening

    /** The keys of the chunked body that begins with that head. */
    private static ChunkKeys keys(
            DefaultKeyManager kms, Header header, OpeningEpoch found, byte[] head, byte[] aad, OpenPolicy policy) {
        OpeningEpoch epoch = found;
        while (true) {
            ChunkKeys keys = epoch.chunkKeys(head, 0, head.length, aad);
            if (keys != null) {
                return keys;
            }
            epoch = kms.openings().find(header, policy);
        }
    }

    /** Opens a body of suite 1 or 2 as a whole; longer ones than there can be are refused unread. */
    private static byte[] openSmall(
            DefaultKeyManager kms, Header header, InputStream body, byte[] aad, OpenPolicy policy) throws IOException {
        byte[] message = HeaderWriter.join(header.bytes(), ChunkedStreams.small(body, MOST_SMALL_BODY));
        return kms.bodies().open(message, 0, message.length, aad, policy);
    }

    /** The plaintext behind a header that has been read. */
    static InputStream opened(DefaultKeyManager kms, HeaderReader.Start start, byte[] aad, OpenPolicy policy)
            throws IOException {
        ChunkedStreams streams = kms.streams();
        Header header = start.header();
        if (kms.openings().clear(header, policy)) {
            Bodies.demandNoAssociatedData(aad);
            return streams.clear(start.body(), kms::demandOpen);
        }
        OpeningEpoch epoch = kms.openings().find(header, policy);
        if (epoch.suite() != Suite.CHUNKED_AES_256_GCM) {
            return streams.opened(openSmall(kms, header, start.body(), aad, policy), kms::demandOpen);
        }
        byte[] head = ChunkedStreams.head(start.body());
        return streams.opener(keys(kms, header, epoch, head, aad, policy), start.body(), kms::demandOpen);
    }

    static final class Decrypting extends OpenOptions<DecryptionTransfer> implements DecryptionTransfer {
        private final InputStream message;

        Decrypting(DefaultKeyManager kms, InputStream message) {
            super(kms);
            this.message = Objects.requireNonNull(message, "message");
        }

        @Override
        DecryptionTransfer self() {
            return this;
        }

        @Override
        public long to(OutputStream out) throws IOException {
            Objects.requireNonNull(out, "out");
            kms.demandOpen();
            try (InputStream plaintext = opened(kms, HeaderReader.read(message), associatedData(), policy())) {
                long written = plaintext.transferTo(out);
                out.flush();
                return written;
            }
        }
    }

    static final class DecryptingStream extends OpenOptions<DecryptionOpening<InputStream>>
            implements DecryptionOpening<InputStream> {
        private final InputStream source;

        DecryptingStream(DefaultKeyManager kms, InputStream source) {
            super(kms);
            this.source = Objects.requireNonNull(source, "source");
        }

        @Override
        DecryptionOpening<InputStream> self() {
            return this;
        }

        @Override
        public InputStream open() throws IOException {
            kms.demandOpen();
            return opened(kms, HeaderReader.read(source), associatedData(), policy());
        }
    }

    static final class DecryptingByteChannel extends OpenOptions<DecryptionOpening<SeekableByteChannel>>
            implements DecryptionOpening<SeekableByteChannel> {
        private final SeekableByteChannel source;

        DecryptingByteChannel(DefaultKeyManager kms, SeekableByteChannel source) {
            super(kms);
            this.source = Objects.requireNonNull(source, "source");
        }

        @Override
        DecryptionOpening<SeekableByteChannel> self() {
            return this;
        }

        @Override
        public SeekableByteChannel open() throws IOException {
            ChunkedStreams streams = kms.streams();
            byte[] aad = associatedData();
            OpenPolicy policy = policy();
            ChannelSource bytes = new ChannelSource(source);
            HeaderReader.Start start = HeaderReader.read(bytes.stream());
            Header header = start.header();
            if (kms.openings().clear(header, policy)) {
                Bodies.demandNoAssociatedData(aad);
                return streams.clear(bytes, header.length(), kms::demandOpen);
            }
            OpeningEpoch epoch = kms.openings().find(header, policy);
            if (epoch.suite() != Suite.CHUNKED_AES_256_GCM) {
                return streams.openedChannel(openSmall(kms, header, start.body(), aad, policy), kms::demandOpen);
            }
            byte[] head = ChunkedStreams.head(start.body());
            return streams.opener(keys(kms, header, epoch, head, aad, policy), bytes, header.length(), kms::demandOpen);
        }
    }

    // ---- re-wrapping

    /** Decrypts a message and encrypts it for the same recipients, as it comes. */
    static void encryptAnew(
            DefaultKeyManager kms,
            HeaderReader.Start message,
            byte[] associatedData,
            boolean allowCompromised,
            EncryptAnew anew,
            OutputStream out)
            throws IOException {
        Header header = message.header();
        OpenPolicy policy = new OpenPolicy(header.context(), OpenPolicy.ENCRYPTED, false, allowCompromised);
        try (InputStream plaintext = opened(kms, message, associatedData, policy)) {
            if (header.suiteId() == Suite.CHUNKED_AES_256_GCM.id()) {
                Encrypting encryption = new Encrypting(kms, plaintext);
                encryption.recipients(anew.entries(), anew.direct());
                encryption
                        .context(header.context())
                        .associatedData(associatedData)
                        .to(out);
                return;
            }
            byte[] small = ChunkedStreams.small(plaintext, Bodies.MOST_SMALL_BYTES);
            EncryptionCall encryption = new EncryptionCall(kms, small, 0, small.length, true);
            encryption.recipients(anew.entries(), anew.direct());
            if (header.suiteId() == Suite.XAES_256_GCM.id()) {
                encryption.suite(Suite.XAES_256_GCM); // chosen where a repeated snapshot must repeat no nonce
            }
            out.write(encryption
                    .context(header.context())
                    .associatedData(associatedData)
                    .toBytes());
            out.flush();
        }
    }
}
