package io.sealwright.kms.core.message;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes headers: the immutable part first, since keys are derived from it, then what those keys authenticate. */
public final class HeaderWriter {
    private HeaderWriter() {}

    /** H* of the envelope form. */
    public static byte[] envelope(Suite suite, SecurityLevel level, EncryptionContext context, byte[] salt) {
        return immutable(suite.id(), level, Form.ENVELOPE, context, salt, null);
    }

    /** H* of the direct form. */
    public static byte[] direct(
            Suite suite, SecurityLevel level, EncryptionContext context, byte[] salt, byte[] keyId) {
        return immutable(suite.id(), level, Form.DIRECT, context, salt, keyId);
    }

    /** The whole header of level 0: suite 0, no salt, no commitment. */
    public static byte[] clear(EncryptionContext context) {
        return immutable(0, SecurityLevel.NONE, Form.CLEAR, context, new byte[0], null);
    }

    private static byte[] immutable(
            int suiteId,
            SecurityLevel level,
            Form form,
            EncryptionContext context,
            byte[] salt,
            byte @Nullable [] directKeyId) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(128 + context.encodedLength());
        out.writeBytes(Format.MAGIC);
        out.write(Format.VERSION);
        out.write(suiteId);
        out.write(level.id());
        out.write(Format.formId(form));
        u16(out, 0);
        u16(out, context.encodedLength());
        out.writeBytes(context.encoded());
        out.writeBytes(salt);
        out.write(0);
        out.write(0);
        if (directKeyId != null) {
            out.write(RecipientKind.NAMED_KEY.id());
            out.writeBytes(directKeyId);
        }
        return out.toByteArray();
    }

    /** H*, commitment and the mutable part up to the MAC. */
    public static byte[] withRecipients(byte[] immutable, byte[] commitment, int wanted, List<Recipient> recipients) {
        if (recipients.isEmpty() || recipients.size() > Format.MAX_RECIPIENTS) {
            throw new IllegalArgumentException("a message has 1 to 64 recipients, not " + recipients.size());
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        out.writeBytes(immutable);
        out.writeBytes(commitment);
        out.write(wanted);
        out.write(recipients.size());
        for (Recipient recipient : recipients) {
            byte[] id = recipient.id();
            byte[] wrap = recipient.wrap();
            out.write(recipient.kind());
            u16(out, id.length);
            out.writeBytes(id);
            u16(out, wrap.length);
            out.writeBytes(wrap);
        }
        if (out.size() + Format.MAC_BYTES > Format.MAX_HEADER_BYTES) {
            throw new IllegalArgumentException("the recipients make the header longer than 64 KiB");
        }
        return out.toByteArray();
    }

    /** Two parts in a row. */
    public static byte[] join(byte[] first, byte[] second) {
        byte[] both = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static void u16(ByteArrayOutputStream out, int value) {
        out.write(value >>> 8);
        out.write(value);
    }
}
