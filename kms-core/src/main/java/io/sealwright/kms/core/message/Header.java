package io.sealwright.kms.core.message;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.UnsupportedMessageException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A header as it was read or written: well formed, not yet authenticated. Owns its bytes. Immutable.
 *
 * <p>The immutable part (H*, {@link #immutableLength} bytes) is what keys are derived from; the commitment follows, then,
 * where recipients follow, the mutable part.
 */
public final class Header {
    private static final HexFormat HEX = HexFormat.of();

    final byte[] bytes;
    final int suiteId;
    final int levelId;
    final Form form;
    final int flags;
    final EncryptionContext context;
    final int saltOffset;
    final List<Integer> criticalExtensions;
    final List<Integer> skippableExtensions;
    final byte @Nullable [] directKeyId;
    final int directKind;
    final int immutableLength;
    final boolean recipientsFollow;
    final int wanted;
    final List<Recipient> recipients;

    Header(Fields fields) {
        this.bytes = fields.bytes;
        this.suiteId = fields.suiteId;
        this.levelId = fields.levelId;
        this.form = fields.form;
        this.flags = fields.flags;
        this.context = fields.context;
        this.saltOffset = fields.saltOffset;
        this.criticalExtensions = List.copyOf(fields.criticalExtensions);
        this.skippableExtensions = List.copyOf(fields.skippableExtensions);
        this.directKeyId = fields.directKeyId;
        this.directKind = fields.directKind;
        this.immutableLength = fields.immutableLength;
        this.recipientsFollow = fields.recipientsFollow;
        this.wanted = fields.wanted;
        this.recipients = List.copyOf(fields.recipients);
    }

    /** What a parser or writer collects before the header stands. */
    static final class Fields {
        byte[] bytes = new byte[0];
        int suiteId;
        int levelId;
        Form form = Form.CLEAR;
        int flags;
        EncryptionContext context = EncryptionContext.empty();
        int saltOffset = -1;
        List<Integer> criticalExtensions = List.of();
        List<Integer> skippableExtensions = List.of();
        byte @Nullable [] directKeyId;
        int directKind;
        int immutableLength;
        boolean recipientsFollow;
        int wanted;
        List<Recipient> recipients = List.of();
    }

    /** Length of the whole header; the body begins there. */
    public int length() {
        return bytes.length;
    }

    /** The whole header; not copied, not to be changed. */
    public byte[] bytes() {
        return bytes;
    }

    /** Length of the immutable part before the commitment. */
    public int immutableLength() {
        return immutableLength;
    }

    /** The immutable part before the commitment, H*; a copy. */
    public byte[] immutable() {
        return Arrays.copyOf(bytes, immutableLength);
    }

    public int suiteId() {
        return suiteId;
    }

    public int levelId() {
        return levelId;
    }

    public Form form() {
        return form;
    }

    public boolean isPublic() {
        return (flags & Format.FLAG_PUBLIC) != 0;
    }

    public EncryptionContext context() {
        return context;
    }

    /** The salt; a copy. Direct, envelope and sources forms only. */
    public byte[] salt() {
        return Arrays.copyOfRange(bytes, saltOffset, saltOffset + Format.SALT_BYTES);
    }

    /** The commitment; a copy. Direct, envelope and sources forms only. */
    public byte[] commitment() {
        return Arrays.copyOfRange(bytes, immutableLength, immutableLength + Format.COMMITMENT_BYTES);
    }

    /** The first eight bytes of the commitment, by which caches find the header. */
    public long fingerprint() {
        return HeaderParser.fingerprint(bytes, immutableLength);
    }

    /** Whether a mutable part with recipients and a MAC follows the commitment. */
    public boolean recipientsFollow() {
        return recipientsFollow;
    }

    /** How many recipients the sealer wanted. */
    public int wanted() {
        return wanted;
    }

    public List<Recipient> recipients() {
        return recipients;
    }

    /** The version id of the named key a direct message derives from; a copy, or null in other forms. */
    public byte @Nullable [] directKeyId() {
        return directKeyId == null ? null : directKeyId.clone();
    }

    /** The kind of the direct form's key. */
    public int directKind() {
        return directKind;
    }

    /** Length of the part that the header's MAC covers. */
    public int authenticatedLength() {
        return bytes.length - Format.MAC_BYTES;
    }

    /**
     * Refuses what this release cannot honour: critical extensions, since none is defined for it.
     *
     * @throws UnsupportedMessageException naming the extension
     */
    public void demandKnownExtensions() {
        if (!criticalExtensions.isEmpty()) {
            throw new UnsupportedMessageException(
                    ErrorCode.KMS_EXTENSION_UNSUPPORTED,
                    "The message has the critical extension " + criticalExtensions.get(0) + ".",
                    "This release does not know it, and it must not be ignored.",
                    "Open the message with a newer release.");
        }
    }

    /** What the header says, for people. */
    public MessageInfo info() {
        List<Integer> extensions = new java.util.ArrayList<>(criticalExtensions);
        extensions.addAll(skippableExtensions);
        return new MessageInfo(
                Format.VERSION,
                suiteId,
                Format.suiteById(suiteId).orElse(null),
                Format.levelById(levelId).orElse(null),
                levelId,
                form,
                directKeyId == null ? null : HEX.formatHex(directKeyId),
                wanted,
                recipients.stream().map(Header::info).toList(),
                context,
                extensions,
                bytes.length);
    }

    /** What a recipient says, for people. */
    public static RecipientInfo info(Recipient recipient) {
        String kind = RecipientKind.byId(recipient.kind())
                .map(known -> known.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'))
                .orElse("kind-" + recipient.kind());
        return new RecipientInfo(kind, idText(recipient), keyCheck(recipient), recipient.wrap().length);
    }

    /** A recipient's id for people: version id, printable text, or hexadecimal. */
    public static String idText(Recipient recipient) {
        byte[] id = recipient.id();
        if (keyCheck(recipient) != null) {
            return HEX.formatHex(id, 0, Format.KEY_ID_BYTES);
        }
        String text = new String(id, StandardCharsets.US_ASCII);
        return text.chars().allMatch(c -> c > 0x20 && c < 0x7F) ? text : HEX.formatHex(id);
    }

    private static @Nullable String keyCheck(Recipient recipient) {
        boolean inProcess = recipient.kind() == RecipientKind.IN_PROCESS.id()
                || recipient.kind() == RecipientKind.NAMED_KEY.id()
                || recipient.kind() == RecipientKind.PASSPHRASE.id();
        byte[] id = recipient.id();
        return inProcess && id.length == 24 ? HEX.formatHex(id, Format.KEY_ID_BYTES, 24) : null;
    }
}
