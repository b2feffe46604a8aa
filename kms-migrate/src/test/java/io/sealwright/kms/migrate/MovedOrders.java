package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A table of orders whose cards lie under an old key, and what a test needs to move them to a new one. */
@Timeout(120)
abstract class MovedOrders {
    static final String OLD = "faulty://old";
    static final String NEW = "faulty://new";

    @TempDir
    Path folder;

    final FaultyMasterKey from = new FaultyMasterKey("old");
    final FaultyMasterKey to = new FaultyMasterKey("new", RecipientKind.VAULT_TRANSIT);
    private final OpenManagers open = new OpenManagers();

    KeyManager kms(Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder().retryAttempts(1);
        more.accept(builder);
        return open.add(builder.build());
    }

    @AfterEach
    void close() {
        from.behave();
        to.behave();
        open.close();
    }

    KeyManager moving() {
        return kms(b -> b.masterKey(to).alsoOpenWith(from));
    }

    /** So many rows of so many data keys, under the old key; every seventh without data. */
    DataSource filled(Database database, int rows, int headers) throws SQLException {
        DataSource at = database.fresh(folder);
        Database.run(at, "CREATE TABLE orders (id integer PRIMARY KEY, card " + database.bytes() + ", note text)");
        KeyManager app = kms(b -> b.masterKey(from.twin()));
        try (Connection connection = at.getConnection();
                var insert = connection.prepareStatement("INSERT INTO orders VALUES (?, ?, 'x')")) {
            connection.setAutoCommit(false);
            for (int i = 1; i <= rows; i++) {
                insert.setInt(1, i);
                insert.setBytes(2, i % 7 == 0 ? null : sealed(app, i, headers));
                insert.executeUpdate();
            }
            connection.commit();
        }
        return at;
    }

    private static byte[] sealed(KeyManager app, int row, int headers) {
        return app.encrypt("card of " + row)
                .context("n", Integer.toString(row % headers))
                .associatedData(id(row))
                .toBytes();
    }

    static byte[] id(int row) {
        return Integer.toString(row).getBytes(StandardCharsets.UTF_8);
    }

    static Migration orders(KeyManager kms, DataSource at) {
        return Migration.of(kms).column(at, "orders", "id", "card");
    }

    static void opens(KeyManager kms, DataSource at, int row, int headers) throws SQLException {
        byte[] message = Database.bytes(at, "SELECT card FROM orders WHERE id = " + row);
        assertThat(kms.decrypt(message)
                        .context("n", Integer.toString(row % headers))
                        .associatedData(id(row))
                        .toText())
                .isEqualTo("card of " + row);
    }
}
