package io.sealwright.kms.cli;

import io.sealwright.kms.error.ErrorCode;

/** An error of the library, with what only the command line knows added. */
final class Explained extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Explained(ErrorCode code, String what, String why, String remedy, Throwable cause) {
        super(what + " " + why + " " + remedy + " [" + code + "]", cause);
    }
}
