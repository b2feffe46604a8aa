package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.KmsException;

/**
 * What is due in the store, rotations by schedule and destructions whose waiting period is over. Where no server shares
 * the store, nobody else does it: this program ends before its manager would. So whatever encrypts or changes keys does it
 * in passing.
 */
final class Overdue {
    private Overdue() {}

    /** Does it; what cannot be done is said, and does not make the command fail. */
    static void catchUp(Surroundings here, KeyManager kms) {
        try {
            int unused = kms.keys().doDueWork();
        } catch (KmsException e) {
            here.say(Printable.text(
                    "kms: note: a rotation or destruction that is due could not be done: " + e.getMessage()));
        }
    }
}
