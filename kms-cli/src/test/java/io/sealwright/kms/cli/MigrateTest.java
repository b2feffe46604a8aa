package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.cli.Run.Result;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.Base64;
import java.util.HexFormat;
import java.util.stream.Stream;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code kms migrate}, and {@code kms rewrap} with {@code --to}. */
class MigrateTest extends FreshHome {
    private static final String OLD_KEY = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";

    private Path files;

    @BeforeEach
    void keys() throws Exception {
        files = Files.createDirectories(folder.resolve("files/deep"));
        done("master-key", "bootstrap", "--create");
        done("master-key", "bootstrap", "--create", "-m", "local://next");
    }

    @Override
    Run here() {
        return super.here().with("OLD_KEY", OLD_KEY);
    }

    /** A message under the environment's key, as an application would have made it. */
    private Path sealed(String name, String content) throws Exception {
        Path plain = Files.writeString(files.resolve(name + ".txt"), content);
        Path sealed = files.resolve(name + ".sealed");
        done("encrypt", plain, "-m", "env://OLD_KEY", "-o", sealed);
        Files.delete(plain);
        return sealed;
    }

    /** Opens without the old key. */
    private String opened(Path file) {
        return Run.at(home)
                .kms("decrypt", file, "-m", "local://next", "-o", "-")
                .done()
                .out();
    }

    @Test
    void rewrap_toAnotherKey_movesFilesAndKeepsTheirModes() throws Exception {
        Path one = sealed("one", "content 1");
        Path two = sealed("two", "content 2");
        Files.setPosixFilePermissions(one, PosixFilePermissions.fromString("rw-r-----"));
        byte[] before = Files.readAllBytes(one);
        Result dry = kms(
                        "rewrap",
                        "--from",
                        "env://OLD_KEY",
                        "--to",
                        "local://next",
                        "--dry-run",
                        folder.resolve("files"))
                .done();
        assertThat(dry.out()).contains("would be moved").contains("2 under env://OLD_KEY");
        assertThat(one).hasBinaryContent(before);
        Result result = done("rewrap", "--from", "env://OLD_KEY", "--to", "local://next", folder.resolve("files"));
        assertThat(result.out())
                .contains("moved                    2")
                .contains("2 under local://next version 1")
                .contains("can be retired");
        assertThat(result.out()).containsPattern("(?m)^looked at                2: [0-9.]+ a second$");
        assertThat(result.err()).isEmpty();
        assertThat(opened(one)).isEqualTo("content 1");
        assertThat(opened(two)).isEqualTo("content 2");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(one)))
                .isEqualTo("rw-r-----");
        JsonNode json = new ObjectMapper()
                .readTree(done("rewrap", "--to", "local://next", "--json", one, two)
                        .out());
        assertThat(json.get("already").asInt()).isEqualTo(2);
        assertThat(json.get("moved").asInt()).isZero();
        assertThat(json.get("complete").asBoolean()).isTrue();
        assertThat(json.get("after").get(0).get("key").asText()).isEqualTo("local://next");
        assertThat(json.get("after").get(0).get("kind").asText()).isEqualTo("master-key");
        assertThat(json.get("retirable")).isEmpty();
        assertThat(json.get("perSecond").asDouble()).isPositive();
        assertThat(json.get("lastBatchPerSecond").asDouble()).isPositive();
    }

    @Test
    void rewrap_toTwoKeys_eitherOpens() throws Exception {
        Path file = sealed("one", "content 1");
        done("rewrap", "--from", "env://OLD_KEY", "--to", "local://next", "--to", "local://default", file);
        assertThat(opened(file)).isEqualTo("content 1");
        Files.delete(home.resolve("local/next.key"));
        assertThat(Run.at(home).kms("decrypt", file, "-o", "-").done().out()).isEqualTo("content 1");
    }

    @Test
    void rewrap_someFail_exitsWithOneAndNamesThem() throws Exception {
        Path good = sealed("good", "content");
        Path bad = Files.writeString(files.resolve("bad.txt"), "no message");
        Result result = kms("rewrap", "--json", "--from", "env://OLD_KEY", "--to", "local://next", good, bad);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("1 of 2 were not moved: " + bad.toRealPath())
                .contains("[KMS_CLI_NOT_MOVED]");
        assertThat(opened(good)).isEqualTo("content");
        assertThat(bad).hasContent("no message");
        Result unknown = kms("rewrap", "--to", "local://nobody", good);
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.err()).contains("[KMS_KEY_NOT_FOUND]");
    }

    /** The line that moves a column of the table that these tests make. */
    private static Object[] migrate(String url, Object... more) {
        Object[] column = {"migrate", "--jdbc", url, "--table", "people", "--id", "id", "--column", "ssn"};
        return Stream.concat(Stream.of(column), Stream.of(more)).toArray();
    }

    @Test
    void migrate_column_ofRawData_thenToAnotherKey() throws Exception {
        String url = "jdbc:sqlite:" + folder.resolve("app.db");
        byte[] oldKey = Base64.getUrlDecoder().decode(OLD_KEY);
        try (Connection db = DriverManager.getConnection(url)) {
            db.createStatement().execute("CREATE TABLE people (id integer PRIMARY KEY, ssn text)");
            for (int id = 1; id <= 3; id++) {
                try (var insert = db.prepareStatement("INSERT INTO people VALUES (?, ?)")) {
                    insert.setInt(1, id);
                    insert.setString(2, legacy(oldKey, "ssn " + id));
                    insert.executeUpdate();
                }
            }
        }
        Object[] migrate = migrate(
                url,
                "--raw",
                "iv:tag:ciphertext",
                "--raw-iv",
                "16",
                "--raw-key",
                "env://OLD_KEY",
                "--bind-id",
                "-c",
                "table=people",
                "--json");
        JsonNode json = new ObjectMapper().readTree(done(migrate).out());
        assertThat(json.get("converted").asInt()).isEqualTo(3);
        assertThat(json.get("rawAfter").asInt()).isZero();
        assertThat(json.get("after").get(0).get("key").asText()).isEqualTo("local://default");
        Path checkpoint = folder.resolve("checkpoint");
        Result moved = done(
                migrate(url, "--to", "local://next", "--batch", "2", "--rate", "100000", "--checkpoint", checkpoint));
        assertThat(moved.out())
                .contains("moved                    3")
                .contains("local://default version 1 can be retired");
        assertThat(checkpoint).doesNotExist();
        try (Connection db = DriverManager.getConnection(url);
                var rows = db.createStatement().executeQuery("SELECT id, ssn FROM people");
                KeyManager kms = KeyManager.builder()
                        .home(home)
                        .masterKey("local://next")
                        .build()) {
            int read = 0;
            while (rows.next()) {
                read++;
                assertThat(kms.decrypt(rows.getString(2))
                                .context("table", "people")
                                .associatedData(rows.getString(1).getBytes(StandardCharsets.UTF_8))
                                .toText())
                        .isEqualTo("ssn " + rows.getInt(1));
            }
            assertThat(read).isEqualTo(3);
        }
        Result missing = kms("migrate", "--jdbc", url, "--table", "nobody", "--id", "id", "--column", "x");
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("[KMS_CONFIGURATION]");
    }

    @Test
    void migrate_somebodyPutsAnOldValueBack_exitsWithOneAndRetiresNothing() throws Exception {
        String url = "jdbc:sqlite:" + folder.resolve("app.db");
        byte[] message = Files.readAllBytes(sealed("one", "content"));
        try (Connection db = DriverManager.getConnection(url)) {
            db.createStatement().execute("CREATE TABLE people (id integer PRIMARY KEY, ssn blob, old blob)");
            for (int id = 1; id <= 2; id++) {
                try (var insert = db.prepareStatement("INSERT INTO people VALUES (?, ?, ?)")) {
                    insert.setInt(1, id);
                    insert.setBytes(2, message);
                    insert.setBytes(3, message);
                    insert.executeUpdate();
                }
            }
            db.createStatement()
                    .execute("CREATE TRIGGER back AFTER UPDATE ON people WHEN NEW.id = 2 BEGIN"
                            + " UPDATE people SET ssn = old WHERE id = 1; END");
        }
        Object[] migrate = migrate(url, "--from", "env://OLD_KEY", "--to", "local://next");
        Result result = kms(migrate);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).contains("still to be moved        1").doesNotContain("can be retired");
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("1 are still to be moved")
                .contains("[KMS_CLI_NOT_MOVED]");
        assertThat(done(migrate).out()).containsPattern("(?m)^env://OLD_KEY version \\S+ can be retired");
    }

    @Test
    void rewrap_compromisedKey_needsItsSwitch() throws Exception {
        Path plain = Files.writeString(folder.resolve("plain"), "content");
        Path file = files.resolve("one.sealed");
        done("key", "create", "orders");
        done("encrypt", plain, "-k", "orders", "-o", file);
        done("key", "rotate", "orders");
        done("key", "compromise", "orders", "--version", "1");
        for (String dry : new String[] {"--dry-run", "--batch=1"}) {
            Result refused = kms("rewrap", "--to", "local://next", dry, file);
            assertThat(refused.code()).isEqualTo(1);
            assertThat(refused.err()).contains("--allow-compromised").contains("[KMS_CLI_NOT_MOVED]");
        }
        assertThat(done("rewrap", "--to", "local://next", "--allow-compromised", "--dry-run", file)
                        .out())
                .contains("would be encrypted anew  1");
        assertThat(done("rewrap", "--to", "local://next", "--allow-compromised", file)
                        .out())
                .contains("encrypted anew           1");
        assertThat(done("decrypt", file, "-o", "-").out()).isEqualTo("content");
    }

    @Test
    void migrate_databaseIsMissing_isNotMade() {
        Path nowhere = folder.resolve("nofile.db");
        for (String dry : new String[] {"--dry-run", "--batch=1"}) {
            Result result = kms(
                    "migrate", "--jdbc", "jdbc:sqlite:" + nowhere, "--table", "t", "--id", "i", "--column", "c", dry);
            assertThat(result.code()).isEqualTo(1);
            assertThat(result.err()).contains("not there").contains("[KMS_CONFIGURATION]");
            assertThat(nowhere).doesNotExist();
        }
    }

    private static String legacy(byte[] key, String text) throws Exception {
        byte[] iv = new byte[16];
        new SecureRandom().nextBytes(iv);
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
        byte[] sealed = cipher.doFinal(text.getBytes(StandardCharsets.UTF_8));
        HexFormat hex = HexFormat.of();
        int tag = sealed.length - 16;
        return hex.formatHex(iv) + ":" + hex.formatHex(sealed, tag, sealed.length) + ":"
                + hex.formatHex(sealed, 0, tag);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rewrap a b",
                "rewrap a --dry-run",
                "rewrap a --from env://X",
                "rewrap a --allow-compromised",
                "rewrap - --to local://next",
                "rewrap a --to local://next -o b",
                "rewrap a --to local://next --batch 0",
                "rewrap a --to local://next --rate x",
                "migrate",
                "migrate a --jdbc jdbc:sqlite:x --table t --id i --column c",
                "migrate --jdbc jdbc:sqlite:x --table t --id i",
                "migrate --table t --id i --column c",
                "migrate --jdbc jdbc:mysql://x/y --table t --id i --column c",
                "migrate --jdbc jdbc:postgresql://x/y?password=secret --table t --id i --column c",
                "migrate --jdbc jdbc:postgresql://me:secret@x/y --table t --id i --column c",
                "migrate --jdbc jdbc:sqlite:x --table t --id i --column i",
                "migrate a --raw iv|tag",
                "migrate a --raw iv|tag|ciphertext",
                "migrate a --raw-key env://OLD_KEY",
                "migrate a --raw iv|tag --raw-key env://OLD_KEY",
                "migrate a --raw iv|ciphertext|tag --raw-key env://OLD_KEY --raw-iv 13",
                "migrate a --raw iv|ciphertext|tag --raw-key env://OLD_KEY --raw-encoding rot13",
                "migrate a --direct",
                "migrate a --from env://X",
                "migrate a -a 00 --bind-id"
            })
    void run_wrongUsage_isRefusedBeforeAnyWork(String line) {
        Result result = here().kms((Object[]) line.split(" "));
        assertThat(result.code()).as(result.err()).isEqualTo(2);
        assertThat(result.errLines()).singleElement().asString().contains("[KMS_CLI_USAGE]");
        assertThat(result.err()).doesNotContain("secret");
        assertThat(result.out()).isEmpty();
    }
}
