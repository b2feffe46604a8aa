package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.EmbeddedStoreProvider;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import io.sealwright.kms.testbed.Patiently;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sqlite.SQLiteDataSource;

@Timeout(60)
class JdbcKeyStoreTest {
    private static final Duration SHORT = Duration.ofMillis(150);

    /** Sixteen bytes that stand nowhere else. */
    private static final byte[] MARK = "Never-seen-else!".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = folder.resolve("store.db");
    }

    @Test
    void sqlite_closedAndOpenedAgain_keepsEverything() {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            store.initialise(MARK);
            store.apply(create("orders", 3));
        }
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            assertThat(store.storeKey()).hasValue(MARK);
            assertThat(store.find("orders").orElseThrow().versions()).hasSize(3);
            assertThat(store.revision()).isEqualTo(2);
            assertThat(store.describe()).contains("SQLite").contains(file.toString());
        }
    }

    @Test
    void sqlite_newFile_isMadeForTheOwnerAlone() throws Exception {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            store.initialise(MARK);
            try (Stream<Path> files = Files.list(folder)) {
                assertThat(files)
                        .hasSizeGreaterThan(1)
                        .allSatisfy(one -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(one)))
                                .isEqualTo("rw-------"));
            }
        }
    }

    @Test
    void sqlite_newFile_isInWalModeAndItsConnectionsAreStrict() throws Exception {
        JdbcKeyStore.sqlite(file).close();
        SqliteFile connections = SqliteFile.of(file, Drivers.SQLITE.find().orElseThrow());
        try (connections;
                Connections.Lease lease = connections.lease(false, System.nanoTime())) {
            Connection connection = lease.connection();
            assertThat(pragma(connection, "journal_mode")).isEqualTo("wal");
            assertThat(pragma(connection, "synchronous")).isEqualTo("2");
            assertThat(pragma(connection, "secure_delete")).isEqualTo("1");
            assertThat(pragma(connection, "foreign_keys")).isEqualTo("1");
            assertThat(pragma(connection, "busy_timeout")).isEqualTo("0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"with space.db", "what?.db", "100%41.db", "schlüssel-鍵.db", "mode=memory.db", "a;b'c.db"})
    void sqlite_unusualName_opensThatVeryFile(String name) {
        Path unusual = folder.resolve(name);
        try (NamedKeyStore store = JdbcKeyStore.sqlite(unusual)) {
            store.initialise(MARK);
        }
        assertThat(unusual).exists().isNotEmptyFile();
        try (NamedKeyStore store = JdbcKeyStore.sqlite(unusual)) {
            assertThat(store.storeKey()).hasValue(MARK);
        }
    }

    @Test
    void sqlite_folderMissing_isAConfigurationError() {
        assertThatThrownBy(() -> JdbcKeyStore.sqlite(folder.resolve("missing").resolve("store.db")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("folder is not there")
                .hasMessageContaining("Make the folder");
    }

    @Test
    void sqlite_pathOfFolder_isAConfigurationError() {
        assertThatThrownBy(() -> JdbcKeyStore.sqlite(folder))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("It is a folder");
    }

    @Test
    void sqlite_noDatabase_isCorrupt() throws Exception {
        Files.writeString(file, "This is a letter, not a database.\n".repeat(500));
        byte[] before = Files.readAllBytes(file);
        assertFails(ErrorCode.KMS_STORE_CORRUPT, () -> JdbcKeyStore.sqlite(file));
        assertThat(file).hasBinaryContent(before);
    }

    @Test
    void sqlite_newerSchema_isRefusedAndNotTouched() throws Exception {
        filled();
        sql(file, "UPDATE kms_schema SET version = 4");
        byte[] before = Files.readAllBytes(file);
        StoreException e = assertFails(ErrorCode.KMS_STORE_NEWER, () -> JdbcKeyStore.sqlite(file));
        assertThat(e).hasMessageContaining("schema 4").hasMessageContaining("newer release");
        assertThat(file).hasBinaryContent(before);
    }

    @Test
    void sqlite_newerSchemaInOtherJournalMode_keepsItsMode() throws Exception {
        sql(file, "CREATE TABLE kms_schema (version INTEGER)", "INSERT INTO kms_schema VALUES (99)");
        byte[] before = Files.readAllBytes(file);
        assertFails(ErrorCode.KMS_STORE_NEWER, () -> JdbcKeyStore.sqlite(file));
        assertThat(file).hasBinaryContent(before);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DELETE FROM kms_schema",
                "UPDATE kms_schema SET version = 0",
                "INSERT INTO kms_schema VALUES (1)",
            })
    void sqlite_schemaRowWrong_isCorrupt(String damage) throws Exception {
        filled();
        sql(file, damage);
        StoreException e = assertFails(ErrorCode.KMS_STORE_CORRUPT, () -> JdbcKeyStore.sqlite(file));
        assertThat(e).hasMessageContaining("does not tell its version");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE kms_key SET manifest = zeroblob(20000000)",
                "UPDATE kms_key SET generation = -1",
                "UPDATE kms_version SET wraps = zeroblob(1048577) WHERE number = 2",
                "UPDATE kms_version SET wraps = x'' WHERE number = 2",
                "UPDATE kms_version SET id = x'01' WHERE number = 2",
                "UPDATE kms_version SET number = -2 WHERE number = 2",
                "UPDATE kms_version SET number = 4294967298 WHERE number = 2",
                "DROP TABLE kms_version",
                "ALTER TABLE kms_key DROP COLUMN manifest",
            })
    void find_rowsTamperedWith_isCorrupt(String damage) throws Exception {
        filled();
        sql(file, damage);
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            assertFails(ErrorCode.KMS_STORE_CORRUPT, () -> store.find("orders"));
        }
    }

    @Test
    void find_manyWrapsTooLongInAll_isCorruptAndNotLoaded() throws Exception {
        filled();
        sql(
                file,
                "WITH RECURSIVE n(i) AS (VALUES (1000) UNION ALL SELECT i + 1 FROM n WHERE i < 1070)"
                        + " INSERT INTO kms_version SELECT 'orders', i, randomblob(16), zeroblob(1000000) FROM n");
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            StoreException e = assertFails(ErrorCode.KMS_STORE_CORRUPT, () -> store.find("orders"));
            assertThat(e).hasMessageContaining("longer than this library ever writes");
        }
    }

    @Test
    void storeKey_tamperedWith_isCorrupt() throws Exception {
        filled();
        sql(file, "UPDATE kms_state SET store_key = zeroblob(65537)");
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            assertFails(ErrorCode.KMS_STORE_CORRUPT, store::storeKey);
            assertFails(ErrorCode.KMS_STORE_CORRUPT, () -> store.initialise(MARK));
        }
    }

    @Test
    void everyMethod_stateRowGone_isCorrupt() throws Exception {
        filled();
        sql(file, "DELETE FROM kms_state");
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            assertFails(ErrorCode.KMS_STORE_CORRUPT, store::revision);
            assertFails(ErrorCode.KMS_STORE_CORRUPT, store::storeKey);
            assertFails(ErrorCode.KMS_STORE_CORRUPT, () -> store.apply(create("invoices", 1)));
            assertThat(store.names()).containsExactly("orders");
        }
    }

    @Test
    void names_nameTooLong_isCorrupt() throws Exception {
        filled();
        sql(file, "INSERT INTO kms_key (name, generation, manifest) VALUES (hex(zeroblob(100000)), 1, x'00')");
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            assertFails(ErrorCode.KMS_STORE_CORRUPT, store::names);
        }
    }

    @Test
    void find_fileCut_isCorrupt() throws Exception {
        filled();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        assertFails(ErrorCode.KMS_STORE_CORRUPT, this::readAll);
    }

    @Test
    void find_pagesOverwritten_isCorrupt() throws Exception {
        filled();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            byte[] noise = new byte[(int) channel.size() - 4096];
            Arrays.fill(noise, (byte) 0xa7);
            channel.write(ByteBuffer.wrap(noise), 4096);
        }
        assertFails(ErrorCode.KMS_STORE_CORRUPT, this::readAll);
    }

    @Test
    void apply_lockedByAnother_isUnavailableAndWorksAfterwards() throws Exception {
        filled();
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file, SHORT);
                Connection other = connect(file)) {
            Sql.execute(other, "BEGIN EXCLUSIVE");
            long start = System.nanoTime();
            StoreException e = assertFails(ErrorCode.KMS_STORE_UNAVAILABLE, () -> store.apply(create("invoices", 1)));
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(SHORT);
            assertThat(e.retryable()).isTrue();
            assertThat(e).hasMessageContaining("Another process holds its lock.");
            assertThat(store.find("orders")).as("reading goes on").isPresent();
            Sql.execute(other, "ROLLBACK");
            // So short a wait may be over on a loaded machine before it is this one's turn.
            Patiently.repeat(
                    StoreException.class,
                    () -> assertThat(store.apply(create("invoices", 1))).isTrue());
        }
    }

    @Test
    void apply_lockReleasedMeanwhile_succeeds() throws Exception {
        filled();
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file);
                Connection other = connect(file)) {
            Sql.execute(other, "BEGIN IMMEDIATE");
            CompletableFuture<Boolean> change = CompletableFuture.supplyAsync(() -> store.apply(create("invoices", 1)));
            // The change is under way, or soon will be; either way it must come through once the lock is free.
            assertThat(store.names()).containsExactly("orders");
            assertThat(change).isNotDone();
            Sql.execute(other, "COMMIT");
            assertThat(change.join()).isTrue();
        }
    }

    @Test
    void sqlite_lockedByAnotherBeforeItIsAStore_isUnavailable() throws Exception {
        try (Connection other = connect(file)) {
            Sql.execute(other, "BEGIN EXCLUSIVE");
            assertFails(ErrorCode.KMS_STORE_UNAVAILABLE, () -> JdbcKeyStore.sqlite(file, SHORT));
        }
        JdbcKeyStore.sqlite(file).close();
    }

    @Test
    void apply_interruptedWhileLocked_endsAndKeepsTheFlag() throws Exception {
        filled();
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file);
                Connection other = connect(file)) {
            Sql.execute(other, "BEGIN IMMEDIATE");
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> store.apply(create("invoices", 1)))
                    .isInstanceOf(CallInterruptedException.class)
                    .hasMessageContaining("interrupted");
            assertThat(Thread.interrupted()).isTrue();
            Sql.execute(other, "ROLLBACK");
            assertThat(store.names()).containsExactly("orders");
        }
    }

    @Test
    void apply_readOnlyDatabase_isUnavailableAndReadingWorks() throws Exception {
        filled();
        // The superuser, whom modes do not stop, may run this: so by SQLite's own switch.
        SQLiteDataSource dataSource = dataSource("jdbc:sqlite:" + file.toUri() + "?mode=ro");
        NamedKeyStore keepsTheLog = JdbcKeyStore.sqlite(file);
        try (keepsTheLog;
                NamedKeyStore store = JdbcKeyStore.of(dataSource)) {
            assertThat(store.find("orders")).isPresent();
            StoreException e = assertFails(ErrorCode.KMS_STORE_UNAVAILABLE, () -> store.apply(create("invoices", 1)));
            assertThat(e).hasMessageContaining("It is read-only.").hasMessageContaining("write permission");
        }
    }

    @Test
    void apply_rollbackFails_connectionIsNotLentAgain() {
        try (NamedKeyStore store = JdbcKeyStore.open(new FailingRollback(), SHORT)) {
            store.apply(create("orders", 1));
            KeyChange sameId = new KeyChange(
                    "others", 0, 1, MARK, store.find("orders").orElseThrow().versions(), List.of(), null);
            assertThatThrownBy(() -> store.apply(sameId)).isInstanceOf(IllegalArgumentException.class);

            assertThat(store.apply(create("more", 1))).isTrue();
        }
    }

    /** A file's connections, which do not roll back. */
    private final class FailingRollback implements Connections {
        private final Connections real =
                SqliteFile.of(file, Drivers.SQLITE.find().orElseThrow());

        @Override
        public Dialect dialect() throws SQLException {
            return real.dialect();
        }

        @Override
        public Lease lease(boolean write, long deadlineNanos) throws SQLException {
            Lease lease = real.lease(write, deadlineNanos);
            return new Lease() {
                @Override
                public Connection connection() {
                    return proxy(Connection.class, lease.connection());
                }

                @Override
                public void spoil() {
                    lease.spoil();
                }

                @Override
                public void close() {
                    lease.close();
                }
            };
        }

        @Override
        public String place() {
            return real.place();
        }

        @Override
        public void close() {
            real.close();
        }

        private <T> T proxy(Class<T> type, Object target) {
            return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (p, method, args) -> {
                if (method.getName().equals("execute") && "ROLLBACK".equals(args[0])) {
                    throw new SQLException("the test does not roll back");
                }
                try {
                    Object result = method.invoke(target, args);
                    return method.getName().equals("createStatement") ? proxy(Statement.class, result) : result;
                } catch (InvocationTargetException e) {
                    throw e.getCause();
                }
            }));
        }
    }

    @Test
    void apply_noSpace_isUnavailableAndChangesNothing() {
        SQLiteDataSource sqlite = dataSource("jdbc:sqlite:" + file);
        boolean[] full = {false};
        DataSource dataSource = proxy(DataSource.class, (method) -> {
            Connection connection = sqlite.getConnection();
            if (full[0]) {
                Sql.execute(connection, "PRAGMA max_page_count = 1");
            }
            return connection;
        });
        try (NamedKeyStore store = JdbcKeyStore.of(dataSource)) {
            store.apply(create("orders", 1));
            full[0] = true;
            KeyChange big =
                    new KeyChange("orders", 1, 2, new byte[200_000], List.of(version(2, 9_000)), List.of(1), null);
            StoreException e = assertFails(ErrorCode.KMS_STORE_UNAVAILABLE, () -> store.apply(big));
            assertThat(e).hasMessageContaining("full").hasMessageContaining("Make space");
            StoredKey there = store.find("orders").orElseThrow();
            assertThat(there.generation()).isEqualTo(1);
            assertThat(there.versions()).hasSize(1);
            full[0] = false;
            assertThat(store.apply(big)).isTrue();
        }
    }

    @Test
    void apply_fileReplaced_isUnavailable() throws Exception {
        filled();
        Path copy = Files.copy(file, folder.resolve("copy.db"));
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            store.revision();
            Files.delete(file);
            StoreException gone = assertFails(ErrorCode.KMS_STORE_UNAVAILABLE, store::revision);
            assertThat(gone).hasMessageContaining("removed or replaced");
            Files.move(copy, file);
            assertFails(ErrorCode.KMS_STORE_UNAVAILABLE, () -> store.apply(create("invoices", 1)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 100, 5_000, 200_000})
    void apply_erase_leavesNoTraceInTheFiles(int bytes) throws Exception {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file);
                NamedKeyStore second = JdbcKeyStore.sqlite(file)) {
            store.apply(new KeyChange(
                    "orders", 0, 1, new byte[1], List.of(marked(1, bytes), marked(2, bytes)), List.of(), null));
            assertThat(second.find("orders").orElseThrow().versions()).hasSize(2);
            assertThat(marks()).as("marks before").isPositive();
            store.apply(new KeyChange("orders", 1, 2, new byte[1], List.of(), List.of(1), null));
            store.apply(new KeyChange("orders", 2, 3, new byte[1], List.of(version(2, bytes)), List.of(), null));
            assertThat(marks())
                    .as("marks after one was erased and one replaced")
                    .isZero();
        }
    }

    @Test
    void replaceStoreKey_replaced_leavesNoTraceInTheFiles() throws Exception {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            store.initialise(MARK);
            assertThat(marks()).isPositive();
            store.replaceStoreKey(MARK, new byte[40]);
            assertThat(marks()).isZero();
        }
    }

    @Test
    void apply_eraseWhileBeingRead_traceGoesWithTheNextChange() throws Exception {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file);
                Connection reader = connect(file)) {
            store.apply(new KeyChange("orders", 0, 1, new byte[1], List.of(marked(1, 500)), List.of(), null));
            Sql.execute(reader, "BEGIN");
            assertThat(pragma(reader, "user_version")).isEqualTo("0");
            Sql.list(reader, "SELECT count(*) FROM kms_key", row -> row.getInt(1));
            assertThat(store.apply(new KeyChange("orders", 1, 2, new byte[1], List.of(), List.of(1), null)))
                    .isTrue();
            Sql.execute(reader, "COMMIT");
            store.apply(create("invoices", 1));
            assertThat(marks()).isZero();
        }
    }

    @Test
    void of_otherDatabase_isRefusedByName() {
        DatabaseMetaData metaData = proxy(DatabaseMetaData.class, method -> "MariaDB");
        Connection connection = proxy(Connection.class, method -> method.equals("getMetaData") ? metaData : null);
        DataSource dataSource = proxy(DataSource.class, method -> connection);
        assertThatThrownBy(() -> JdbcKeyStore.of(dataSource))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("MariaDB cannot hold a store");
    }

    @Test
    void of_databaseInMemory_isRefused() {
        assertThatThrownBy(() -> JdbcKeyStore.of(dataSource("jdbc:sqlite::memory:")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("journal mode stays 'memory'");
    }

    @Test
    void of_dataSourceFails_isUnavailable() {
        DataSource dataSource = proxy(DataSource.class, method -> {
            throw new SQLException("away", "08001");
        });
        assertFails(ErrorCode.KMS_STORE_UNAVAILABLE, () -> JdbcKeyStore.of(dataSource));
    }

    @Test
    void of_applicationsDatabase_leavesItsTablesAndAutoCommit() throws Exception {
        sql(file, "CREATE TABLE customer (id INTEGER)", "INSERT INTO customer VALUES (7)");
        try (Connection pooled = connect(file)) {
            pooled.setAutoCommit(false);
            Connection kept = proxy(Connection.class, pooled, "close");
            try (NamedKeyStore store = JdbcKeyStore.of(proxy(DataSource.class, method -> kept))) {
                store.apply(create("orders", 1));
                assertThat(store.names()).containsExactly("orders");
            }
            assertThat(pooled.getAutoCommit()).isFalse();
            pooled.rollback();
            assertThat(Sql.list(pooled, "SELECT id FROM customer", row -> row.getInt(1)))
                    .containsExactly(7);
        }
    }

    @Test
    void provider_emptyHome_isFoundAndMakesFolderAndFile() throws Exception {
        List<EmbeddedStoreProvider> providers = ServiceLoader.load(EmbeddedStoreProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();
        assertThat(providers).singleElement().isInstanceOf(SqliteStoreProvider.class);
        Path home = folder.resolve("deep").resolve("home");
        try (NamedKeyStore store = providers.get(0).open(home).orElseThrow()) {
            store.initialise(MARK);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home)))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("store.db"))))
                .isEqualTo("rw-------");
    }

    @Test
    void provider_homeIsAFile_isAConfigurationError() throws Exception {
        Path home = Files.writeString(folder.resolve("home"), "a file");
        assertThatThrownBy(() -> new SqliteStoreProvider().open(home))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("cannot be made")
                .hasMessageContaining("KMS_HOME");
    }

    private void filled() {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            store.initialise(MARK);
            store.apply(create("orders", 30));
        }
    }

    private void readAll() {
        try (NamedKeyStore store = JdbcKeyStore.sqlite(file)) {
            store.names();
            store.find("orders");
        }
    }

    private static KeyChange create(String name, int versions) {
        List<StoredVersion> put = Stream.iterate(1, n -> n + 1)
                .limit(versions)
                .map(n -> new StoredVersion(n, id(name, n), new byte[3_000]))
                .toList();
        return new KeyChange(name, 0, 1, new byte[10_000], put, List.of(), null);
    }

    private static byte[] id(String name, int number) {
        return ByteBuffer.allocate(16).putInt(name.hashCode()).putInt(number).array();
    }

    private static StoredVersion version(int number, int bytes) {
        return new StoredVersion(number, id("orders", number), new byte[bytes]);
    }

    private static StoredVersion marked(int number, int bytes) {
        byte[] wraps = new byte[bytes];
        for (int i = 0; i + MARK.length <= bytes; i += MARK.length) {
            System.arraycopy(MARK, 0, wraps, i, MARK.length);
        }
        return new StoredVersion(number, id("orders", number), wraps);
    }

    /** How often the mark stands in any of the store's files. */
    private int marks() throws Exception {
        int marks = 0;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path one : files.toList()) {
                String bytes = Files.readString(one, StandardCharsets.ISO_8859_1);
                marks += bytes.split(new String(MARK, StandardCharsets.US_ASCII), -1).length - 1;
            }
        }
        return marks;
    }

    private static Connection connect(Path file) throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + file);
    }

    private static void sql(Path file, String... statements) throws SQLException {
        try (Connection connection = connect(file)) {
            for (String statement : statements) {
                Sql.execute(connection, statement);
            }
        }
    }

    private static String pragma(Connection connection, String name) throws SQLException {
        return Sql.first(connection, "PRAGMA " + name, row -> row.getString(1)).orElseThrow();
    }

    private static SQLiteDataSource dataSource(String url) {
        SQLiteDataSource dataSource = new SQLiteDataSource();
        dataSource.setUrl(url);
        return dataSource;
    }

    private interface Answer {
        Object to(String method) throws Exception;
    }

    private static <T> T proxy(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> answer.to(method.getName())));
    }

    private static Connection proxy(Class<Connection> type, Connection target, String ignored) {
        return type.cast(Proxy.newProxyInstance(
                JdbcKeyStoreTest.class.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) ->
                        method.getName().equals(ignored) ? null : method.invoke(target, arguments)));
    }

    private static StoreException assertFails(ErrorCode code, ThrowingCallable call) {
        StoreException e = catchThrowableOfType(StoreException.class, call);
        assertThat(e).as("a StoreException").isNotNull();
        assertThat(e.code()).as(e.toString()).isEqualTo(code);
        assertThat(e.remedy()).isNotBlank();
        return e;
    }
}
