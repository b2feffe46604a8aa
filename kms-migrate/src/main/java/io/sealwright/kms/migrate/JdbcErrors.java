package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.Set;

/** What a database says, as an error of the family: without its own text, which may quote values. */
final class JdbcErrors {
    /** A lock was not had, a deadlock or another transaction stood in the way, no connection is left, the server stops or starts. */
    private static final Set<String> PASSING =
            Set.of("40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03", "57P05", "25P03");

    /** SQLITE_BUSY and SQLITE_LOCKED. */
    private static final Set<Integer> SQLITE_PASSING = Set.of(5, 6);

    /** SQLITE_TOOBIG, SQLITE_CONSTRAINT (RAISE in a trigger too) and SQLITE_MISMATCH. */
    private static final Set<Integer> SQLITE_OF_THE_ROW = Set.of(18, 19, 20);

    private static final int SQLITE_CANTOPEN = 14;

    private JdbcErrors() {}

    /** Whether the same may work on another connection soon. */
    static boolean isPassing(SQLException e, Dialect dialect) {
        if (dialect == Dialect.SQLITE) {
            return SQLITE_PASSING.contains(e.getErrorCode() & 0xFF);
        }
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("08")
                || PASSING.contains(state)
                || e instanceof SQLTransientException
                || e instanceof SQLRecoverableException
                || e instanceof SQLNonTransientConnectionException;
    }

    /** A row that the database does not take: a constraint, a trigger, a column that is too short. Never leaves the package. */
    static final class RowException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient KmsException typed;

        RowException(SQLException cause) {
            super(cause);
            typed = new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The row was not written.",
                    "The database does not take the value: SQLSTATE " + cause.getSQLState() + ", code "
                            + cause.getErrorCode() + ".",
                    "Look whether the column has room for it, and at the table's constraints and triggers; the cause has"
                            + " the database's own words.",
                    cause);
        }

        KmsException typed() {
            return typed;
        }
    }

    /** Whether a statement failed by what it was to write: data, integrity, or a trigger's own exception. */
    static boolean isOfTheRow(SQLException e, Dialect dialect) {
        if (dialect == Dialect.SQLITE) {
            return SQLITE_OF_THE_ROW.contains(e.getErrorCode() & 0xFF);
        }
        String state = String.valueOf(e.getSQLState());
        return state.startsWith("22") || state.startsWith("23") || state.startsWith("P0") || state.startsWith("44");
    }

    static KmsException typed(String what, SQLException e) {
        if (e.getSQLState() == null && (e.getErrorCode() & 0xFF) == SQLITE_CANTOPEN) {
            return new ConfigurationException(
                    what + " failed.",
                    "SQLite cannot open the database's file: it is not there, or not to be read and written.",
                    "Check the file's name and permissions.",
                    e);
        }
        String state = e.getSQLState() == null ? "none" : e.getSQLState();
        if (state.startsWith("42") || state.startsWith("28") || state.startsWith("3D") || state.startsWith("3F")) {
            return new ConfigurationException(
                    what + " failed.",
                    "The database refused it: SQLSTATE " + state + ".",
                    "Check the names, and that this user may select and update; the cause has the database's own words.",
                    e);
        }
        return new StoreException(
                ErrorCode.KMS_STORE_UNAVAILABLE,
                what + " failed.",
                "The database answered with an error, or not at all: SQLSTATE " + state + ", code " + e.getErrorCode()
                        + ".",
                "Look at the database and the cause, then start the migration again: it goes on behind its last checkpoint.",
                e);
    }
}
