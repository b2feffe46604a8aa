package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;

/** What may befall a master key, and the type of error that must tell of it. */
public enum Situation {
    /** The provider says that the key is disabled. */
    DISABLED(RefusedException.class, true),
    /** The provider says that the key is to be deleted soon, and is not usable until then. */
    PENDING_DELETION(RefusedException.class, true),
    /** The provider says that the key was deleted. */
    DELETED(KeyNotFoundException.class, true),
    /** The provider says that this caller, whose credentials are good, may not. */
    DENIED(PermissionDeniedException.class, true),
    /** The credentials are expired, revoked or unknown. */
    DEAD_CREDENTIALS(UnavailableException.class, true),
    /** Too many requests, or a quota is used up. */
    THROTTLED(UnavailableException.class, true),
    /** A server error, as a bare status. */
    SERVER_ERROR(UnavailableException.class, true),
    /** "Forbidden", as a bare status that somebody on the way may have answered. */
    BARE_FORBIDDEN(UnavailableException.class, true),
    /** "Not found", as a bare status that somebody on the way may have answered. */
    BARE_NOT_FOUND(UnavailableException.class, true),
    /** A web page of a proxy or a portal, with a status of success. */
    FOREIGN_PAGE(UnavailableException.class, true),
    /** An answer that ends in the middle. */
    CUT_ANSWER(UnavailableException.class, true),
    /** The connection is reset after the request. */
    RESET(UnavailableException.class, true),
    /** Nobody listens where the provider should be. */
    UNREACHABLE(UnavailableException.class, true),
    /** The request is taken and never answered. */
    SILENT(UnavailableException.class, false),
    /** The answer comes byte by byte and never ends. */
    DRIPPING(UnavailableException.class, false);

    private final Class<? extends KmsException> error;
    private final boolean ends;

    Situation(Class<? extends KmsException> error, boolean ends) {
        this.error = error;
        this.ends = ends;
    }

    Class<? extends KmsException> error() {
        return error;
    }

    /** Whether a call ends by itself, with that error. */
    boolean ends() {
        return ends;
    }
}
