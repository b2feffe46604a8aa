package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.migrate.Mover.Decision;
import io.sealwright.kms.migrate.Mover.Outcome;
import io.sealwright.kms.migrate.Tally.Count;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A column of a table. Rows are read in pages by their key, without locks; decided upon outside of any transaction, since a
 * key may take its time; and written where they still hold the bytes that were read. A row that does not is read again.
 */
final class JdbcColumn implements Source<Row> {
    /** So much is read at a time, rows that are larger by themselves apart. */
    private static final long MOST_PAGE_BYTES = 16L << 20;

    private static final int FETCH_ROWS = 64;

    private final JdbcSession session;
    private final Stop stop;
    private final ColumnNames names;
    private final String identity;

    JdbcColumn(JdbcSession session, ColumnNames given, Stop stop) {
        this.session = session;
        this.stop = stop;
        String looking = "Looking at the table " + given.quotedTable();
        this.names = session.read(looking, (connection, dialect) -> {
            ColumnNames found = given.in(connection);
            found.demand(connection, dialect);
            return found;
        });
        this.identity = session.read(looking, (connection, dialect) -> {
            demandNoRowWithoutKey(connection);
            return dialect.identity(connection, names);
        });
    }

    private record Change(Row row, Decision decision, byte[] content) {}

    @Override
    public String identity() {
        return "column " + names.quotedTable() + " " + ColumnNames.quoted(names.key()) + " "
                + ColumnNames.quoted(names.data()) + " of " + identity;
    }

    @Override
    public List<Row> page(@Nullable String after, int most) {
        return session.read(
                "Reading from " + names.quotedTable(), (connection, dialect) -> page(connection, after, most));
    }

    /**
     * Sees that the page is all that lies between its ends, in one moment: a key that comes twice, or an index that is
     * damaged, would let rows slip through between two pages, unmoved and unseen.
     */
    @Override
    public List<Row> secondLook(@Nullable String after, int most) {
        return session.read("Reading from " + names.quotedTable(), (connection, dialect) -> {
            dialect.snapshot(connection);
            List<Row> rows = page(connection, after, most);
            RowKey last = rows.isEmpty() ? null : rows.get(rows.size() - 1).key();
            if (last == null) {
                demandNoRowWithoutKey(connection);
            } else if (between(connection, after, last) != rows.size()) {
                throw ColumnNames.wrong(
                        "The rows of " + names.quotedTable() + " cannot all be looked at by " + names.key() + ".",
                        "Up to the key '" + last.name() + "' there are more or fewer than were read: keys come twice,"
                                + " or an index is damaged.",
                        "Name another unique column, or rebuild the table's indexes.");
            }
            return rows;
        });
    }

    private List<Row> page(Connection connection, @Nullable String after, int most) throws SQLException {
        String key = ColumnNames.quoted(names.key());
        String data = ColumnNames.quoted(names.data());
        String sql = "SELECT " + key + ", " + data + " FROM " + names.quotedTable() + " WHERE " + key
                + (after == null ? " IS NOT NULL AND " : " > ? AND ") + data + " IS NOT NULL ORDER BY " + key
                + " LIMIT "
                + most;
        List<Row> rows = new ArrayList<>();
        try (PreparedStatement statement = JdbcSession.prepare(connection, sql)) {
            statement.setFetchSize(FETCH_ROWS);
            if (after != null) {
                RowKey.atPosition(after).bind(statement, 1);
            }
            long bytes = 0;
            try (ResultSet found = statement.executeQuery()) {
                while (bytes < MOST_PAGE_BYTES && found.next()) {
                    Row row = new Row(RowKey.of(found.getObject(1)), value(found, 2));
                    rows.add(row);
                    bytes += row.size();
                }
            }
        }
        return rows;
    }

    /** How many rows there are behind a position, up to a key. */
    private long between(Connection connection, @Nullable String after, RowKey last) throws SQLException {
        String key = ColumnNames.quoted(names.key());
        String sql = "SELECT count(*) FROM " + names.quotedTable() + " WHERE " + key + " <= ? AND "
                + (after == null ? "" : key + " > ? AND ") + ColumnNames.quoted(names.data()) + " IS NOT NULL";
        try (PreparedStatement statement = JdbcSession.prepare(connection, sql)) {
            last.bind(statement, 1);
            if (after != null) {
                RowKey.atPosition(after).bind(statement, 2);
            }
            try (ResultSet found = statement.executeQuery()) {
                return found.next() ? found.getLong(1) : 0;
            }
        }
    }

    /** SQLite takes nulls in a primary key that is not said to be NOT NULL. */
    private void demandNoRowWithoutKey(Connection connection) throws SQLException {
        String key = ColumnNames.quoted(names.key());
        String row = Dialect.one(
                connection,
                "SELECT 1 FROM " + names.quotedTable() + " WHERE " + key + " IS NULL AND "
                        + ColumnNames.quoted(names.data()) + " IS NOT NULL LIMIT 1");
        if (row != null) {
            throw ColumnNames.wrong(
                    "A row of " + names.quotedTable() + " has no key.",
                    "The column " + key + " is null there, which SQLite takes in a primary key that is not NOT NULL.",
                    "Give the row a key, or name another column that is unique and NOT NULL.");
        }
    }

    /** Bytes, or text; anything else as the text it shows, which then is no message. */
    private static Object value(ResultSet found, int index) throws SQLException {
        Object value = found.getObject(index);
        return value instanceof byte[] ? value : String.valueOf(value);
    }

    @Override
    public boolean move(List<Row> page, Mover mover, Tally tally) {
        List<Row> pending = page;
        Backoff backoff = new Backoff(stop);
        for (int attempt = 1; !pending.isEmpty(); attempt++) {
            boolean last = attempt == Backoff.MOST_ATTEMPTS;
            List<Change> changes = new ArrayList<>();
            List<Row> later = new ArrayList<>();
            for (Map.Entry<Row, Outcome> entry :
                    mover.decide(pending, Row::data).entrySet()) {
                Row row = entry.getKey();
                KmsException failure = entry.getValue().failure();
                if (failure != null && failure.retryable() && !last) {
                    later.add(row);
                } else if (failure != null) {
                    tally.failed(row.name(), failure);
                } else {
                    settle(row, entry.getValue().decision(), changes, tally);
                }
            }
            Map<String, KmsException> refused = new HashMap<>();
            Set<String> written = changes.isEmpty() ? Set.of() : write(changes, refused);
            for (Change change : changes) {
                KmsException refusal = refused.get(change.row().name());
                if (refusal != null) {
                    tally.failed(change.row().name(), refusal);
                } else if (written.contains(change.row().name())) {
                    count(change.decision(), tally);
                } else if (last) {
                    tally.failed(change.row().name(), contended());
                } else {
                    tally.one(Count.LOST);
                    later.add(change.row());
                }
            }
            if (!later.isEmpty()) {
                if (stop.isRequested()) {
                    return false;
                }
                backoff.pause();
            }
            pending = again(later, tally);
        }
        return true;
    }

    private static void settle(Row row, @Nullable Decision decision, List<Change> changes, Tally tally) {
        byte[] content = decision == null ? null : decision.content();
        if (decision != null && content == null) {
            count(decision, tally);
        } else if (decision != null && content != null) {
            changes.add(new Change(row, decision, content));
        }
    }

    private static void count(Decision decision, Tally tally) {
        tally.one(decision.count());
        tally.found(decision.keys());
    }

    private static StoreException contended() {
        return new StoreException(
                ErrorCode.KMS_STORE_CONFLICT,
                "The row was not moved.",
                "Another transaction held or changed it, each time it was to be written.",
                "Start the migration again when the row is left alone.");
    }

    /** Writes; where the database refuses a row, each by itself, so that the others are written. */
    private Set<String> write(List<Change> changes, Map<String, KmsException> refused) {
        try {
            return write(changes);
        } catch (JdbcErrors.RowException e) {
            if (changes.size() == 1) {
                refused.put(changes.get(0).row().name(), e.typed());
                return Set.of();
            }
            Set<String> written = new HashSet<>();
            changes.forEach(change -> written.addAll(write(List.of(change), refused)));
            return written;
        }
    }

    /** Writes in one transaction what still holds the bytes that were read; the keys of the rows that did. */
    private Set<String> write(List<Change> changes) {
        String table = names.quotedTable();
        String key = ColumnNames.quoted(names.key());
        String data = ColumnNames.quoted(names.data());
        return session.write("Writing to " + table, (connection, dialect) -> {
            Set<String> free = free(connection, dialect, changes);
            List<Change> tried = changes.stream()
                    .filter(change -> free.contains(change.row().name()))
                    .toList();
            Set<String> written = new HashSet<>();
            if (tried.isEmpty()) {
                return written;
            }
            try (PreparedStatement statement = JdbcSession.prepare(
                    connection,
                    "UPDATE " + table + " SET " + data + " = ? WHERE " + key + " = ? AND " + data + " = ?")) {
                for (Change change : tried) {
                    change.row().bindNew(statement, 1, change.content());
                    change.row().key().bind(statement, 2);
                    change.row().bindOld(statement, 3);
                    statement.addBatch();
                }
                int[] counts = statement.executeBatch();
                for (int i = 0; i < counts.length; i++) {
                    if (counts[i] == 1) {
                        written.add(tried.get(i).row().name());
                    }
                }
            }
            return written;
        });
    }

    /** Locks what nobody else holds; elsewhere the transaction has locked all. */
    private Set<String> free(Connection connection, Dialect dialect, List<Change> changes) throws SQLException {
        Set<String> free = new HashSet<>();
        String sql = dialect.lock(names.quotedTable(), ColumnNames.quoted(names.key()), changes.size());
        if (sql.isEmpty()) {
            changes.forEach(change -> free.add(change.row().name()));
            return free;
        }
        try (PreparedStatement statement = JdbcSession.prepare(connection, sql)) {
            for (int i = 0; i < changes.size(); i++) {
                changes.get(i).row().key().bind(statement, i + 1);
            }
            try (ResultSet locked = statement.executeQuery()) {
                while (locked.next()) {
                    free.add(RowKey.of(Objects.requireNonNull(locked.getObject(1)))
                            .name());
                }
            }
        }
        return free;
    }

    /** The rows as they are now; one that is gone, or holds nothing any more, is counted so. */
    private List<Row> again(List<Row> lost, Tally tally) {
        if (lost.isEmpty()) {
            return List.of();
        }
        String data = ColumnNames.quoted(names.data());
        String sql = "SELECT " + data + " FROM " + names.quotedTable() + " WHERE " + ColumnNames.quoted(names.key())
                + " = ? AND " + data + " IS NOT NULL";
        List<Row> rows = session.read("Reading again from " + names.quotedTable(), (connection, dialect) -> {
            List<Row> there = new ArrayList<>();
            try (PreparedStatement statement = JdbcSession.prepare(connection, sql)) {
                for (Row row : lost) {
                    row.key().bind(statement, 1);
                    try (ResultSet found = statement.executeQuery()) {
                        if (found.next()) {
                            there.add(new Row(row.key(), value(found, 1)));
                        }
                    }
                }
            }
            return there;
        });
        tally.add(Count.VANISHED, lost.size() - rows.size());
        return rows;
    }

    @Override
    public void close() {
        session.close();
    }
}
