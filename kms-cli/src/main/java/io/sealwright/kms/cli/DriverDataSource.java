package io.sealwright.kms.cli;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.spi.Variables;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Arrays;
import java.util.Properties;
import java.util.logging.Logger;
import javax.sql.DataSource;

/** Connections to an application's database, whose user and password come from the environment. */
final class DriverDataSource implements DataSource {
    static final String USER = "KMS_MIGRATE_USER";
    static final String PASSWORD = "KMS_MIGRATE_PASSWORD";

    /** Without SQLITE_OPEN_CREATE, which the driver adds by default. */
    private static final String SQLITE_OPEN_READWRITE = "2";

    private final String url;
    private final Variables variables;

    private DriverDataSource(String url, Variables variables) {
        this.url = url;
        this.variables = variables;
    }

    /**
     * Checks the URL; connects to nothing.
     *
     * @throws Failure if it is none of a database that columns are moved in, or holds a password
     */
    static DriverDataSource of(String url, Variables variables) {
        boolean known = url.startsWith("jdbc:postgresql:") || url.startsWith("jdbc:sqlite:");
        String lower = url.toLowerCase(java.util.Locale.ROOT);
        if (!known || lower.contains("password=") || lower.matches("jdbc:[a-z]+://[^/]*@.*")) {
            // Not the URL itself: it may hold a password.
            throw Failure.usage(
                    "--jdbc names no database whose columns are moved.",
                    known
                            ? "A password stands in it, which others would see."
                            : "It is neither PostgreSQL's nor SQLite's.",
                    "Give jdbc:postgresql://HOST/DATABASE or jdbc:sqlite:PATH, and user and password by " + USER
                            + " and " + PASSWORD + " or " + PASSWORD + "_FILE.");
        }
        return new DriverDataSource(url, variables);
    }

    @Override
    public Connection getConnection() throws SQLException {
        Properties properties = new Properties();
        variables.value(USER).ifPresent(user -> properties.setProperty("user", user));
        variables.secret(PASSWORD).ifPresent(password -> properties.setProperty("password", text(password)));
        if (url.startsWith("jdbc:sqlite:")) {
            properties.setProperty("open_mode", SQLITE_OPEN_READWRITE); // a file that is missing is not made
        }
        return DriverManager.getConnection(url, properties);
    }

    /** The driver wants a String, which cannot be wiped. */
    private static String text(SecretBytes password) {
        byte[] bytes = password.copy();
        try (password) {
            return new String(bytes, StandardCharsets.UTF_8);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("the environment says who connects");
    }

    @Override
    public PrintWriter getLogWriter() throws SQLException {
        throw new SQLFeatureNotSupportedException("no log");
    }

    @Override
    public void setLogWriter(PrintWriter out) {}

    @Override
    public void setLoginTimeout(int seconds) {}

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        throw new SQLFeatureNotSupportedException("no log");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLFeatureNotSupportedException("nothing is wrapped");
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
