package io.sealwright.kms.core.engine;

import io.sealwright.kms.RewrapOptions;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.RewrapTransfer;
import io.sealwright.kms.Rewrapping;
import io.sealwright.kms.core.engine.Rewrapper.EncryptAnew;
import io.sealwright.kms.core.engine.Rewrapper.NewHeader;
import io.sealwright.kms.core.engine.Rewrapper.Outcome;
import io.sealwright.kms.core.engine.Rewrapper.Unchanged;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.message.HeaderReader;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.RefusedException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The two forms of re-wrapping; a whole message is a short stream. */
final class RewrapCalls {
    private RewrapCalls() {}

    /** What both forms can be told. */
    abstract static class Options<T extends RewrapOptions<T>> implements RewrapOptions<T> {
        final DefaultKeyManager kms;
        final Rewrapper rewrapper;
        final RecipientChange change;
        private byte @Nullable [] associatedData;
        private boolean allowCompromised;

        Options(DefaultKeyManager kms, Rewrapper rewrapper) {
            this.kms = kms;
            this.rewrapper = rewrapper;
            this.change = rewrapper.renewal();
        }

        abstract T self();

        @Override
        public final T toMasterKeys() {
            change.toMasterKeys();
            return self();
        }

        @Override
        public final T add(String masterKeyUri) {
            change.add(masterKeyUri);
            return self();
        }

        @Override
        public final T remove(String masterKeyUri) {
            change.remove(masterKeyUri);
            return self();
        }

        @Override
        public final T replace(String oldUri, String newUri) {
            change.replace(oldUri, newUri);
            return self();
        }

        @Override
        public final T removeUnknown() {
            change.removeUnknown();
            return self();
        }

        @Override
        public final T associatedData(byte[] data) {
            if (associatedData != null) {
                throw new IllegalStateException("associatedData given twice");
            }
            associatedData = Objects.requireNonNull(data, "associatedData");
            return self();
        }

        @Override
        public final T allowCompromised() {
            allowCompromised = true;
            return self();
        }

        final RewrapResult run(InputStream in, OutputStream out) throws IOException {
            kms.demandOpen();
            HeaderReader.Start start = HeaderReader.read(in);
            Header header = start.header();
            Outcome outcome = rewrapper.plan(header, change, allowCompromised);
            if (outcome instanceof EncryptAnew anew) {
                encryptAnew(anew, start, out);
                return anew.result();
            }
            if (outcome instanceof NewHeader renewed) {
                out.write(renewed.header());
                start.body().transferTo(out);
                out.flush();
                return renewed.result();
            }
            out.write(header.bytes());
            start.body().transferTo(out);
            out.flush();
            return ((Unchanged) outcome).result();
        }

        private void encryptAnew(EncryptAnew anew, HeaderReader.Start start, OutputStream out) throws IOException {
            byte[] data = associatedData;
            if (data == null) {
                throw new RefusedException(
                        ErrorCode.KMS_OPERATION_REFUSED,
                        "The message's body must be encrypted anew.",
                        "It is a direct message or one of a compromised key, and the associated data it is bound to was"
                                + " not given.",
                        "Give it with associatedData(...) (-a on the command line); an empty array if there was none.");
            }
            StreamCalls.encryptAnew(kms, start, data, allowCompromised, anew, out);
        }
    }

    /** A message in memory. */
    static final class Whole extends Options<Rewrapping> implements Rewrapping {
        private final byte[] message;

        Whole(DefaultKeyManager kms, Rewrapper rewrapper, byte[] message) {
            super(kms, rewrapper);
            this.message = message;
        }

        @Override
        Rewrapping self() {
            return this;
        }

        @Override
        public byte[] toBytes() {
            ByteArrayOutputStream out = new ByteArrayOutputStream(message.length + 128);
            rewrap(out);
            return out.toByteArray();
        }

        @Override
        public RewrapResult into(Consumer<byte[]> receiver) {
            ByteArrayOutputStream out = new ByteArrayOutputStream(message.length + 128);
            RewrapResult result = rewrap(out);
            receiver.accept(out.toByteArray());
            return result;
        }

        @Override
        public boolean needed() {
            kms.demandOpen();
            return rewrapper.needed(HeaderParser.parse(message, 0, message.length), change);
        }

        private RewrapResult rewrap(OutputStream out) {
            try {
                return run(new ByteArrayInputStream(message), out);
            } catch (IOException e) {
                throw new KmsBugException("arrays do not fail", e);
            }
        }
    }

    /** A message from a stream. */
    static final class Streamed extends Options<RewrapTransfer> implements RewrapTransfer {
        private final InputStream in;

        Streamed(DefaultKeyManager kms, Rewrapper rewrapper, InputStream in) {
            super(kms, rewrapper);
            this.in = in;
        }

        @Override
        RewrapTransfer self() {
            return this;
        }

        @Override
        public RewrapResult to(OutputStream out) throws IOException {
            return run(in, out);
        }
    }
}
