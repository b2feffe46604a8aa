package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import org.jspecify.annotations.Nullable;

/**
 * What the token tells of a key; what it does not tell counts as the worse answer.
 *
 * @param id CKA_ID; an array of its own
 * @param bits of an AES key; 0 if it is another one, or the token does not say
 * @param open whether the token says that it is there for whoever is not logged in, too (CKA_PRIVATE is false)
 * @param wrapWithTrusted whether it leaves the token only under a key that the security officer marked as trusted
 * @param local whether it was made on the token
 * @param neverExtractable whether it could never leave it
 */
record KeyFacts(
        long handle,
        String label,
        byte[] id,
        boolean aes,
        int bits,
        boolean open,
        boolean sensitive,
        boolean extractable,
        boolean wrapWithTrusted,
        boolean encrypt,
        boolean decrypt,
        boolean local,
        boolean neverExtractable) {

    /** Its length has one byte in wraps. */
    private static final int LONGEST_ID_BYTES = 255;

    /**
     * A key that could be read out is none that stays on its token, and one that works without a login guards nothing.
     *
     * @throws ConfigurationException if it cannot be a master key
     */
    void requireMasterKey(String uri) {
        if (!aes) {
            throw cannot(uri, "It is not an AES key.");
        }
        if (bits != 0 && bits != 256) {
            throw cannot(uri, "It has " + bits + " bits.");
        }
        if (id.length > LONGEST_ID_BYTES) {
            throw cannot(
                    uri,
                    "Its CKA_ID has " + id.length + " bytes, more than the " + LONGEST_ID_BYTES
                            + " that a wrap names.");
        }
        if (open) {
            throw cannot(uri, "It works for whoever reaches the token, without a login (CKA_PRIVATE is false).");
        }
        if (!sensitive) {
            throw cannot(uri, "Its value can be read (CKA_SENSITIVE is false).");
        }
        if (extractable && !wrapWithTrusted) {
            throw cannot(
                    uri,
                    "It can leave the token under any other key (CKA_EXTRACTABLE is true and CKA_WRAP_WITH_TRUSTED"
                            + " false).");
        }
    }

    private static ConfigurationException cannot(String uri, String why) {
        return new ConfigurationException(
                "The key " + uri + " cannot be a master key.",
                why,
                "Rotate it, or make another one, that is AES-256, private, sensitive and not extractable:"
                        + " docs/providers/PKCS11.md.");
    }

    /** @throws RefusedException if it is switched off for sealing */
    void requireEncrypts(String uri) {
        if (!encrypt) {
            throw switchedOff(uri, "wraps nothing", "CKA_ENCRYPT");
        }
    }

    /** @throws RefusedException if it is switched off for opening */
    void requireDecrypts(String uri) {
        if (!decrypt) {
            throw switchedOff(uri, "unwraps nothing", "CKA_DECRYPT");
        }
    }

    private RefusedException switchedOff(String uri, String what, String attribute) {
        return new RefusedException(
                ErrorCode.KMS_KEY_STATE_REFUSED,
                "The version " + KeyId.shown(id) + " of the key " + uri + " " + what + ".",
                "Its " + attribute + " is false on the token.",
                "Set it to true there if that was a mistake.");
    }

    /** In the words of other providers; null if it is another kind of key. */
    @Nullable
    String spec() {
        return aes ? bits == 0 ? "AES" : "AES-" + bits : null;
    }

    /** What it may be used for, in the words of other providers. */
    String usage() {
        return encrypt ? decrypt ? "ENCRYPT_DECRYPT" : "ENCRYPT" : decrypt ? "DECRYPT" : "NONE";
    }

    /** What an operator should know, as the end of a sentence; empty if there is nothing. */
    String warning() {
        if (extractable) {
            return "; WARNING: it can leave the token under a trusted key";
        }
        if (neverExtractable) {
            return "";
        }
        return local
                ? "; WARNING: it was extractable once"
                : "; WARNING: it was imported, so that it has been outside the token";
    }
}
