package io.sealwright.kms.migrate;

import org.jspecify.annotations.Nullable;

/** A row or a file. */
interface Item {
    /** For people, and for what binds data to the item: the row's key or the file's name. */
    String name();

    /** Where it stands in the order of its source; a job goes on behind it. */
    String position();

    /** The message, or its first bytes with the whole header; null if this cannot be one. */
    byte @Nullable [] message();

    /** Whether it is wrong if this is no message: false for what merely lies in a folder. */
    boolean mustBeMessage();
}
