package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ConfigurationException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Optional;

/** Checkpoints in a table of the database, one row a job; one statement replaces one. */
final class TableCheckpoint implements Checkpoint {
    private final JdbcSession session;
    private final String table;

    /** Makes the table if it is missing. */
    TableCheckpoint(JdbcSession session, String table) {
        this.session = session;
        this.table = ColumnNames.quoted(table);
        boolean unused = session.write("Making the table " + this.table, (connection, dialect) -> {
            Dialect.execute(
                    connection,
                    "CREATE TABLE IF NOT EXISTS " + this.table + " (job varchar(64) PRIMARY KEY, state text NOT NULL)");
            return true;
        });
    }

    @Override
    public Optional<State> load(String job) {
        Optional<String> text = session.read("Reading the checkpoint", (connection, dialect) -> {
            try (PreparedStatement statement =
                    JdbcSession.prepare(connection, "SELECT state FROM " + table + " WHERE job = ?")) {
                statement.setString(1, job);
                try (ResultSet found = statement.executeQuery()) {
                    return found.next() ? Optional.of(found.getString(1)) : Optional.empty();
                }
            }
        });
        return text.map(state -> State.parse(state)
                .filter(parsed -> parsed.job.equals(job))
                .orElseThrow(() -> new ConfigurationException(
                        "The row of this job in " + table + " is no checkpoint.",
                        "It is not what a migration writes, or of a newer release.",
                        "Delete the row: a job that begins anew finds done what is done.")));
    }

    @Override
    public void save(State state) {
        run(
                "INSERT INTO " + table
                        + " (job, state) VALUES (?, ?) ON CONFLICT (job) DO UPDATE SET state = excluded.state",
                state.job,
                state.text());
    }

    @Override
    public void clear(String job) {
        run("DELETE FROM " + table + " WHERE job = ?", job);
    }

    private void run(String sql, String... values) {
        int unused = session.write("Writing the checkpoint", (connection, dialect) -> {
            try (PreparedStatement statement = JdbcSession.prepare(connection, sql)) {
                for (int i = 0; i < values.length; i++) {
                    statement.setString(i + 1, values[i]);
                }
                return statement.executeUpdate();
            }
        });
    }
}
