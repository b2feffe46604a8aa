package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JdbcStoreProviderTest {
    @TempDir
    Path folder;

    @Test
    void open_sqlitePath_makesTheStoreThatExistsFromThenOn() {
        Path file = folder.resolve("with @ and %41.db");
        String url = "jdbc:sqlite:" + file;
        StoreProvider provider = StoreProvider.of(url);
        assertThat(provider.exists(StoreAddress.of(url))).isFalse();
        assertThat(file).as("looking makes nothing").doesNotExist();
        try (NamedKeyStore store = provider.open(StoreAddress.of(url))) {
            assertThat(store.describe()).isEqualTo("SQLite, " + file);
        }
        assertThat(Files.exists(file)).isTrue();
        assertThat(provider.exists(StoreAddress.of(url))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"jdbc:sqlite:", "jdbc:sqlite::memory:", "jdbc:sqlite:file:a.db", "jdbc:sqlite:a.db?mode=ro"})
    void open_noSqliteFile_isAConfigurationError(String url) {
        assertThatThrownBy(() -> StoreProvider.of(url).open(StoreAddress.of(url)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("names no SQLite file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "jdbc:mysql://secret@host/db", "postgres://user:secret@host/db", "https://secret"})
    void of_unknownUrl_isAConfigurationErrorThatDoesNotShowIt(String url) {
        assertThatThrownBy(() -> StoreProvider.of(url))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("jdbc:postgresql://HOST/DATABASE")
                .hasMessageNotContaining("secret");
    }

    @Test
    void address_withPassword_printsNeitherItNorParameters() {
        SecretBytes password = SecretBytes.owning("hidden".getBytes(StandardCharsets.UTF_8));
        StoreAddress address =
                StoreAddress.of("jdbc:postgresql://me:hidden@db.example.com/app?password=hidden", "me", password);
        assertThat(address).hasToString("jdbc:postgresql://db.example.com/app");
        password.close();
        assertThat(address.password())
                .hasValueSatisfying(copy ->
                        assertThat(copy).as("its own copy").isEqualTo("hidden".getBytes(StandardCharsets.UTF_8)));
        address.close();
        assertThatThrownBy(address::password).isInstanceOf(IllegalStateException.class);
    }
}
