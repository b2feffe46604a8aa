package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;

/** Errors that do not come from the database. */
final class StoreErrors {
    private StoreErrors() {}

    static StoreException noState(String place) {
        return corrupt(place, "The row that counts its changes, or holds its key, is not there.");
    }

    static StoreException tooLong(String place, String what, long bytes) {
        return corrupt(place, "With " + bytes + " bytes, " + what + " is longer than this library ever writes.");
    }

    static StoreException corrupt(String place, String why) {
        return new StoreException(
                ErrorCode.KMS_STORE_CORRUPT,
                "The store in " + place + " is damaged.",
                why,
                "Keep the store as it is, and restore it from a backup.");
    }

    static ClosedException closed() {
        return new ClosedException(
                "The store was closed.",
                "It was used after close(), perhaps by the manager that owned it.",
                "Open it again, and close it after its last use only.");
    }

    static CallInterruptedException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException(
                "Waiting for the store ended.",
                "The thread was interrupted.",
                "Make the call again if it is still wanted.",
                cause);
    }
}
