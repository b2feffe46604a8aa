package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import java.security.GeneralSecurityException;
import java.time.Instant;

/** The texts of this package's errors. */
final class KeyErrors {
    private KeyErrors() {}

    static String key(String name) {
        return "key '" + name + "'";
    }

    /** @param subject as {@link #key}, or "the store's own key" */
    static StoreException corrupt(String subject, String why) {
        return new StoreException(
                ErrorCode.KMS_STORE_CORRUPT,
                "The store's entry of " + subject + " is refused.",
                why,
                "Find out who can write to the store, and restore it from a backup; nothing is read from the entry until"
                        + " then.");
    }

    static StoreException rolledBack(String name, long found, long seen) {
        return corrupt(
                key(name),
                "It was rolled back: it is of generation " + found + ", and this process has seen " + seen
                        + (found == seen ? " with other contents." : "."));
    }

    static StoreException gone(String name) {
        return corrupt(key(name), "This process has seen it, and it is gone; destroyed keys leave a tombstone.");
    }

    static StoreException noStoreKey(String name) {
        return corrupt(key(name), "It is there, and the store's own key is not.");
    }

    static StoreException conflict(String name) {
        return new StoreException(
                ErrorCode.KMS_STORE_CONFLICT,
                "The change of " + key(name) + " was not made.",
                "Others changed the same key again and again at the same moment.",
                "Repeat it.");
    }

    static StoreException storeKeyConflict() {
        return new StoreException(
                ErrorCode.KMS_STORE_CONFLICT,
                "The store's own key was not re-wrapped.",
                "Others changed its record again and again at the same moment.",
                "Repeat it.");
    }

    static KeyNotFoundException notFound(String name) {
        return new KeyNotFoundException(
                "There is no " + key(name) + ".",
                "The store answered, and holds no key of that name.",
                "Check the name, or create the key with: kms key create " + name);
    }

    /** For a name that is none; it may be anything, and so does not stand in the message. */
    static KeyNotFoundException noSuchName() {
        return new KeyNotFoundException(
                "There is no key of that name.",
                "No key can have it: names have 1 to 128 of the characters A-Z a-z 0-9 . _ - and begin with a letter or"
                        + " digit.",
                "Check the name.");
    }

    static KeyNotFoundException noVersion(String name, int number, int newest) {
        return new KeyNotFoundException(
                "There is no version " + number + " of " + key(name) + ".",
                "Its versions are 1 to " + newest + ".",
                "Look them up with: kms key show " + name);
    }

    static KeyExistsException exists(KeyRecord there) {
        if (there.destroyed()) {
            return new KeyExistsException(
                    "The " + key(there.name()) + " cannot be created.",
                    "There was one of that name; it was destroyed, and its tombstone keeps the name.",
                    "Choose another name.");
        }
        return new KeyExistsException(
                "The " + key(there.name()) + " cannot be created.",
                "There is one of that name already, of spec " + there.spec() + ".",
                "Use it, rotate it with: kms key rotate " + there.name() + ", or choose another name.");
    }

    static KeyExistsException versionExists(String name, int number, String there) {
        return new KeyExistsException(
                "The " + key(name) + " cannot be imported.",
                "Its version " + number + " is in the store already, as one of " + key(there) + ".",
                "Use that key; what was sealed under this version opens with it.");
    }

    static RefusedException notRestored(String name, int versions) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "The " + key(name) + " was not restored.",
                "Backup and store have " + versions + " versions of it together, which are more than a key can have.",
                "Restore into an empty store.");
    }

    static RefusedException noEra(String why) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "Nothing more was restored.",
                why,
                "Set the clock right, and restore again; what was restored before stays.");
    }

    static RefusedException storeNotEmpty(int keys) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "Nothing was restored.",
                "The store has keys already: " + keys + ".",
                "Restore into an empty store, or say restoreOver(…) (--force on the command line), which saves the store"
                        + " first.");
    }

    static RefusedException clocksDiffer(String name, Instant here, Instant store) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "Nothing of " + key(name) + " was erased.",
                "Its destruction is due by the clock of this machine, which says " + here
                        + ", and not by the store's, which says " + store + ".",
                "Set the clock right that is wrong; what is due is then erased by itself.");
    }

    static RefusedException decryptOnly(String what) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                what + " was refused.",
                "This manager only opens: it has no master key to wrap new key material with.",
                "Do it with a manager whose builder names the master key by masterKey(…).");
    }

    static RefusedException wrongSpec(String name, KeySpec spec) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "The " + key(name) + " cannot be used for this.",
                spec.mac()
                        ? "It is of spec " + spec + ", which makes message authentication codes and does not encrypt."
                        : "It is of spec " + spec + ", which encrypts and makes no message authentication codes.",
                spec.mac()
                        ? "Create a key of spec AES_256 for encryption."
                        : "Create a key of an HMAC spec for mac().");
    }

    static RefusedException state(String what, String why, String remedy) {
        return new RefusedException(ErrorCode.KMS_KEY_STATE_REFUSED, what, why, remedy);
    }

    /** Why a key does not seal now. */
    static RefusedException doesNotSeal(KeyRecord present) {
        String what = "The " + key(present.name()) + " does not seal.";
        KeyState state = present.state();
        if (state == KeyState.PRE_ACTIVE) {
            return state(
                    what,
                    "It is pre-active until " + present.newest().activeFrom() + ".",
                    "Wait until then, or make a version that seals at once with: kms key rotate " + present.name());
        }
        if (present.destroyed()) {
            return state(what, "It was destroyed.", "Create a key of another name.");
        }
        if (present.destroyAt() != null) {
            return state(
                    what,
                    "It is to be destroyed at " + present.destroyAt() + ".",
                    "Take that back with: kms key cancel-destroy " + present.name() + ", then rotate it; or use another"
                            + " key.");
        }
        return state(
                what,
                "Its newest version is " + word(state) + ", and no other is active.",
                "Make a new version with: kms key rotate " + present.name());
    }

    static RefusedException notRotated(String name, String why) {
        return notRotated(name, why, "Create a key of another name.");
    }

    static RefusedException notRotated(String name, String why, String remedy) {
        return state("The " + key(name) + " cannot be rotated.", why, remedy);
    }

    static RefusedException destroyedVersion(String name, int number) {
        return state(
                "Version " + number + " of " + key(name) + " cannot be used.",
                "It was destroyed: its material is gone.",
                "Nothing brings it back, unless a backup of store and master key holds it.");
    }

    /** Why a version is not used between the order to destroy it and its end. */
    static RefusedException awaitsDestruction(String name, VersionRecord version) {
        return state(
                "Version " + version.number() + " of " + key(name) + " cannot be used.",
                "It is to be destroyed at " + version.destroyAt() + ", and until then nothing is sealed or opened under"
                        + " it, so that whoever needs it finds out.",
                "If it is needed, take the destruction back before that time, with: kms key cancel-destroy " + name);
    }

    static RefusedException awaitsAlready(String name, int number, Instant at) {
        return state(
                (number == 0 ? "The " + key(name) : "Version " + number + " of " + key(name))
                        + " has its date of destruction already.",
                "It is to be destroyed at " + at + ".",
                "Leave it so, or take it back first, with: kms key cancel-destroy " + name);
    }

    static RefusedException awaitsNothing(String name, int number) {
        return state(
                "There is no destruction of " + (number == 0 ? "" : "version " + number + " of ") + key(name)
                        + " to take back.",
                "None waits: it was never ordered, was taken back, or was done.",
                "See: kms key show " + name);
    }

    static RefusedException compromisedMac(String name, int number) {
        return state(
                "The code was not checked.",
                "It was made under version " + number + " of " + key(name) + ", which is compromised: anyone may have"
                        + " made it.",
                "Treat the data as not authenticated, and make new codes under a new version.");
    }

    static RefusedException transition(String name, int number, KeyState from, KeyState to) {
        return state(
                (number == 0 ? "The " + key(name) : "Version " + number + " of " + key(name)) + " cannot become "
                        + word(to) + ".",
                "It is " + word(from) + (from == KeyState.DESTROYED ? ", which is final." : "."),
                from == KeyState.DESTROYED
                        ? "Create a key of another name, or rotate a key that still has a version."
                        : "Leave it as it is: it does not seal any more.");
    }

    static OverloadedException tooManyUnknown() {
        return new OverloadedException(
                "The key version was not looked up.",
                "Too many messages that name unknown versions came at once.",
                "Repeat it later; if this goes on, find out who sends them.");
    }

    static ClosedException closed() {
        return new ClosedException(
                "The key manager is closed.", "close() was called before.", "Open a new one, and close it last.");
    }

    static CallInterruptedException interrupted(String subject, InterruptedException cause) {
        return new CallInterruptedException(
                "The work on " + subject + " was interrupted.",
                "Another thread asked this one to stop, or its deadline passed.",
                "Repeat the call if it is still wanted.",
                cause);
    }

    static ConfigurationException unusable(GeneralSecurityException cause) {
        return new ConfigurationException(
                "Stored keys cannot be checked in this process.",
                "The Java security providers of this machine gave no usable HMAC.",
                "Check java.security's list of providers: SunJCE has HmacSHA256, HmacSHA384 and HmacSHA512.",
                cause);
    }

    static String word(KeyState state) {
        return switch (state) {
            case PRE_ACTIVE -> "pre-active";
            case ACTIVE -> "active";
            case DEACTIVATED -> "deactivated";
            case COMPROMISED -> "compromised";
            case DESTROYED -> "destroyed";
        };
    }
}
