package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine on a SQLite file that somebody edits with another program: no edited, moved or older row is believed. */
class TamperedStoreTest {
    @TempDir
    Path home;

    private String token = "";

    @BeforeEach
    void keys() {
        try (KeyManager kms = KeyManager.embedded(home)) {
            kms.keys().create("a", KeySpec.AES_256);
            kms.keys().create("b", KeySpec.AES_256);
            kms.key("a").rotate();
            token = kms.encrypt("secret").key("a").toToken();
        }
    }

    private void sql(String... statements) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + home.resolve("store.db"));
                Statement statement = connection.createStatement()) {
            for (String text : statements) {
                assertThat(statement.executeUpdate(text)).as(text).isPositive();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UPDATE kms_key SET manifest = (SELECT manifest FROM kms_key WHERE name = 'b') WHERE name = 'a'",
                "UPDATE kms_key SET generation = generation + 1 WHERE name = 'a'",
                "UPDATE kms_key SET manifest = substr(manifest, 1, length(manifest) - 1) WHERE name = 'a'",
                "UPDATE kms_version SET wraps = (SELECT wraps FROM kms_version WHERE name = 'b') WHERE name = 'a'",
                "UPDATE kms_version SET id = randomblob(16) WHERE name = 'a' AND number = 2",
                "DELETE FROM kms_version WHERE name = 'a' AND number = 1",
                "UPDATE kms_version SET number = number + 5 WHERE name = 'a'",
                "INSERT INTO kms_version SELECT name, 9, randomblob(16), wraps FROM kms_version"
                        + " WHERE name = 'a' AND number = 1",
            })
    void open_rowWasEdited_isRefused(String edit) throws Exception {
        sql(edit);
        try (KeyManager kms = KeyManager.embedded(home)) {
            assertThatThrownBy(() -> kms.encrypt("x").key("a").toBytes())
                    .isInstanceOfSatisfying(
                            KmsException.class,
                            e -> assertThat(e.code())
                                    .isIn(ErrorCode.KMS_STORE_CORRUPT, ErrorCode.KMS_AUTHENTICATION_FAILED));
            assertThatThrownBy(() -> kms.decrypt(token).toText()).isInstanceOf(KmsException.class);
            assertThat(kms.decrypt(kms.encrypt("y").key("b").toBytes()).toText())
                    .as("other keys go on")
                    .isEqualTo("y");
        }
    }

    @Test
    void rotate_rolledBackToWhatAProcessKnowsToBeOld_isRefused() throws Exception {
        try (KeyManager kms = KeyManager.embedded(home)) {
            sql(
                    "INSERT INTO kms_key (name, generation, manifest) SELECT 'kept', generation, manifest FROM kms_key WHERE name = 'a'");
            kms.key("a").rotate();
            sql(
                    "UPDATE kms_key SET manifest = (SELECT manifest FROM kms_key WHERE name = 'kept'),"
                            + " generation = (SELECT generation FROM kms_key WHERE name = 'kept') WHERE name = 'a'",
                    "DELETE FROM kms_version WHERE name = 'a' AND number = 3");
            assertThatThrownBy(() -> kms.key("a").versions())
                    .isInstanceOfSatisfying(
                            KmsException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KMS_STORE_CORRUPT))
                    .hasMessageContaining("rolled back");
        }
    }
}
