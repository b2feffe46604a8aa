package io.sealwright.kms;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a message's header says, read without any key and therefore <b>not verified</b>: whoever made the bytes chose
 * them. Good for support and routing, never for a decision about trust.
 *
 * @param version the format's version
 * @param suiteId the suite's number
 * @param suite the suite, or null if this release does not know the number
 * @param level the level, or null if this release does not know the number
 * @param levelId the level's number
 * @param form how the root is found
 * @param keyId for direct messages the version id of the named key, in hexadecimal; else null
 * @param wantedRecipients how many recipients the sealer wanted
 * @param recipients the recipients, in order
 * @param context the encryption context
 * @param extensions ids of critical and skippable extensions, in order
 * @param headerBytes length of the header
 */
public record MessageInfo(
        int version,
        int suiteId,
        @Nullable Suite suite,
        @Nullable SecurityLevel level,
        int levelId,
        Form form,
        @Nullable String keyId,
        int wantedRecipients,
        List<RecipientInfo> recipients,
        EncryptionContext context,
        List<Integer> extensions,
        int headerBytes) {
    /** How a message's root is found. */
    public enum Form {
        /** Derived from a named key's version; no recipient. */
        DIRECT,
        /** A data key, wrapped for each recipient. */
        ENVELOPE,
        /** Quantum-distributed keys, with or without a data key. */
        SOURCES,
        /** Pads of a key bank. */
        PADS,
        /** No key: the body is in the clear. */
        CLEAR
    }

    /**
     * One recipient as it stands in the header.
     *
     * @param kind its kind's name, or {@code kind-N} for a number this release does not know
     * @param id the key's id as text: printable characters, or hexadecimal
     * @param keyCheck eight bytes in hexadecimal by which keys in process recognise themselves, or null
     * @param wrapBytes length of the wrapped key
     */
    public record RecipientInfo(
            String kind, String id, @Nullable String keyCheck, int wrapBytes) {}

    /** Copies the lists. */
    public MessageInfo {
        recipients = List.copyOf(recipients);
        extensions = List.copyOf(extensions);
    }

    /** Tells whether fewer recipients stand in the header than its sealer wanted. */
    public boolean belowQuorum() {
        return recipients.size() < wantedRecipients;
    }
}
