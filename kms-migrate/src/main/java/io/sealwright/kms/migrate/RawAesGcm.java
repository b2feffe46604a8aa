package io.sealwright.kms.migrate;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Reads data that an older system encrypted with bare AES-GCM (128-bit tag), so that a {@link Migration} can make messages
 * of it. Nothing is written in this form. Data opens only if its tag is right under one of the keys; what is not this data
 * is never taken for it. Safe for concurrent use; closing wipes the keys.
 *
 * @see <a href="https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf">SP 800-38D</a>, section 7.2:
 *     an IV that has not 96 bits goes through GHASH, which the JCA does
 */
public final class RawAesGcm implements AutoCloseable {
    /** How the bytes are written where a column or file holds text. */
    public enum Encoding {
        /** As they are. */
        BYTES,
        /** Base64 or base64url, with or without padding. */
        BASE64,
        /** Hexadecimal digits. */
        HEX
    }

    private final List<SecretBytes> keys;
    private final RawLayout layout;
    private final Encoding encoding;
    private final @Nullable Function<String, byte[]> associatedData;

    private RawAesGcm(
            List<SecretBytes> keys,
            RawLayout layout,
            Encoding encoding,
            @Nullable Function<String, byte[]> associatedData) {
        this.keys = List.copyOf(keys);
        this.layout = layout;
        this.encoding = encoding;
        this.associatedData = associatedData;
    }

    /** Begins the description of old data. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects what is known of the old data. Not safe for concurrent use. */
    public static final class Builder {
        private final List<SecretBytes> keys = new ArrayList<>();
        private @Nullable String layout;
        private @Nullable Integer ivBytes;
        private @Nullable Encoding encoding;
        private @Nullable Function<String, byte[]> associatedData;

        private Builder() {}

        /**
         * Adds a key; several are tried in order.
         *
         * @param key 16, 24 or 32 bytes; copied, and the caller's to wipe
         */
        public Builder key(byte[] key) {
            if (key.length != 16 && key.length != 24 && key.length != 32) {
                throw new IllegalArgumentException("an AES key has 16, 24 or 32 bytes, not " + key.length);
            }
            keys.add(SecretBytes.copyOf(key));
            return this;
        }

        /**
         * Adds every key that a source gives, the current one first: a variable, a secret store. Fetches at once; may block.
         *
         * @param source not closed
         * @throws ConfigurationException if it holds a passphrase: how the old system made a key of it is not known here
         */
        public Builder keys(SecretSource source) {
            try (SecretVersions versions = source.fetch()) {
                List<SecretVersion> all = new ArrayList<>(List.of(versions.current()));
                all.addAll(versions.previous());
                versions.next().ifPresent(all::add);
                for (SecretVersion version : all) {
                    if (version.form() != SecretVersion.Form.KEY) {
                        throw new ConfigurationException(
                                source.uri() + " holds a passphrase, not a key.",
                                "How the old system made a key of it is not known here.",
                                "Derive the key as that system did, and give its bytes, in 64 hex digits or base64.");
                    }
                    byte[] key = version.secret().copy();
                    keys.add(SecretBytes.owning(key));
                }
            }
            return this;
        }

        /**
         * Sets the order of the fields: {@code iv}, {@code ciphertext} and {@code tag}, with {@code |} between fields that
         * follow each other without anything between, or with one of {@code : . , ; $} where the data has that character.
         * Default {@code iv|ciphertext|tag}, which is what the JCA and most libraries give; {@code iv:tag:ciphertext} is
         * usual for hexadecimal texts.
         *
         * @throws IllegalArgumentException when built, if it is no such order
         */
        public Builder layout(String layout) {
            if (this.layout != null) {
                throw new IllegalStateException("layout given twice: " + this.layout + ", then " + layout);
            }
            this.layout = Objects.requireNonNull(layout, "layout");
            return this;
        }

        /** Sets the length of the IV: 12 bytes, the default, or 16. */
        public Builder ivBytes(int ivBytes) {
            if (this.ivBytes != null) {
                throw new IllegalStateException("ivBytes given twice: " + this.ivBytes + ", then " + ivBytes);
            }
            this.ivBytes = ivBytes;
            return this;
        }

        /** Sets how the bytes are written; default {@link Encoding#BYTES} without separators, else {@link Encoding#HEX}. */
        public Builder encoding(Encoding encoding) {
            if (this.encoding != null) {
                throw new IllegalStateException("encoding given twice: " + this.encoding + ", then " + encoding);
            }
            this.encoding = Objects.requireNonNull(encoding, "encoding");
            return this;
        }

        /**
         * Sets what the old system authenticated besides; default nothing.
         *
         * @param associatedData gives the bytes for a row's key or a file's name, as {@link Migration#associatedData} does
         */
        public Builder associatedData(Function<String, byte[]> associatedData) {
            if (this.associatedData != null) {
                throw new IllegalStateException("associatedData given twice");
            }
            this.associatedData = Objects.requireNonNull(associatedData, "associatedData");
            return this;
        }

        /**
         * Makes it; the keys are then its own.
         *
         * @throws IllegalStateException if there is no key
         * @throws IllegalArgumentException if layout, IV and encoding cannot be right together
         */
        public RawAesGcm build() {
            if (keys.isEmpty()) {
                throw new IllegalStateException("raw data needs a key: call key(...) or keys(...)");
            }
            try {
                return made();
            } catch (IllegalArgumentException e) {
                keys.forEach(SecretBytes::close);
                throw e;
            }
        }

        private RawAesGcm made() {
            RawLayout read =
                    RawLayout.parse(layout == null ? "iv|ciphertext|tag" : layout, ivBytes == null ? 12 : ivBytes);
            Encoding chosen = encoding != null ? encoding : read.isSeparated() ? Encoding.HEX : Encoding.BYTES;
            if (read.isSeparated() && chosen == Encoding.BYTES) {
                throw new IllegalArgumentException(
                        "fields with a character between them are text: encoding HEX or BASE64");
            }
            return new RawAesGcm(keys, read, chosen, associatedData);
        }
    }

    /** What tells one form of old data from another; holds no secret. */
    String form() {
        return layout + ", " + encoding;
    }

    /**
     * Opens a piece of data.
     *
     * @param item the row's key or the file's name
     * @param data bytes of the column or file; for text, its characters in UTF-8
     * @return the plaintext, which the caller wipes
     * @throws MalformedMessageException if the data has not this form
     * @throws AuthenticationFailedException if no key opens it
     */
    byte[] open(String item, byte[] data) {
        RawLayout.Fields fields = decode(data)
                .flatMap(layout::fields)
                .orElseThrow(
                        () -> new MalformedMessageException(
                                "The data is neither a message nor raw AES-GCM data.",
                                "It has not the form that was given: " + form() + ".",
                                "Look at some of the data, and correct the order of the fields, the IV's length or the encoding."));
        byte[] bound = associatedData == null ? new byte[0] : associatedData.apply(item);
        for (SecretBytes key : keys) {
            byte[] plaintext = open(key, fields, bound);
            if (plaintext != null) {
                return plaintext;
            }
        }
        throw new AuthenticationFailedException();
    }

    private static byte @Nullable [] open(SecretBytes key, RawLayout.Fields fields, byte[] bound) {
        byte[] bytes = key.copy();
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    new SecretKeySpec(bytes, "AES"),
                    new GCMParameterSpec(8 * RawLayout.TAG_BYTES, fields.iv()));
            cipher.updateAAD(bound);
            byte[] sealed = Arrays.copyOf(fields.ciphertext(), fields.ciphertext().length + fields.tag().length);
            System.arraycopy(fields.tag(), 0, sealed, fields.ciphertext().length, fields.tag().length);
            return cipher.doFinal(sealed);
        } catch (AEADBadTagException e) {
            return null;
        } catch (GeneralSecurityException e) {
            throw new KmsBugException("every JCA has AES-GCM with these parameters", e);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private Optional<List<byte[]>> decode(byte[] data) {
        if (encoding == Encoding.BYTES) {
            return Optional.of(List.of(data));
        }
        String text = new String(data, StandardCharsets.UTF_8).strip();
        return layout.split(text).flatMap(parts -> {
            try {
                return Optional.of(parts.stream().map(this::decode).toList());
            } catch (IllegalArgumentException e) {
                return Optional.empty(); // a character of no such encoding; the decoder's message would quote it
            }
        });
    }

    private byte[] decode(String text) {
        if (encoding == Encoding.HEX) {
            return HexFormat.of().parseHex(text);
        }
        boolean url = text.indexOf('-') >= 0 || text.indexOf('_') >= 0;
        return (url ? Base64.getUrlDecoder() : Base64.getDecoder()).decode(text);
    }

    /** Wipes the keys. */
    @Override
    public void close() {
        keys.forEach(SecretBytes::close);
    }

    @Override
    public String toString() {
        return "RawAesGcm[" + form() + ", " + keys.size() + " keys, redacted]";
    }
}
