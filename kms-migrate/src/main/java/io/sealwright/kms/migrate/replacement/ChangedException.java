package io.sealwright.kms.migrate.replacement;

import java.io.IOException;

/** Somebody else wrote the file that was to be replaced, or put another in its place: it stays as it is. */
public final class ChangedException extends IOException {
    private static final long serialVersionUID = 1L;

    ChangedException() {
        super("Another program changed it meanwhile.");
    }
}
