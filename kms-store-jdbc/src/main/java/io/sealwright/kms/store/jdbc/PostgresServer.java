package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.StoreAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Connections to one PostgreSQL database: a few, kept open. What the URL says goes before what is said here. */
final class PostgresServer implements Connections {
    static final String PREFIX = "jdbc:postgresql:";

    private static final Pattern SECRET = Pattern.compile("[?&](ssl)?password=", Pattern.CASE_INSENSITIVE);

    private final String url;
    private final String place;
    private final Driver driver;
    private final Properties properties = new Properties();
    private final FewConnections connections;

    private PostgresServer(StoreAddress address, Driver driver) {
        this.url = address.url();
        this.place = place(address);
        this.driver = driver;
        this.connections = new FewConnections(place, this::connect);
        properties.setProperty("ApplicationName", "sealwright");
        // Nothing hangs: seconds to connect, for one answer, and for a statement to be cancelled.
        properties.setProperty("connectTimeout", "3");
        properties.setProperty("socketTimeout", Long.toString(MAX_ANSWER.toSeconds()));
        properties.setProperty("cancelSignalTimeout", "3");
        properties.setProperty("tcpKeepAlive", "true");
        // The server's details quote the rows.
        properties.setProperty("logServerErrorDetail", "false");
        address.user().ifPresent(user -> properties.setProperty("user", user));
        address.password().ifPresent(password -> {
            properties.setProperty("password", new String(password, StandardCharsets.UTF_8));
            Arrays.fill(password, (byte) 0);
        });
    }

    /**
     * Reads the address; connects to nothing yet.
     *
     * @throws ConfigurationException if the URL is malformed or holds a password, or the driver is missing
     */
    static PostgresServer of(StoreAddress address) {
        if (SECRET.matcher(address.url()).find() || address.url().matches("(?s)[^?]*@.*")) {
            throw new ConfigurationException(
                    "The URL of the store holds a password.",
                    "URLs are printed, logged and kept in many places.",
                    "Give the password apart, as in KMS_STORE_PASSWORD or KMS_STORE_PASSWORD_FILE.");
        }
        Driver driver = Drivers.POSTGRESQL.require(place(address));
        try {
            if (driver.acceptsURL(address.url())) {
                return new PostgresServer(address, driver);
            }
        } catch (SQLException e) {
            throw malformed(e);
        }
        throw malformed(null);
    }

    private static ConfigurationException malformed(@Nullable SQLException cause) {
        return new ConfigurationException(
                "The URL of the store names no PostgreSQL database.",
                "The driver does not understand it.",
                "Give jdbc:postgresql://HOST[:PORT]/DATABASE[?parameters].",
                cause);
    }

    private static String place(StoreAddress address) {
        String shown = address.toString();
        return shown.toLowerCase(Locale.ROOT).startsWith(PREFIX) ? shown.substring("jdbc:".length()) : shown;
    }

    @Override
    public Dialect dialect() {
        return Dialect.POSTGRESQL;
    }

    @Override
    public Lease lease(boolean write, long deadlineNanos) throws SQLException {
        return connections.lease(deadlineNanos);
    }

    private Connection connect() throws SQLException {
        Connection connection = driver.connect(url, properties);
        if (connection == null) {
            throw malformed(null);
        }
        return connection;
    }

    @Override
    public String place() {
        return place;
    }

    @Override
    public void close() {
        connections.close();
    }
}
