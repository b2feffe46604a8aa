package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredVersion;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a pool of the application gets back. */
@Timeout(60)
class PooledConnectionsTest {
    @TempDir
    Path folder;

    private boolean rollsBack = true;

    @ParameterizedTest
    @EnumSource
    void apply_rollbackFails_poolGetsNoConnectionThatStandsInATransaction(StoreKind kind) throws Exception {
        try (HikariDataSource pool = pool(kind);
                NamedKeyStore store = JdbcKeyStore.of(failing(pool))) {
            StoredVersion one = new StoredVersion(1, new byte[16], new byte[40]);
            store.apply(new KeyChange("orders", 0, 1, new byte[1], List.of(one), List.of(), null));
            rollsBack = false;
            KeyChange sameId = new KeyChange("others", 0, 1, new byte[1], List.of(one), List.of(), null);
            assertThatThrownBy(() -> store.apply(sameId)).isInstanceOf(IllegalArgumentException.class);

            try (Connection next = pool.getConnection()) {
                assertThat(next.getAutoCommit()).isTrue();
                Sql.execute(next, kind == StoreKind.SQLITE ? "BEGIN IMMEDIATE" : "BEGIN READ ONLY");
                assertThat(Sql.list(next, "SELECT name FROM kms_key", row -> row.getString(1)))
                        .containsExactly("orders");
                Sql.execute(next, "ROLLBACK");
            }
            rollsBack = true;
            assertThat(store.names()).containsExactly("orders");
        }
    }

    @ParameterizedTest
    @EnumSource
    void apply_refused_poolKeepsItsConnectionAndItsSettings(StoreKind kind) throws Exception {
        try (HikariDataSource pool = pool(kind);
                NamedKeyStore store = JdbcKeyStore.of(pool)) {
            Connection before = physical(pool);
            StoredVersion one = new StoredVersion(1, new byte[16], new byte[40]);
            store.apply(new KeyChange("orders", 0, 1, new byte[1], List.of(one), List.of(), null));
            KeyChange sameId = new KeyChange("others", 0, 1, new byte[1], List.of(one), List.of(), null);
            assertThatThrownBy(() -> store.apply(sameId)).isInstanceOf(IllegalArgumentException.class);
            assertThat(physical(pool)).as("rolled back, and good").isSameAs(before);
            if (kind == StoreKind.POSTGRESQL) {
                assertThat(before.getNetworkTimeout()).isZero();
                assertThat(Dialect.text(before, "SHOW lock_timeout")).isEqualTo("0");
            }
        }
    }

    private HikariDataSource pool(StoreKind kind) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(kind.fresh(folder));
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(5_000);
        return new HikariDataSource(config);
    }

    private static Connection physical(DataSource pool) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            return connection.unwrap(Connection.class);
        }
    }

    private DataSource failing(DataSource pool) {
        return proxy(DataSource.class, pool);
    }

    private <T> T proxy(Class<T> type, Object target) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (p, method, args) -> {
            if (!rollsBack && method.getName().equals("execute") && "ROLLBACK".equals(args[0])) {
                throw new SQLException("the test does not roll back");
            }
            try {
                Object result = method.invoke(target, args);
                return switch (method.getName()) {
                    case "getConnection" -> proxy(Connection.class, result);
                    case "createStatement" -> proxy(Statement.class, result);
                    default -> result;
                };
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }
}
