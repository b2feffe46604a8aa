package io.sealwright.kms.core.opening;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnsupportedMessageException;
import java.util.EnumSet;
import java.util.Set;

/**
 * What the caller accepts. One function answers for a header that was never seen and for one in a cache, so that both
 * get the same refusals.
 *
 * @param context the pairs stated
 * @param levels the levels accepted; level 0 by {@code allowUnencrypted} alone
 * @param allowUnencrypted whether a body in the clear is accepted
 * @param allowCompromised whether a compromised key may open
 */
public record OpenPolicy(
        EncryptionContext context, Set<SecurityLevel> levels, boolean allowUnencrypted, boolean allowCompromised) {
    /** Levels 1 to 4: what {@code requireLevel(STANDARD)} means, and the default. */
    public static final Set<SecurityLevel> ENCRYPTED = Set.copyOf(EnumSet.of(
            SecurityLevel.STANDARD,
            SecurityLevel.QUANTUM_AIDED,
            SecurityLevel.QUANTUM_OTP,
            SecurityLevel.POST_QUANTUM));

    /** The policy without any demands of its own. */
    public static OpenPolicy plain(EncryptionContext context) {
        return new OpenPolicy(context, ENCRYPTED, false, false);
    }

    /** As {@link #admit}, for a message that is only re-wrapped. */
    public void admitRewrap(Header header) {
        admit(header);
    }

    /**
     * Admits a header whose root is still to be found, or refuses it by name.
     *
     * @return the suite of its body
     */
    Suite admit(Header header) {
        header.demandKnownExtensions();
        SecurityLevel level = levelOf(header);
        demandLevel(level);
        if (header.isPublic()) {
            throw new RefusedException(
                    ErrorCode.KMS_ORIGIN_REFUSED,
                    "The message was made for a public key.",
                    "Anyone who knows that key can have made it, and this release cannot open such messages.",
                    "Open it with a release that has public-key recipients.");
        }
        if (level != SecurityLevel.STANDARD) {
            throw new UnsupportedMessageException(
                    ErrorCode.KMS_LEVEL_UNSUPPORTED,
                    "The message has security level " + level.id() + " (" + level + ").",
                    "The module for it is not part of this release.",
                    "Open it with a release that has " + moduleOf(level) + ".");
        }
        Suite suite = suiteOf(header);
        demandContext(header);
        return suite;
    }

    /** Admits a message of level 0, or refuses it by name. */
    void admitClear(Header header) {
        header.demandKnownExtensions();
        if (!allowUnencrypted) {
            throw new RefusedException(
                    ErrorCode.KMS_LEVEL_REFUSED,
                    "The message is not encrypted (level 0).",
                    "Nothing proves who made it or that it is unchanged.",
                    "If that is acceptable, say allowUnencrypted(), or --allow-unencrypted on the command line.");
        }
        demandContext(header);
    }

    private static SecurityLevel levelOf(Header header) {
        SecurityLevel level = switch (header.levelId()) {
            case 1 -> SecurityLevel.STANDARD;
            case 2 -> SecurityLevel.QUANTUM_AIDED;
            case 3 -> SecurityLevel.QUANTUM_OTP;
            case 4 -> SecurityLevel.POST_QUANTUM;
            case 0, 5 -> throw HeaderParser.malformed("Its level and its form contradict each other.");
            default ->
                throw new UnsupportedMessageException(
                        ErrorCode.KMS_LEVEL_UNSUPPORTED,
                        "The message has the unknown security level " + header.levelId() + ".",
                        "This release does not know what it promises.",
                        "Open the message with a newer release.");
        };
        boolean fits = switch (header.form()) {
            case DIRECT, ENVELOPE -> level == SecurityLevel.STANDARD || level == SecurityLevel.POST_QUANTUM;
            case SOURCES -> level == SecurityLevel.QUANTUM_AIDED;
            case PADS -> level == SecurityLevel.QUANTUM_OTP;
            case CLEAR -> false;
        };
        if (!fits) {
            throw HeaderParser.malformed("Its level and its form contradict each other.");
        }
        return level;
    }

    /** Refuses a level that the caller does not accept; on cached headers too. */
    void demandLevel(SecurityLevel level) {
        if (!levels.contains(level)) {
            throw new RefusedException(
                    ErrorCode.KMS_LEVEL_REFUSED,
                    "The message has security level " + level.id() + " (" + level + ").",
                    "The caller accepts " + levels.stream().sorted().toList() + " only.",
                    "Have it sealed at the level that is wanted, or accept its own.");
        }
    }

    private static Suite suiteOf(Header header) {
        return switch (header.suiteId()) {
            case 1 -> Suite.AES_256_GCM;
            case 2 -> Suite.XAES_256_GCM;
            case 4 -> Suite.CHUNKED_AES_256_GCM;
            default ->
                throw new UnsupportedMessageException(
                        ErrorCode.KMS_SUITE_UNSUPPORTED,
                        "The message has suite " + header.suiteId() + ".",
                        "This release opens the suites 1, 2 and 4.",
                        "Open the message with a newer release.");
        };
    }

    private void demandContext(Header header) {
        if (!context.equals(header.context())) {
            throw new AuthenticationFailedException();
        }
    }

    private static String moduleOf(SecurityLevel level) {
        return switch (level) {
            case QUANTUM_AIDED -> "kms-qkd";
            case QUANTUM_OTP -> "kms-otp";
            default -> "kms-pqc";
        };
    }

    /** Whether the header is of the form that has no key. */
    static boolean isClear(Header header) {
        boolean clear = header.form() == Form.CLEAR;
        if (clear && (header.levelId() != 0 || header.suiteId() != 0)) {
            throw HeaderParser.malformed("Its level and its form contradict each other.");
        }
        return clear;
    }
}
