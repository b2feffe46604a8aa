package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Where the doctor is asked about another store, its lines are about that store, not the home's. */
class DoctorStoreOptionTest {
    @TempDir
    Path folder;

    private Path store;
    private String url;

    @BeforeEach
    void makeStores() {
        store = folder.resolve("other.db");
        url = "jdbc:sqlite:" + store;
        kms("key", "create", "orders");
        kms("key", "create", "orders", "--store", url);
    }

    private Result kms(Object... args) {
        Result result = Run.at(folder.resolve("home")).kms(args);
        assertThat(result.code()).as(result.err()).isZero();
        return result;
    }

    private String ill() {
        Result result = Run.at(folder.resolve("home")).kms("doctor", "--store", url);
        assertThat(result.code()).as(result.out()).isEqualTo(1);
        return result.out();
    }

    private List<String> lines(String out) {
        return out.lines()
                .filter(line -> line.startsWith("         run: kms "))
                .map(line -> line.substring("         run: kms ".length()))
                .toList();
    }

    private void sql(String... statements) throws Exception {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            for (String one : statements) {
                statement.executeUpdate(one);
            }
        }
    }

    @Test
    void doctor_storedKeysUnderAnOlderVersion_theLineMendsThatStore() {
        kms("master-key", "rotate");
        assertThat(lines(ill())).singleElement().satisfies(line -> kms((Object[]) line.split(" ")));
        kms("doctor", "--store", url);
    }

    @Test
    void doctor_rotationWasNotFinished_theLineMendsThatStore() throws Exception {
        Path mark = folder.resolve("home").resolve(RotationMark.NAME);
        Files.writeString(mark, "local://default\n" + store + "\n");
        assertThat(lines(ill())).singleElement().satisfies(line -> kms((Object[]) line.split(" ")));
        assertThat(mark).doesNotExist();
        kms("doctor", "--store", url);
    }

    @Test
    void doctor_storeOfAnOlderRelease_theLineBringsThatStoreUpToDate() throws Exception {
        sql(
                "DROP INDEX kms_key_due",
                "ALTER TABLE kms_key DROP COLUMN due_millis",
                "UPDATE kms_schema SET version = 2");
        assertThat(lines(ill())).singleElement().satisfies(line -> kms((Object[]) line.split(" ")));
        kms("doctor", "--store", url);
    }

    @Test
    void doctor_storeIsDamaged_theRestoreIsIntoThatStore() throws Exception {
        sql("UPDATE kms_version SET wraps = zeroblob(length(wraps)) WHERE name = 'orders'");
        assertThat(ill()).contains("kms backup restore FILE --force --store " + url + "\n");
        Files.write(store, new byte[5000]);
        assertThat(ill()).contains("Then restore it: kms backup restore FILE --store " + url + "\n");
    }

    @Test
    void forCommands_showsNothingOfAServersUrlThatIsMoreThanItsName() {
        Surroundings here = new Surroundings(
                Map.of("KMS_HOME", folder.toString()),
                null,
                InputStream.nullInputStream(),
                OutputStream.nullOutputStream(),
                OutputStream.nullOutputStream(),
                Surroundings.Terminals.NONE,
                new Unfinished());
        Map.of(
                        "jdbc:postgresql://db/app", " --store jdbc:postgresql://db/app",
                        "jdbc:postgresql://ann@db/app", " --store URL",
                        "jdbc:postgresql://db/app?sslmode=verify-full", " --store URL",
                        "jdbc:sqlite:/a b/c.db", " --store 'jdbc:sqlite:/a b/c.db'")
                .forEach((given, expected) -> {
                    StoreOption option = CommandLine.populateCommand(new StoreOption(), "--store", given);
                    assertThat(option.forCommands(option.home(here))).isEqualTo(expected);
                });
        StoreOption none = new StoreOption();
        assertThat(none.forCommands(none.home(here))).isEmpty();
    }
}
