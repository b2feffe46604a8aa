package io.sealwright.kms.core.message;

import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import java.util.Optional;

/** The numbers of message format 1: sizes, offsets, registry. {@code docs/FORMAT.md} is their page. */
public final class Format {
    static final byte[] MAGIC = {(byte) 0x8B, 'S', 'L', 'W'};
    public static final int VERSION = 1;

    static final int SUITE_OFFSET = 5;
    static final int LEVEL_OFFSET = 6;
    static final int FORM_OFFSET = 7;
    static final int FLAGS_OFFSET = 8;
    static final int CONTEXT_LENGTH_OFFSET = 10;
    static final int CONTEXT_OFFSET = 12;

    public static final int SALT_BYTES = 32;
    public static final int COMMITMENT_BYTES = 32;
    public static final int MAC_BYTES = 32;
    public static final int KEY_ID_BYTES = 16;

    /** Flag: the root was wrapped for a public key, so anyone may have made the message. */
    static final int FLAG_PUBLIC = 1;

    public static final int MAX_HEADER_BYTES = 64 * 1024;
    static final int MAX_PADS_HEADER_BYTES = 1024 * 1024;
    public static final int MAX_RECIPIENTS = 64;
    static final int MAX_EXTENSIONS = 32;
    static final int MAX_BANK_NAME_BYTES = 1024;

    /** More ids of pads do not fit behind the 21 bytes that the shortest header of pads has besides them. */
    static final int MAX_PADS = (MAX_PADS_HEADER_BYTES - 21) / 16;

    /** The shortest header there is: level 0, nothing but the fixed part and two empty extension lists. */
    static final int MIN_HEADER_BYTES = CONTEXT_OFFSET + 2;

    /** Where the commitment begins in a header without context and extensions: envelope form. */
    static final int ENVELOPE_COMMITMENT_OFFSET = CONTEXT_OFFSET + SALT_BYTES + 2;

    /** As {@link #ENVELOPE_COMMITMENT_OFFSET}, for the direct form: a kind and a key id more. */
    static final int DIRECT_COMMITMENT_OFFSET = ENVELOPE_COMMITMENT_OFFSET + 1 + KEY_ID_BYTES;

    /** Kinds of recipients that have a public key, those to come included: whoever knows it can make a message. */
    private static final int FIRST_PUBLIC_KIND = 16;

    private static final int LAST_PUBLIC_KIND = 31;

    private Format() {}

    static boolean isPublicKind(int kind) {
        return kind >= FIRST_PUBLIC_KIND && kind <= LAST_PUBLIC_KIND;
    }

    static int formId(Form form) {
        return switch (form) {
            case DIRECT -> 1;
            case ENVELOPE -> 2;
            case SOURCES -> 3;
            case PADS -> 4;
            case CLEAR -> 5;
        };
    }

    static Optional<Form> formById(int id) {
        for (Form form : Form.values()) {
            if (formId(form) == id) {
                return Optional.of(form);
            }
        }
        return Optional.empty();
    }

    public static Optional<Suite> suiteById(int id) {
        for (Suite suite : Suite.values()) {
            if (suite.id() == id) {
                return Optional.of(suite);
            }
        }
        return Optional.empty();
    }

    public static Optional<SecurityLevel> levelById(int id) {
        for (SecurityLevel level : SecurityLevel.values()) {
            if (level.id() == id) {
                return Optional.of(level);
            }
        }
        return Optional.empty();
    }
}
