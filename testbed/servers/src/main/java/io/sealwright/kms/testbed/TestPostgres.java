package io.sealwright.kms.testbed;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server of its own, with the settings that make a commit durable (the ones that the packaged binaries
 * start with do not), on a port of the loopback interface. Everybody may connect as {@code postgres} without a password;
 * a role named {@value #SECURED} needs one.
 */
public final class TestPostgres implements AutoCloseable {
    /** A role of this name, once a test has made it, must give a password. */
    public static final String SECURED = "secured";

    private static final String NAME = "PostgreSQL";
    private static @Nullable TestPostgres shared;

    private final Path data;
    private final AtomicInteger schemas = new AtomicInteger();
    private EmbeddedPostgres server;

    private TestPostgres(Path data, EmbeddedPostgres server) {
        this.data = data;
        this.server = server;
    }

    /** The one that the tests of this JVM share, started by the first; ends with the JVM. */
    public static synchronized TestPostgres shared() {
        TestPostgres there = shared;
        if (there == null) {
            there = start();
            shared = there;
            Runtime.getRuntime().addShutdownHook(new Thread(there::close, "PostgreSQL's end"));
        }
        return there;
    }

    /** Starts one for a test that kills or stops it. Aborts or fails the test if there can be none. */
    public static TestPostgres start() {
        try {
            Path data = Files.createTempDirectory("kms-postgres-");
            try {
                TestPostgres made = new TestPostgres(data, launch(data, 0));
                made.demandPasswords();
                Notes.used(NAME, made.ask("SHOW server_version") + ", real, a process of its own");
                return made;
            } catch (IOException | SQLException | RuntimeException e) {
                remove(data);
                throw e;
            }
        } catch (IOException | SQLException | RuntimeException e) {
            throw Notes.missing(NAME, String.valueOf(e.getMessage()), e);
        }
    }

    private static EmbeddedPostgres launch(Path data, int port) throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setRegisterShutdownHook(false)
                .setPort(port)
                .setPGStartupWait(Duration.ofSeconds(60))
                .setServerConfig("unix_socket_directories", data.toString())
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("full_page_writes", "on")
                .setServerConfig("max_connections", "200")
                .start();
    }

    private void demandPasswords() throws IOException, SQLException {
        Path rules = data.resolve("pg_hba.conf");
        Files.writeString(rules, "host all " + SECURED + " all scram-sha-256\n" + Files.readString(rules));
        ask("SELECT pg_reload_conf()");
    }

    public int port() {
        return server.getPort();
    }

    /** The URL of the database {@code postgres}, without a user. */
    public String url() {
        return "jdbc:postgresql://localhost:" + port() + "/postgres";
    }

    /** The URL of an empty schema, for the user {@code postgres}. */
    public String freshSchema() throws SQLException {
        String schema = "test_" + ProcessHandle.current().pid() + "_" + schemas.incrementAndGet();
        run("CREATE SCHEMA " + schema);
        return url() + "?user=postgres&currentSchema=" + schema;
    }

    /** Runs statements as {@code postgres}. */
    public void run(String... statements) throws SQLException {
        runAt(url() + "?user=postgres", statements);
    }

    /** Runs statements at a URL. */
    public static void runAt(String url, String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first column of a query's first row. */
    public String ask(String query) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url() + "?user=postgres");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** Ends the server and all its processes with SIGKILL, as a crash does. */
    public void kill() throws IOException, InterruptedException {
        Path pidFile = data.resolve("postmaster.pid");
        long pid = Long.parseLong(Files.readAllLines(pidFile).get(0).strip());
        ProcessHandle postmaster = ProcessHandle.of(pid).orElseThrow();
        var all = postmaster.descendants().toList();
        postmaster.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
        // Else the next one takes the dead for the living, whose zombie may stay where nobody waits for it.
        Files.deleteIfExists(pidFile);
        Files.deleteIfExists(data.resolve(".s.PGSQL." + port() + ".lock"));
    }

    /** Starts it again after {@link #kill}, on the same port and data. */
    public void restart() throws IOException, InterruptedException {
        int port = port();
        server.close(); // lets go of its lock on the data; the server itself is gone
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            try {
                server = launch(data, port);
                return;
            } catch (IOException | RuntimeException e) {
                if (System.nanoTime() - limit > 0) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(100); // the dead have not let go of their memory yet
            }
        }
    }

    @Override
    public void close() {
        try {
            server.close();
            remove(data);
        } catch (IOException | RuntimeException e) {
            System.err.println("PostgreSQL did not end as it should: " + e);
        }
    }

    private static void remove(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
