package io.sealwright.kms.core.opening;

import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import org.jspecify.annotations.Nullable;

/** Why the recipients tried so far did not open a header, and the one error that comes of it. */
final class Failures {
    private @Nullable RuntimeException unavailable;
    private @Nullable RuntimeException overloaded;
    private @Nullable RuntimeException corrupt;
    private @Nullable RuntimeException denied;
    private @Nullable RuntimeException refused;
    private @Nullable RuntimeException misconfigured;
    private @Nullable RuntimeException noMatch;
    private boolean authentication;

    /** Notes one failure; what no other recipient can mend is thrown on. */
    void note(RuntimeException failure) {
        if (failure instanceof ClosedException
                || failure instanceof CallInterruptedException
                || failure instanceof KmsBugException) {
            throw failure;
        }
        if (failure instanceof UnavailableException) {
            unavailable = failure;
        } else if (failure instanceof StoreException store && !store.retryable()) {
            corrupt = failure; // no repetition mends it
        } else if (failure instanceof StoreException store) {
            unavailable = new UnavailableException(store.what(), store.why(), store.remedy(), store);
        } else if (failure instanceof OverloadedException) {
            overloaded = failure;
        } else if (failure instanceof PermissionDeniedException) {
            denied = failure;
        } else if (failure instanceof RefusedException) {
            refused = failure;
        } else if (failure instanceof ConfigurationException) {
            misconfigured = failure;
        } else if (failure instanceof NoMatchingRecipientException) {
            noMatch = failure; // of the store's own key, or of a named key: the message was not even tried
        } else {
            authentication = true; // invalid ciphertext, unknown key, wrong context: the one authentication error
        }
    }

    /** What the caller gets when nothing opened. */
    RuntimeException verdict() {
        for (RuntimeException failure :
                new @Nullable RuntimeException[] {unavailable, overloaded, corrupt, denied, refused, misconfigured}) {
            if (failure != null) {
                return failure;
            }
        }
        return noMatch != null && !authentication ? noMatch : new AuthenticationFailedException();
    }
}
