package io.sealwright.kms.migrate;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.migrate.Tally.Count;
import java.util.List;

/** Tells what would become of a message that has to change, by what the store knows of its keys: no key is asked. */
final class Foresight {
    private final KeyManager kms;
    private final Wishes wishes;

    Foresight(KeyManager kms, Wishes wishes) {
        this.kms = kms;
        this.wishes = wishes;
    }

    /**
     * Moved, or encrypted anew.
     *
     * @throws RefusedException as the change itself would
     */
    Count of(MessageInfo info, List<RecipientKey> keys) {
        boolean compromised = keys.stream().anyMatch(this::isCompromised);
        if (compromised && !wishes.allowsCompromised()) {
            throw new RefusedException(
                    ErrorCode.KMS_KEY_STATE_REFUSED,
                    "The message is under a compromised key.",
                    "Whoever has the key can have made it, and re-wrapping would make it look trusted.",
                    "If its origin is certain, say allowCompromised(), or --allow-compromised on the command line; it is"
                            + " then encrypted anew.");
        }
        if (!compromised && info.form() != MessageInfo.Form.DIRECT) {
            return Count.MOVED;
        }
        if (!wishes.removesUnknown() && keys.stream().anyMatch(key -> key.kind() == Kind.UNKNOWN)) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The message must be encrypted anew, and would lose recipients.",
                    "No key here can wrap for them.",
                    "Configure all of its keys, or say removeUnknown() (--remove-unknown on the command line).");
        }
        if (!wishes.hasAssociatedData()) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The message's body must be encrypted anew.",
                    "It is a direct message or one of a compromised key, and the associated data it is bound to was not"
                            + " given.",
                    "Give it with associatedData(...) (-a on the command line); an empty array if there was none.");
        }
        return Count.ANEW;
    }

    private boolean isCompromised(RecipientKey key) {
        return key.kind() == Kind.NAMED_KEY
                && kms.key(key.key()).versions().stream()
                        .anyMatch(version -> version.state() == KeyState.COMPROMISED
                                && Integer.toString(version.number()).equals(key.version()));
    }
}
