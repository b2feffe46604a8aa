package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.KmsException;
import java.util.Locale;
import java.util.Set;

/**
 * What is due in the store, rotations by schedule and destructions whose waiting period is over. Where no server shares
 * the store, nobody else does it: this program ends before its manager would. So whatever encrypts or changes keys does it
 * in passing.
 */
final class Overdue {
    private static final Set<String> OFF = Set.of("off", "false", "no", "0");

    private Overdue() {}

    /** Does it, unless the settings say that nobody does it unasked; what cannot be done is said, and does not make the command fail. */
    static void catchUp(Surroundings here, KeyManager kms) {
        if (off(here)) {
            return;
        }
        try {
            int unused = kms.keys().doDueWork();
        } catch (KmsException e) {
            here.say(Printable.text(
                    "kms: note: a rotation or destruction that is due could not be done: " + e.getMessage()));
        }
    }

    /** Whether {@code kms.schedule} is off; a word that it does not know has stopped the manager before. */
    private static boolean off(Surroundings here) {
        String set = System.getProperty("kms.schedule", here.environment().getOrDefault("KMS_SCHEDULE", "true"));
        return OFF.contains(set.toLowerCase(Locale.ROOT));
    }
}
