package io.sealwright.kms.core.message;

import io.sealwright.kms.core.crypto.ChunkedCipher;
import io.sealwright.kms.core.crypto.GcmCipher;
import io.sealwright.kms.core.crypto.HashFunction;
import io.sealwright.kms.core.crypto.Hkdf;
import io.sealwright.kms.core.crypto.Hmac;
import io.sealwright.kms.core.crypto.Xaes256Gcm;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds messages field by field as {@code docs/FORMAT.md} says, right ones and wrong ones. Shares nothing with the
 * code under test but the primitives, so that a mistake in the engine cannot hide in the vectors.
 */
final class MessageBuilder {
    private static final byte[] NONE = {};

    private byte[] magic = {(byte) 0x8B, 0x53, 0x4C, 0x57};
    private int version = 1;
    private int suite = 1;
    private int level = 1;
    private int form = 2;
    private int flags;
    private byte[] context = NONE;
    private byte[] salt = range(0x40, 32);
    private byte[] critical = {0};
    private byte[] skippable = {0};
    private int directKind = 2;
    private byte[] directId = NONE;
    private byte[] formFields = NONE;
    private byte[] root = range(0x80, 32);
    private int wanted = -1;
    private final List<Recipient> recipients = new ArrayList<>();
    private byte[] aad = NONE;
    private byte[] plaintext = NONE;
    private byte[] nonce = NONE;

    /** A recipient as it stands in the header. */
    record Recipient(int kind, byte[] id, byte[] wrap) {}

    /** A key held in process, and what is derived from it. */
    record Key(byte[] versionId, byte[] material) {
        byte[] derived(String label, int length) {
            return hkdf(NONE, material, ascii(label), length);
        }

        byte[] recipientId() {
            return concat(versionId, derived("check", 8));
        }

        byte[] wrapAad(int purpose, byte[] context) {
            return concat(
                    ascii("sealwright/v1"), new byte[] {(byte) purpose}, u16(versionId.length), versionId, context);
        }

        byte[] wrap(byte[] secret, int purpose, byte[] context, byte[] nonce) {
            try {
                return Xaes256Gcm.wrap(derived("wrap", 32), nonce, secret, wrapAad(purpose, context), null);
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** A message in its named fields, and what was derived on the way. */
    static final class Message {
        final Map<String, byte[]> fields = new LinkedHashMap<>();
        final Map<String, byte[]> steps = new LinkedHashMap<>();

        byte[] bytes() {
            return concat(fields.values().toArray(byte[][]::new));
        }

        /** Where a field begins. */
        int offset(String field) {
            int at = 0;
            for (Map.Entry<String, byte[]> entry : fields.entrySet()) {
                if (entry.getKey().equals(field)) {
                    return at;
                }
                at += entry.getValue().length;
            }
            throw new IllegalArgumentException("no field " + field);
        }

        /** The bytes with the lowest bit of a field's last byte flipped. */
        byte[] flipped(String field) {
            byte[] changed = bytes();
            changed[offset(field) + fields.get(field).length - 1] ^= 1;
            return changed;
        }

        /** The bytes with another content of a field, of any length. */
        byte[] with(String field, byte[] content) {
            offset(field);
            Map<String, byte[]> changed = new LinkedHashMap<>(fields);
            changed.put(field, content);
            return concat(changed.values().toArray(byte[][]::new));
        }

        /** The bytes before a field. */
        byte[] before(String field) {
            return Arrays.copyOf(bytes(), offset(field));
        }
    }

    MessageBuilder magic(byte[] value) {
        magic = value;
        return this;
    }

    MessageBuilder version(int value) {
        version = value;
        return this;
    }

    MessageBuilder suite(int value) {
        suite = value;
        return this;
    }

    MessageBuilder level(int value) {
        level = value;
        return this;
    }

    MessageBuilder form(int value) {
        form = value;
        return this;
    }

    MessageBuilder flags(int value) {
        flags = value;
        return this;
    }

    /** Pairs, names and values in turn, encoded in this order. */
    MessageBuilder context(String... pairs) {
        context = encoded(pairs);
        return this;
    }

    MessageBuilder rawContext(byte[] value) {
        context = value;
        return this;
    }

    MessageBuilder salt(byte[] value) {
        salt = value;
        return this;
    }

    /** The whole list, count included. */
    MessageBuilder critical(byte[] value) {
        critical = value;
        return this;
    }

    /** The whole list, count included. */
    MessageBuilder skippable(byte[] value) {
        skippable = value;
        return this;
    }

    MessageBuilder direct(int kind, byte[] id, byte[] directRoot) {
        form = 1;
        directKind = kind;
        directId = id;
        root = directRoot;
        return this;
    }

    MessageBuilder direct(Key key) {
        return direct(2, key.versionId(), key.derived("direct", 32));
    }

    /** What only the forms 3 and 4 have. */
    MessageBuilder formFields(byte[] value) {
        formFields = value;
        return this;
    }

    MessageBuilder root(byte[] value) {
        root = value;
        return this;
    }

    MessageBuilder wanted(int value) {
        wanted = value;
        return this;
    }

    MessageBuilder recipient(int kind, byte[] id, byte[] wrap) {
        recipients.add(new Recipient(kind, id, wrap));
        return this;
    }

    /** As {@link #recipient(int, Key)}, with something before what the key wraps. */
    MessageBuilder wrapped(int kind, byte[] id, Key key, byte[] before) {
        byte[] wrapNonce = range(0x10 + 0x20 * recipients.size(), 24);
        return recipient(kind, id, concat(before, key.wrap(root, 1, context, wrapNonce)));
    }

    /** A recipient that wraps this builder's root, bound to this builder's context: set both before. */
    MessageBuilder recipient(int kind, Key key) {
        byte[] wrapNonce = range(0x10 + 0x20 * recipients.size(), 24);
        return recipient(kind, key.recipientId(), key.wrap(root, 1, context, wrapNonce));
    }

    MessageBuilder aad(byte[] value) {
        aad = value;
        return this;
    }

    MessageBuilder plaintext(byte[] value) {
        plaintext = value;
        return this;
    }

    byte[] root() {
        return root;
    }

    byte[] context() {
        return context;
    }

    byte[] plaintext() {
        return plaintext;
    }

    byte[] aad() {
        return aad;
    }

    /** Derives, authenticates, seals. */
    Message build() {
        Message out = new Message();
        out.fields.put("magic", magic);
        out.fields.put("version", u8(version));
        out.fields.put("suite", u8(suite));
        out.fields.put("level", u8(level));
        out.fields.put("form", u8(form));
        out.fields.put("flags", u16(flags));
        out.fields.put("contextLength", u16(context.length));
        out.fields.put("context", context);
        boolean rooted = form != 4 && form != 5;
        if (rooted) {
            out.fields.put("salt", salt);
        }
        out.fields.put("criticalExtensions", critical);
        out.fields.put("skippableExtensions", skippable);
        if (form == 1) {
            out.fields.put("keyKind", u8(directKind));
            out.fields.put("keyId", directId);
        }
        if (form == 3 || form == 4) {
            out.fields.put("formFields", formFields);
        }
        if (!rooted) {
            out.fields.put("body", plaintext);
            return out;
        }
        byte[] immutable = out.bytes();
        out.steps.put("root", root);
        out.steps.put("immutable", immutable);
        byte[] prk = extract(salt, root);
        out.steps.put("prk", prk);
        byte[] commitment = expand(prk, concat(ascii("commit"), immutable), 32);
        out.fields.put("commitment", commitment);
        boolean recipientsFollow = form == 2 || form == 3 && (formFields[0] & 6) != 0;
        if (recipientsFollow) {
            putRecipients(out);
            byte[] macKey = expand(prk, concat(ascii("mac"), immutable), 32);
            out.steps.put("macKey", macKey);
            out.fields.put("mac", hmac(macKey, out.bytes()));
        }
        try {
            putBody(out, prk, immutable);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
        return out;
    }

    private void putRecipients(Message out) {
        out.fields.put("wanted", u8(wanted < 0 ? recipients.size() : wanted));
        out.fields.put("present", u8(recipients.size()));
        int number = 1;
        for (Recipient recipient : recipients) {
            String name = "recipient" + number++;
            out.fields.put(name + "Kind", u8(recipient.kind()));
            out.fields.put(name + "IdLength", u16(recipient.id().length));
            out.fields.put(name + "Id", recipient.id());
            out.fields.put(name + "WrapLength", u16(recipient.wrap().length));
            out.fields.put(name + "Wrap", recipient.wrap());
        }
    }

    private void putBody(Message out, byte[] prk, byte[] immutable) throws GeneralSecurityException {
        String label = suite == 4 ? "stream" : "key";
        byte[] key = expand(prk, concat(ascii(label), immutable), 32);
        out.steps.put("bodyKey", key);
        if (suite == 4) {
            nonce = range(0xC0, 24);
            byte[] body = ChunkedCipher.seal(key, nonce, aad, plaintext, null);
            out.fields.put("chunkSalt", Arrays.copyOf(body, 24));
            out.fields.put("chunkCommitment", Arrays.copyOfRange(body, 24, 56));
            for (int at = 56, number = 0; at < body.length; at += ChunkedCipher.SEALED_CHUNK_BYTES, number++) {
                int end = Math.min(body.length, at + ChunkedCipher.SEALED_CHUNK_BYTES);
                out.fields.put("chunk" + number, Arrays.copyOfRange(body, at, end));
            }
            return;
        }
        byte[] sealed;
        if (suite == 2) {
            nonce = range(0xC0, 24);
            try (Xaes256Gcm cipher = new Xaes256Gcm(key, null)) {
                sealed = cipher.seal(nonce, plaintext, aad);
            }
        } else {
            nonce = concat(u16(0), u16(7), u16(0), u16(0), u16(0), u16(9));
            sealed = new byte[plaintext.length + 16];
            new GcmCipher(key, null).seal(nonce, plaintext, 0, plaintext.length, aad, 0, aad.length, sealed, 0);
        }
        out.fields.put("nonce", nonce);
        out.fields.put("ciphertext", Arrays.copyOf(sealed, sealed.length - 16));
        out.fields.put("tag", Arrays.copyOfRange(sealed, sealed.length - 16, sealed.length));
    }

    /**
     * Takes the plaintext of that length whose ciphertext is all zeros, so that large messages compress.
     */
    MessageBuilder zeroCiphertext(int length) {
        plaintext = new byte[length];
        ByteArrayOutputStream keystream = new ByteArrayOutputStream(length);
        for (Map.Entry<String, byte[]> field : build().fields.entrySet()) {
            if (field.getKey().equals("ciphertext")) {
                keystream.writeBytes(field.getValue());
            } else if (field.getKey().matches("chunk[0-9]+")) {
                keystream.write(field.getValue(), 0, field.getValue().length - 16);
            }
        }
        plaintext = keystream.toByteArray();
        return this;
    }

    // ---- bytes

    /** {@code length} bytes that count up from {@code first}. */
    static byte[] range(int first, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (first + i);
        }
        return bytes;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] u8(int value) {
        return new byte[] {(byte) value};
    }

    static byte[] u16(int value) {
        return ByteBuffer.allocate(2).putShort((short) value).array();
    }

    static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    /** Names and values in turn, each behind its length, in this order. */
    static byte[] encoded(String... pairs) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String part : pairs) {
            byte[] bytes = utf8(part);
            out.writeBytes(u16(bytes.length));
            out.writeBytes(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] hkdf(byte[] salt, byte[] ikm, byte[] info, int length) {
        return expand(extract(salt, ikm), info, length);
    }

    private static byte[] extract(byte[] salt, byte[] ikm) {
        try {
            return Hkdf.extract(salt, ikm);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] expand(byte[] prk, byte[] info, int length) {
        try {
            return Hkdf.expand(prk, info, length);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static byte[] hmac(byte[] key, byte[] data) {
        try {
            return Hmac.tag(HashFunction.SHA_512, key, 32, null, data);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
