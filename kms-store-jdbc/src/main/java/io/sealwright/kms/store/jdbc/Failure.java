package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import java.sql.SQLException;

/** Kinds of failures, each with why and what to do. */
enum Failure {
    /** Someone else holds the lock, or changed the same rows at the same moment; may pass. */
    BUSY(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "Another process holds its lock.",
            "Try again; if it stays so, look for a process that keeps a transaction open."),
    /** A connection that was open is not any more, or the server is just starting; may pass. */
    LOST(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The connection to the database was lost.",
            "Try again; if it stays so, look into the database's log and at the network between."),
    /** No connection can be made. */
    AWAY(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The database cannot be reached.",
            "Check host, port and network, and whether the database is running; then try again."),
    /** The server, or the application's pool, has no connection left; may pass. */
    CROWDED(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "No connection was free.",
            "Give the pool or the database more connections, or look for what keeps them."),
    /** A statement took longer than it may. */
    SLOW(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The database did not answer in time.",
            "Look at the load of the database, then try again."),
    /** The database refuses the user. */
    DENIED(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The database refused this user, or what this user wanted to do.",
            "Check user and password, and the grants that docs/STORES.md lists."),
    /** There is no such database. */
    NO_DATABASE(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The server has no database of that name.",
            "Correct the name, or create the database."),
    /** Only reading is allowed. */
    READ_ONLY(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "It is read-only.",
            "Give this process write permission for the file and its folder; with PostgreSQL, name the primary server."),
    /** No space. */
    FULL(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The disk or the quota is full.",
            "Make space; nothing was changed, so the same call can be made again."),
    /** The disk fails. */
    INPUT_OUTPUT(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The operating system reported an input or output error.",
            "Check the disk and its free space, then try again."),
    /** The file does not open. */
    CANNOT_OPEN(
            ErrorCode.KMS_STORE_UNAVAILABLE,
            "The file cannot be opened.",
            "Check that the folder is there and that this process may read and write in it."),
    /** Damaged. */
    CORRUPT(
            ErrorCode.KMS_STORE_CORRUPT,
            "It is damaged, or it is not a store of this library.",
            "Keep it as it is, and restore the store from a backup."),
    /** Anything else. */
    OTHER(ErrorCode.KMS_STORE_UNAVAILABLE, "The database answered with an error.", "See the cause, then try again.");

    private final ErrorCode code;
    private final String why;
    private final String remedy;

    Failure(ErrorCode code, String why, String remedy) {
        this.code = code;
        this.why = why;
        this.remedy = remedy;
    }

    StoreException exception(String what, SQLException cause) {
        return new StoreException(code, what, why, remedy, cause);
    }
}
