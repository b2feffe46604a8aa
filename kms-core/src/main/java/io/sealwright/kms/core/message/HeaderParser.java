package io.sealwright.kms.core.message;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.UnsupportedMessageException;
import io.sealwright.kms.spi.Recipient;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads headers. Every length is checked against what is there and against its bound before it is used; nothing is
 * allocated by a length that was not checked. Whatever the input, only {@link MalformedMessageException} and
 * {@link UnsupportedMessageException} come out.
 */
public final class HeaderParser {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private HeaderParser() {}

    /** The header at the beginning of a whole message. */
    public static Header parse(byte[] in, int from, int to) {
        Header header = tryParse(in, from, to);
        if (header == null) {
            throw malformed("It ends inside its header.");
        }
        return header;
    }

    /**
     * The header at the beginning of what has been read of a message so far.
     *
     * @return null if more bytes are needed; never null once 1 MiB is there (64 KiB, unless it is of the form of pads)
     */
    public static @Nullable Header tryParse(byte[] in, int from, int to) {
        return attempt(in, from, to).header();
    }

    /**
     * What came of reading the bytes that are there.
     *
     * @param header null if more bytes are needed
     * @param needed with fewer bytes in all than these another attempt is in vain; 0 beside a header
     */
    record Attempt(@Nullable Header header, int needed) {}

    /** As {@link #tryParse}, for a reader that has to know how long to wait: at most one attempt a field then. */
    static Attempt attempt(byte[] in, int from, int to) {
        Attempt attempt = attemptParcel(in, from, to);
        if (attempt.header() != null && attempt.header().context().hasReservedNames()) {
            throw malformed("Its encryption context uses a reserved name: it is an export of a key or a backup, which"
                    + " kms key import and kms backup restore open.");
        }
        return attempt;
    }

    /** As {@link #attempt}, reserved names in the context allowed: for exports and backups. */
    static Attempt attemptParcel(byte[] in, int from, int to) {
        Cursor cursor = new Cursor(in, from, to);
        try {
            return new Attempt(read(cursor), 0);
        } catch (Cursor.Cut e) {
            return new Attempt(null, e.needed);
        }
    }

    /**
     * Where the commitment of a plain header (direct or envelope form, no extensions) begins, or -1 for any other: the
     * short way to a cached header. Checks nothing but its own reads, since the cache compares every byte.
     */
    public static int commitmentOffset(byte[] in, int from, int to) {
        if (to - from < Format.DIRECT_COMMITMENT_OFFSET + Format.COMMITMENT_BYTES) {
            return -1;
        }
        int form = in[from + Format.FORM_OFFSET];
        int context = u16(in, from + Format.CONTEXT_LENGTH_OFFSET);
        int plain = form == Format.formId(Form.ENVELOPE)
                ? Format.ENVELOPE_COMMITMENT_OFFSET
                : form == Format.formId(Form.DIRECT) ? Format.DIRECT_COMMITMENT_OFFSET : Integer.MIN_VALUE / 2;
        int offset = from + plain + context;
        return plain > 0 && offset <= to - Format.COMMITMENT_BYTES ? offset : -1;
    }

    /** Whether the bytes seem to be a message of level 0, which has no key to look for; the parser decides. */
    public static boolean looksClear(byte[] in, int from, int to) {
        return to - from > Format.FORM_OFFSET && in[from + Format.FORM_OFFSET] == Format.formId(Form.CLEAR);
    }

    /** Eight bytes as a number. */
    public static long fingerprint(byte[] in, int offset) {
        return (long) LONG.get(in, offset);
    }

    private static int u16(byte[] in, int at) {
        return (in[at] & 0xFF) << 8 | in[at + 1] & 0xFF;
    }

    private static Header read(Cursor in) throws Cursor.Cut {
        Header.Fields fields = new Header.Fields();
        in.magic();
        int version = in.u8();
        if (version != Format.VERSION) {
            throw new UnsupportedMessageException(
                    ErrorCode.KMS_VERSION_UNSUPPORTED,
                    "The message has format version " + version + ".",
                    "This release reads version " + Format.VERSION + " only.",
                    "Open it with a newer release, or check that it is a message at all.");
        }
        fields.suiteId = in.u8();
        fields.levelId = in.u8();
        int formId = in.u8();
        fields.form = Format.formById(formId)
                .orElseThrow(() -> new UnsupportedMessageException(
                        ErrorCode.KMS_EXTENSION_UNSUPPORTED,
                        "The message has the unknown form " + formId + ".",
                        "This release does not know how its key is found.",
                        "Open the message with a newer release."));
        in.limit(fields.form == Form.PADS ? Format.MAX_PADS_HEADER_BYTES : Format.MAX_HEADER_BYTES);
        fields.flags = in.u16();
        if ((fields.flags & ~Format.FLAG_PUBLIC) != 0) {
            throw new UnsupportedMessageException(
                    ErrorCode.KMS_EXTENSION_UNSUPPORTED,
                    "The message has unknown flags.",
                    "This release does not know what they demand.",
                    "Open the message with a newer release.");
        }
        fields.context = context(in.bytes(in.bounded(in.u16(), EncryptionContext.MAX_BYTES, "context")));
        boolean rooted = fields.form != Form.PADS && fields.form != Form.CLEAR;
        if (rooted) {
            fields.saltOffset = in.position();
            in.skip(Format.SALT_BYTES);
        }
        fields.criticalExtensions = extensions(in, 0);
        fields.skippableExtensions = extensions(in, fields.criticalExtensions.size());
        boolean dataKey = form(in, fields);
        if (!dataKey && (fields.flags & Format.FLAG_PUBLIC) != 0) {
            throw malformed("It says that it has a recipient with a public key, and has no recipients.");
        }
        fields.immutableLength = in.position();
        if (rooted) {
            in.skip(Format.COMMITMENT_BYTES);
        }
        if (dataKey) {
            recipients(in, fields);
            in.skip(Format.MAC_BYTES);
        }
        fields.bytes = in.taken();
        return new Header(fields);
    }

    /** Reads what only this form has; tells whether recipients follow. */
    private static boolean form(Cursor in, Header.Fields fields) throws Cursor.Cut {
        switch (fields.form) {
            case DIRECT -> {
                fields.directKind = in.u8();
                if (fields.directKind == 0) {
                    throw malformed("Its key is of no kind.");
                }
                fields.directKeyId = in.bytes(Format.KEY_ID_BYTES);
                return false;
            }
            case ENVELOPE -> {
                return true;
            }
            case SOURCES -> {
                int sources = in.u8();
                if (sources == 0 || sources > 7) {
                    throw malformed("Its sources are none that exist.");
                }
                in.skip(in.u8() * Format.KEY_ID_BYTES);
                // A data key and a second secret have recipients; the key of the pair alone has none.
                return (sources & 6) != 0;
            }
            case PADS -> {
                in.skip(in.bounded(in.u16(), Format.MAX_BANK_NAME_BYTES, "key bank's name"));
                in.u8();
                in.skip(in.bounded(in.u32(), Format.MAX_PADS, "number of pads") * 16);
                return false;
            }
            case CLEAR -> {
                return false;
            }
        }
        throw new AssertionError(fields.form);
    }

    private static List<Integer> extensions(Cursor in, int before) throws Cursor.Cut {
        int count = in.bounded(in.u8(), Format.MAX_EXTENSIONS - before, "number of extensions");
        List<Integer> ids = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int id = in.u16();
            if (!ids.isEmpty() && ids.get(ids.size() - 1) >= id) {
                throw malformed("Its extensions are not sorted, or one stands twice.");
            }
            ids.add(id);
            in.skip(in.u16());
            in.within(Format.MAX_HEADER_BYTES);
        }
        // A list without extensions has its count, which may be the byte too many of a header of pads.
        in.within(Format.MAX_HEADER_BYTES);
        return ids;
    }

    private static void recipients(Cursor in, Header.Fields fields) throws Cursor.Cut {
        fields.recipientsFollow = true;
        fields.wanted = in.count("number of recipients wanted");
        int present = in.count("number of recipients");
        List<Recipient> recipients = new ArrayList<>(present);
        for (int i = 0; i < present; i++) {
            int kind = in.u8();
            byte[] id = in.bytes(in.bounded(in.u16(), Recipient.MAX_ID_BYTES, "recipient's id"));
            byte[] wrap = in.bytes(in.bounded(in.u16(), Recipient.MAX_WRAP_BYTES, "recipient's wrap"));
            if (kind == 0 || id.length == 0 || wrap.length == 0) {
                throw malformed("One of its recipients is empty.");
            }
            if (Format.isPublicKind(kind) && (fields.flags & Format.FLAG_PUBLIC) == 0) {
                throw malformed("It has a recipient with a public key, and does not say so.");
            }
            recipients.add(new Recipient(kind, id, wrap));
        }
        fields.recipients = recipients;
    }

    private static EncryptionContext context(byte[] encoded) {
        EncryptionContext context;
        try {
            context = EncryptionContext.decode(encoded);
        } catch (IllegalArgumentException e) {
            throw malformed("Its encryption context is not in canonical form.");
        }
        return context;
    }

    /** The error for bytes that are no message. */
    public static MalformedMessageException malformed(String why) {
        return new MalformedMessageException(
                "This is no message of Sealwright, or a damaged one.",
                why,
                "Check that the bytes are complete, and neither decoded nor encoded once too often.");
    }

    /** Reads forward within bounds. */
    private static final class Cursor {
        /** More bytes are needed; never leaves this class. */
        static final class Cut extends Exception {
            private static final long serialVersionUID = 1L;

            final int needed;

            Cut(int needed) {
                super(null, null, false, false);
                this.needed = needed;
            }
        }

        private final byte[] in;
        private final int from;
        private final int to;
        private int at;
        private int limit = Format.MAX_PADS_HEADER_BYTES;

        Cursor(byte[] in, int from, int to) {
            this.in = in;
            this.from = from;
            this.to = to;
            this.at = from;
        }

        int position() {
            return at - from;
        }

        /** The most bytes a header of the form that was just read can have. */
        void limit(int most) {
            limit = most;
        }

        /** Compares as many bytes of the magic as there are, so that no one waits for more of what is no message. */
        void magic() throws Cut {
            int there = Math.min(Format.MAGIC.length, to - from);
            if (there == 0 || !Arrays.equals(in, from, from + there, Format.MAGIC, 0, there)) {
                throw malformed(there == 0 ? "It is empty." : "It does not begin with the format's four bytes.");
            }
            if (there < Format.MAGIC.length) {
                throw new Cut(there + 1);
            }
            skip(there);
        }

        int u8() throws Cut {
            demand(1);
            return in[at++] & 0xFF;
        }

        int u16() throws Cut {
            demand(2);
            at += 2;
            return HeaderParser.u16(in, at - 2);
        }

        /** An unsigned number of four bytes; over 2^31 it is negative, which {@link #bounded} refuses. */
        int u32() throws Cut {
            return u16() << 16 | u16();
        }

        int count(String what) throws Cut {
            int count = bounded(u8(), Format.MAX_RECIPIENTS, what);
            if (count == 0) {
                throw malformed("Its " + what + " is zero.");
            }
            return count;
        }

        int bounded(int length, int most, String what) {
            if (length < 0 || length > most) {
                throw malformed("Its " + what + " is over the limit of " + most + ".");
            }
            return length;
        }

        byte[] bytes(int length) throws Cut {
            demand(length);
            at += length;
            return Arrays.copyOfRange(in, at - length, at);
        }

        void skip(int length) throws Cut {
            demand(length);
            at += length;
        }

        void within(int most) {
            if (at - from > most) {
                throw tooLong(most);
            }
        }

        private static MalformedMessageException tooLong(int most) {
            return malformed("Its header is over the limit of " + most + " bytes.");
        }

        byte[] taken() {
            return Arrays.copyOfRange(in, from, at);
        }

        private void demand(int length) throws Cut {
            // What is over the limit is refused before anyone waits for it.
            if (length > limit - (at - from)) {
                throw tooLong(limit);
            }
            if (to - at < length) {
                throw new Cut(at - from + length);
            }
        }
    }
}
