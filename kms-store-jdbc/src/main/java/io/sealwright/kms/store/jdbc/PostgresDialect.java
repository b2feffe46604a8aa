package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * PostgreSQL, from 12 on.
 *
 * <p>All settings are those of one transaction ({@code SET LOCAL}), so that a connection of the application's pool keeps
 * none of them, and a pooler that shares server sessions by transaction is no obstacle. Changes are READ COMMITTED:
 * each is a compare-and-set of one row, which waits for whoever changes that row and then looks again. Reads are
 * REPEATABLE READ: several statements as of one moment.
 */
final class PostgresDialect implements Dialect {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresDialect.class);

    /** Any number will do, as long as it is always the same and nobody else's: "SealWrgt" in ASCII. */
    private static final long SCHEMA_LOCK = 0x5365616c57726774L;

    /** As many as the migration made. */
    private static final int SLOTS = 16;

    /** Longer than any statement of ours takes on a server that is well; a lock is waited for a little less. */
    private static final String LIMITS = "SET LOCAL statement_timeout = 5000; SET LOCAL lock_timeout = 3000";

    /** A process that stands still within a change must not stop the others' changes for long. */
    private static final String IDLE_LIMIT = "SET LOCAL idle_in_transaction_session_timeout = 10000";

    /** A commit that was acknowledged must outlive a power cut; stronger settings than "on" are left as they are. */
    private static final String DURABLE = "SELECT set_config('synchronous_commit', 'on', true)"
            + " WHERE current_setting('synchronous_commit') = 'off'";

    @Override
    public String product() {
        return "PostgreSQL";
    }

    @Override
    public String folder() {
        return "postgresql";
    }

    @Override
    public List<String> migrations() {
        return List.of("0001-named-keys.sql");
    }

    /** Nothing to set: see {@link #beginWrite}. */
    @Override
    public void prepare(Connection connection) {}

    @Override
    public void checkVersion(Connection connection) throws SQLException {
        int number = Integer.parseInt(Dialect.text(connection, "SHOW server_version_num"));
        if (number < 120_000) {
            throw new ConfigurationException(
                    "PostgreSQL " + Dialect.text(connection, "SHOW server_version") + " is too old.",
                    "The store is made for PostgreSQL 12 and later.",
                    "Use a server of a newer version.");
        }
    }

    /** Settings that only the server's owner can change are told, not changed. */
    @Override
    public void prepareStore(Connection connection) throws SQLException {
        for (String setting : List.of("fsync", "full_page_writes")) {
            if (Dialect.text(connection, "SHOW " + setting).equals("off")) {
                LOG.warn(
                        "PostgreSQL runs with {} = off: a crash of its machine may lose or damage named keys", setting);
            }
        }
    }

    @Override
    public boolean hasSchema(Connection connection) throws SQLException {
        return Dialect.text(
                        connection, "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('kms_schema')")
                .equals("1");
    }

    @Override
    public void lockSchema(Connection connection) throws SQLException {
        Sql.execute(connection, "SELECT pg_advisory_xact_lock(" + SCHEMA_LOCK + ")");
    }

    @Override
    public String beginWrite() {
        return "BEGIN ISOLATION LEVEL READ COMMITTED; " + LIMITS + "; " + IDLE_LIMIT + "; " + DURABLE;
    }

    @Override
    public String beginRead() {
        return "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; " + LIMITS;
    }

    @Override
    public String lockRows() {
        return " FOR UPDATE";
    }

    /**
     * The number of changes, in a few rows, of which each server process counts in its own: one row would let only one
     * change at a time be committed. (A sequence would not do: it counts before the change can be seen.)
     */
    @Override
    public String revision() {
        return "SELECT sum(changes)::bigint FROM kms_revision HAVING count(*) > 0";
    }

    @Override
    public String countChange() {
        return "UPDATE kms_revision SET changes = changes + 1" + " WHERE slot = pg_backend_pid() % " + SLOTS;
    }

    @Override
    public String nowMillis() {
        return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";
    }

    @Override
    public boolean hasOwnClock() {
        return true;
    }

    /** Every change writes a new copy of the row, and the log keeps both. */
    @Override
    public boolean overwrites() {
        return false;
    }

    /** Its checks need the rights of a superuser; data checksums are looked at whenever a page is read. */
    @Override
    public List<String> damages(Connection connection) {
        return List.of();
    }

    @Override
    public boolean forget(Connection connection) {
        return true;
    }

    /** By SQLSTATE; see the appendix "PostgreSQL Error Codes" of its manual. */
    @Override
    public Failure failure(SQLException e) {
        String state = state(e);
        if (state == null) {
            return e instanceof SQLTransientConnectionException ? Failure.CROWDED : Failure.OTHER;
        }
        return switch (state) {
            // Locks, deadlocks, and a row of the same key that somebody else inserted at the same moment.
            case "55P03", "40001", "40P01", "23505" -> Failure.BUSY;
            case "08001", "08004" -> Failure.AWAY;
            case "57P01", "57P02", "57P03", "57P05", "25P03" -> Failure.LOST;
            case "53300" -> Failure.CROWDED;
            case "57014" -> Failure.SLOW;
            // No schema that this user may make tables in is none at all.
            case "28000", "28P01", "42501", "3F000" -> Failure.DENIED;
            case "3D000", "57P04" -> Failure.NO_DATABASE;
            case "25006" -> Failure.READ_ONLY;
            case "53100" -> Failure.FULL;
            case "58030" -> Failure.INPUT_OUTPUT;
            // Tables are not as we made them, or the server found damage.
            case "42P01", "42P07", "42703", "42804", "42883", "23502", "23503", "23514", "58P01", "XX001", "XX002" ->
                Failure.CORRUPT;
            default -> state.startsWith("08") ? Failure.LOST : Failure.OTHER;
        };
    }

    /** A pool's own exceptions have no state, but the one they wrap has. */
    private static @Nullable String state(SQLException e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof SQLException sql && sql.getSQLState() != null) {
                return sql.getSQLState();
            }
        }
        return null;
    }
}
