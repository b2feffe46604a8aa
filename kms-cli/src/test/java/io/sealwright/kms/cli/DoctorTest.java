package io.sealwright.kms.cli;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.cli.Run.Result;
import io.sealwright.kms.cli.doctor.Variable;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each remedy: break it, ask the doctor, apply the line that it prints, ask again. */
class DoctorTest {
    @TempDir
    Path folder;

    private final Map<String, String> environment = new TreeMap<>();
    private Path home;
    private Path keyFile;
    private Path store;

    @BeforeEach
    void makeHome() throws Exception {
        home = folder.resolve("it's home");
        keyFile = home.resolve("local").resolve("default.key");
        store = home.resolve("store.db");
        environment.put("KMS_HOME", home.toString());
        Path plain = Files.writeString(folder.resolve("a"), "attack at dawn");
        assertThat(kms("encrypt", plain).code()).isZero();
        assertThat(kms("key", "create", "orders").code()).isZero();
        demandHealthy();
    }

    private Result kms(Object... args) {
        Run run = Run.nowhere();
        environment.forEach(run::with);
        return run.kms(args);
    }

    private Result demandHealthy() {
        Result result = kms("doctor");
        assertThat(result.code()).as(result.out() + result.err()).isZero();
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).doesNotContain("finding").contains("ok       ");
        return result;
    }

    /** What the doctor says is wrong. */
    private String ill(String... texts) {
        Result result = kms("doctor");
        assertThat(result.code()).as(result.out()).isEqualTo(1);
        assertThat(result.errLines()).singleElement().asString().endsWith("[KMS_CLI_UNHEALTHY]");
        assertThat(result.out()).contains("finding  ").contains(texts);
        return result.out();
    }

    /** Applies what stands behind "run:", as a person would who copies it. */
    private void apply(String out) throws Exception {
        List<String> commands = out.lines()
                .filter(line -> line.startsWith("         run: "))
                .map(line -> line.substring("         run: ".length()))
                .distinct()
                .toList();
        assertThat(commands).as(out).isNotEmpty();
        for (String command : commands) {
            if (command.startsWith("unset ")) {
                assertThat(environment.remove(command.substring("unset ".length())))
                        .as(command)
                        .isNotNull();
            } else if (command.startsWith("kms ")) {
                Result result =
                        kms((Object[]) command.substring("kms ".length()).split(" "));
                assertThat(result.code()).as(command + ": " + result.err()).isZero();
            } else {
                shell(command);
            }
        }
    }

    private void shell(String command) throws Exception {
        Process process = new ProcessBuilder("sh", "-c", command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(command + ": " + said).isZero();
    }

    private void mode(Path path, String mode) throws Exception {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private void sql(String... statements) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + store);
                Statement statement = connection.createStatement()) {
            for (String one : statements) {
                assertThat(statement.executeUpdate(one)).as(one).isPositive();
            }
        }
    }

    // ---------------------------------------------------------------- the whole

    @Test
    void doctor_healthy_saysWhatItLookedAtAndChangesNothing() throws Exception {
        List<String> before = listing();
        byte[] storeBefore = Files.readAllBytes(store);
        assertThat(demandHealthy().out())
                .contains("ok       Java: ")
                .contains("ok       clock: it says 20")
                .contains("ok       permissions: home, key files and store are their owner's alone")
                .contains("ok       master key: local://default: check, generate, wrap, unwrap work")
                .contains("ok       store: SQLite, " + store)
                .contains("ok       stored keys: local://default version 1 (newest): 3 wraps")
                .contains("ok       round trip: a message under key default was sealed and opened");
        assertThat(listing()).isEqualTo(before);
        assertThat(Files.readAllBytes(store)).isEqualTo(storeBefore);
    }

    private List<String> listing() throws Exception {
        List<String> names = new ArrayList<>();
        try (var files = Files.walk(home)) {
            files.map(Path::toString)
                    .filter(name -> !name.matches(".*-(wal|shm)"))
                    .forEach(names::add);
        }
        names.sort(null);
        return names;
    }

    @Test
    void doctor_nothingMade_namesTheLineThatMakesIt() throws Exception {
        Path empty = folder.resolve("empty");
        environment.put("KMS_HOME", empty.toString());
        String out = ill("master key: Nothing was made yet", "run: kms master-key bootstrap --create");
        assertThat(empty).doesNotExist();
        apply(out);
        demandHealthy();
    }

    // ---------------------------------------------------------------- permissions

    @Test
    void doctor_homeIsOpenToOthers_isMended() throws Exception {
        mode(home, "rwxr-xr-x");
        apply(ill("permissions: " + home + " has mode rwxr-xr-x", "run: chmod 700 '"));
        demandHealthy();
    }

    @Test
    void doctor_folderOfKeyFilesIsOpenToOthers_isMended() throws Exception {
        mode(keyFile.getParent(), "rwxrwx---");
        apply(ill("permissions: " + keyFile.getParent() + " has mode"));
        demandHealthy();
    }

    @Test
    void doctor_keyFileIsOpenToOthers_isMended() throws Exception {
        mode(keyFile, "rw-r--r--");
        apply(ill("permissions: " + keyFile + " has mode rw-r--r--", "run: chmod 600 '"));
        demandHealthy();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(keyFile)))
                .isEqualTo("rw-------");
    }

    @Test
    void doctor_keyFileIsItsGroupsToReadOrItsOwnersToReadOnly_isHealthy() throws Exception {
        mode(keyFile, "r--r-----");
        demandHealthy();
    }

    @Test
    void doctor_keyFileOfAnotherNameIsOpenToOthers_isMended() throws Exception {
        Path other = Files.copy(keyFile, keyFile.resolveSibling("other.key"));
        mode(other, "rw-rw-rw-");
        apply(ill("permissions: " + other));
        demandHealthy();
    }

    @Test
    void doctor_storeIsOpenToOthers_isMended() throws Exception {
        mode(store, "rw-r--r--");
        apply(ill("permissions: " + store + " has mode"));
        demandHealthy();
    }

    @Test
    void doctor_storeIsNotItsOwnersToWrite_isMended() throws Exception {
        mode(store, "r--------");
        apply(ill("permissions: " + store + " has mode r--------, so its owner cannot use it"));
        demandHealthy();
    }

    // ---------------------------------------------------------------- secret files

    @Test
    void doctor_mountedSecretIsOpenToAll_isMended() throws Exception {
        Path secret = Files.writeString(folder.resolve("token"), "a token");
        environment.put("VAULT_TOKEN_FILE", secret.toString());
        mode(secret, "rw-r--r--");
        assertThat(ill("secret files: " + secret)).doesNotContain("a token");
        apply(ill("run: chmod o= '"));
        demandHealthy();
    }

    @Test
    void doctor_mountedSecretIsNotThere_isMended() throws Exception {
        environment.put("VAULT_TOKEN_FILE", folder.resolve("gone").toString());
        apply(ill("secret files: VAULT_TOKEN_FILE names", "note: Or mount the secret there."));
        demandHealthy();
    }

    @Test
    void doctor_otherProgramsVariables_areNotJudged() throws Exception {
        Path open = Files.writeString(folder.resolve("certificate"), "for all to read");
        mode(open, "rw-r--r--");
        environment.put("SSL_KEY_FILE", open.toString());
        environment.put("POSTGRES_PASSWORD_FILE", folder.resolve("gone").toString());
        demandHealthy();
    }

    @Test
    void doctor_secretIsGivenTwice_isMended() throws Exception {
        Path secret = Files.writeString(folder.resolve("token"), "a token");
        mode(secret, "r--------");
        environment.put("VAULT_TOKEN_FILE", secret.toString());
        environment.put("VAULT_TOKEN", "another token");
        String out = ill("secret files: Both VAULT_TOKEN and VAULT_TOKEN_FILE are set.");
        assertThat(out).doesNotContain("another token");
        apply(out);
        demandHealthy();
    }

    // ---------------------------------------------------------------- left-overs

    @Test
    void doctor_partialFile_isMended() throws Exception {
        Path partial = Files.writeString(home.resolve(".it's.kms-partial"), "half");
        apply(ill("left-overs: " + partial + " was not finished", "run: rm -- '"));
        assertThat(partial).doesNotExist();
        demandHealthy();
    }

    @Test
    void doctor_partialFileWithControlCharacters_isMendedByALineThatShowsThem() throws Exception {
        for (String name : List.of(".\u001b[2J'%\\.kms-partial", ".a\nrun: touch b\n.kms-partial")) {
            Path partial = Files.writeString(home.resolve(name), "half");
            apply(ill("left-overs: ", "run: rm -- \"$(printf '"));
            assertThat(partial).doesNotExist();
            demandHealthy();
        }
    }

    @Test
    void doctor_partialFileIsBeingWritten_isHealthy() throws Exception {
        Path partial = home.resolve(".b.kms-partial");
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            demandHealthy();
        }
    }

    @Test
    void doctor_keyFileThatWasNotFinished_isMended() throws Exception {
        Path temporary = Files.copy(keyFile, keyFile.resolveSibling(".default.key.0123456789abcdef.tmp"));
        demandHealthy(); // it may be being written at this moment
        Files.setLastModifiedTime(temporary, FileTime.from(Instant.now().minus(Duration.ofMinutes(2))));
        apply(ill("left-overs: " + temporary + " is a key file that was not finished"));
        assertThat(temporary).doesNotExist();
        demandHealthy();
    }

    @Test
    void doctor_rotationThatWasNotFinished_isMended() throws Exception {
        rotateTheKeyAlone();
        Files.writeString(home.resolve(RotationMark.NAME), "local://default\n" + store + "\n");
        apply(ill("left-overs: A rotation of the master key was not finished", "run: kms master-key rotate\n"));
        demandHealthy();
    }

    @Test
    void doctor_rotationWasKilledAtItsVeryEnd_saysThatAllIsDone() throws Exception {
        Path mark = home.resolve(RotationMark.NAME);
        Files.writeString(mark, "local://default\n" + store + "\n");
        apply(ill("left-overs: A rotation of the master key was ended before", "run: kms master-key rotate\n"));
        assertThat(mark).doesNotExist();
        assertThat(demandHealthy().out()).contains("local://default version 1 (newest)");
    }

    @Test
    void doctor_rotationOfAnotherMasterKeyWasNotFinished_isMendedWithoutAVersion() throws Exception {
        Path mark = home.resolve(RotationMark.NAME);
        Files.writeString(mark, "env://LONG_GONE\n" + store + "\n");
        apply(ill("left-overs: A rotation", "run: kms master-key rotate --to local://default\n"));
        assertThat(mark).doesNotExist();
        assertThat(demandHealthy().out()).contains("local://default version 1 (newest)");
    }

    private void rotateTheKeyAlone() {
        try (KeyManager kms =
                KeyManager.builder().home(home).masterKey("local://default").build()) {
            kms.masterKeys().rotate("local://default");
        }
    }

    @Test
    void doctor_rotationOfAnotherStoreWasNotFinished_namesThatStoreAsItIs() throws Exception {
        Path mark = home.resolve(RotationMark.NAME);
        Files.writeString(mark, "local://default\n/elsewhere/it's.db\n");
        ill("run: kms master-key rotate --store 'jdbc:sqlite:/elsewhere/it'\\''s.db'\n");
        Files.writeString(mark, "local://default\njdbc:postgresql://db/app\n");
        assertThat(ill("do:  It was begun for the store jdbc:postgresql://db/app: set KMS_STORE_URL"))
                .doesNotContain("jdbc:sqlite:");
        Files.delete(mark);
        demandHealthy();
    }

    // ---------------------------------------------------------------- stored keys

    @Test
    void doctor_storedKeysUnderAnOlderVersion_isMended() throws Exception {
        rotateTheKeyAlone();
        String out = ill(
                "stored keys: 3 of 3 stored keys are not under the newest version",
                "ok       stored keys: local://default version 1: 3 wraps",
                "run: kms master-key rotate --to local://default");
        apply(out);
        assertThat(demandHealthy().out())
                .contains("local://default version 2 (newest): 3 wraps")
                .doesNotContain("version 1");
    }

    @Test
    void doctor_rowWasEdited_namesTheKey() throws Exception {
        Path backup = backUp();
        sql("UPDATE kms_version SET wraps = zeroblob(length(wraps)) WHERE name = 'orders'");
        restore(backup, ill("finding  stored keys: ", "key 'orders'", "[KMS_STORE_CORRUPT]"));
        demandHealthy();
    }

    @Test
    void doctor_recordOfTheStoresOwnKeyIsDamaged_isHealthyOncePutAsideAndRestored() throws Exception {
        Path backup = backUp();
        sql("UPDATE kms_state SET store_key = zeroblob(length(store_key))");
        String out = ill("finding  stored keys: ", "the store's own key", "[KMS_STORE_CORRUPT]", "run: mkdir -m 700 '");
        apply(out);
        assertThat(kms("backup", "restore", backup).code()).isZero();
        demandHealthy();
    }

    @Test
    void doctor_keyWasRolledBack_namesTheKey() throws Exception {
        Path backup = backUp();
        sql("UPDATE kms_key SET generation = generation + 1 WHERE name = 'orders'");
        restore(backup, ill("key 'orders'", "[KMS_STORE_CORRUPT]"));
        demandHealthy();
    }

    // ---------------------------------------------------------------- store and master key

    private Path backUp() {
        Path backup = folder.resolve("store.backup");
        assertThat(kms("backup", "create", backup).code()).isZero();
        return backup;
    }

    /** What the doctor says behind "do:" or "note:", with the name of the backup in the place of FILE. */
    private void restore(Path backup, String out) {
        assertThat(out).contains("kms backup restore FILE");
        Result result = out.contains("kms backup restore FILE --force")
                ? kms("backup", "restore", backup, "--force")
                : kms("backup", "restore", backup);
        assertThat(result.code()).as(result.err()).isZero();
    }

    @Test
    void doctor_storeIsDamaged_saysSoAndIsHealthyOnceRestored() throws Exception {
        Path backup = backUp();
        try (RandomAccessFile file = new RandomAccessFile(store.toFile(), "rw")) {
            byte[] garbage = new byte[(int) file.length() - 4096];
            Arrays.fill(garbage, (byte) 0x5a);
            file.seek(4096);
            file.write(garbage);
        }
        String out = ill("finding  store: ", "[KMS_STORE_CORRUPT]", "note: Stop what uses the store before.");
        apply(out);
        restore(backup, out);
        demandHealthy();
    }

    /** Damage that no reading of keys meets: only the database itself finds it. */
    @Test
    void doctor_indexIsDamaged_isFoundByTheDatabase() throws Exception {
        Path backup = backUp();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + store);
                Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA writable_schema = ON");
            statement.execute("CREATE TABLE more (a TEXT NOT NULL)");
            statement.execute("INSERT INTO more VALUES ('x')");
            statement.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE more (a TEXT NOT NULL CHECK (a = 1))'"
                    + " WHERE name = 'more'");
        }
        String out = ill("finding  store: The database says: CHECK constraint failed in more");
        Path neighbour = Files.writeString(home.resolve("store.db.backup"), "not to be moved");
        apply(out);
        assertThat(neighbour).exists();
        assertThat(store).doesNotExist();
        try (var files = Files.list(home)) {
            assertThat(files.filter(file -> file.resolve("store.db").toFile().exists()))
                    .singleElement()
                    .asString()
                    .matches(".*/store\\.db\\.damaged-20\\d{6}T\\d{6}Z");
        }
        restore(backup, out);
        demandHealthy();
    }

    @Test
    void doctor_storeOfAnOlderRelease_isNotTouchedAndTheLineBringsItUpToDate() throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + store);
                Statement statement = connection.createStatement()) {
            for (String one : List.of(
                    "DROP INDEX kms_key_due",
                    "ALTER TABLE kms_key DROP COLUMN due_millis",
                    "UPDATE kms_schema SET version = 2")) {
                statement.executeUpdate(one);
            }
        }
        byte[] before = Files.readAllBytes(store);
        List<String> listed = listing();
        String out = ill(
                "finding  store: Its tables are of schema 2; this release has schema 3.",
                "run: kms health\n",
                "note: That does it",
                "skipped  stored keys: ",
                "skipped  round trip: ");
        assertThat(Files.readAllBytes(store)).isEqualTo(before);
        assertThat(listing()).isEqualTo(listed);
        apply(out);
        demandHealthy();
    }

    @Test
    void doctor_storeIsAnEmptyFile_isNotTouchedAndNotTakenForOneThatWasNeverMade() throws Exception {
        Path backup = backUp();
        for (String ending : List.of("", "-wal", "-shm", "-turn")) {
            Files.deleteIfExists(home.resolve("store.db" + ending));
        }
        Files.createFile(store, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        String out = ill("finding  store: The store " + store + " is empty.", "do:  If it had keys, restore them: kms");
        assertThat(store).isEmptyFile();
        restore(backup, out);
        demandHealthy();
    }

    @Test
    void doctor_storeOfANewerRelease_isNotTouched() throws Exception {
        sql("UPDATE kms_schema SET version = 1000");
        byte[] before = Files.readAllBytes(store);
        ill("finding  store: ", "[KMS_STORE_NEWER]", "do:  Use the newer release");
        assertThat(Files.readAllBytes(store)).isEqualTo(before);
    }

    @Test
    void doctor_keyFileIsLost_saysSoAndIsHealthyOncePutBack() throws Exception {
        Path elsewhere = Files.move(keyFile, folder.resolve("moved.key"));
        String out =
                ill("finding  master key: The key file " + keyFile + " is not there", "do:  Put the key file back");
        assertThat(out).contains("skipped  round trip").contains("skipped  stored keys");
        assertThat(keyFile).doesNotExist();
        Files.move(elsewhere, keyFile);
        demandHealthy();
    }

    @Test
    void doctor_keyFileIsDamaged_saysSoAndIsHealthyOncePutBack() throws Exception {
        byte[] before = Files.readAllBytes(keyFile);
        Files.write(keyFile, Arrays.copyOf(before, before.length - 10));
        assertThat(ill("finding  master key: ", "[KMS_KEY_FILE]"))
                .doesNotContain(new String(before, StandardCharsets.UTF_8)
                        .lines()
                        .skip(1)
                        .findFirst()
                        .orElseThrow());
        Files.write(keyFile, before);
        demandHealthy();
    }

    @Test
    void doctor_keyFileOfAnotherHome_saysWhatIsMissing() throws Exception {
        Path other = folder.resolve("other");
        KeyManager.embedded(other).close();
        Path kept = Files.move(keyFile, folder.resolve("kept.key"));
        Files.copy(other.resolve("local").resolve("default.key"), keyFile, COPY_ATTRIBUTES);
        ill("finding  stored keys: ", "[KMS_NO_MATCHING_RECIPIENT]");
        Files.move(kept, keyFile, REPLACE_EXISTING);
        demandHealthy();
    }

    // ---------------------------------------------------------------- configuration, clock

    @Test
    void doctor_debugIsNeitherTrueNorFalse_isMended() throws Exception {
        for (String known : List.of("1", "yes", "On", "TRUE", "0", "off", "no")) {
            environment.put("KMS_DEBUG", known);
            demandHealthy();
        }
        environment.put("KMS_DEBUG", "perhaps");
        apply(ill("configuration: KMS_DEBUG is neither"));
        demandHealthy();
    }

    @Test
    void doctor_variableIsEmpty_isMended() throws Exception {
        environment.put("KMS_STORE_URL", "");
        apply(ill("configuration: KMS_STORE_URL is set to nothing"));
        demandHealthy();
    }

    @Test
    void doctor_storeUrlIsMalformed_isNotShownAndNotUnset() {
        environment.put("KMS_STORE_URL", "mysql://user:hunter2@host/db");
        assertThat(ill("configuration: KMS_STORE_URL", "do:  " + Variable.CORRECT))
                .doesNotContain("hunter2")
                .doesNotContain("unset KMS_STORE_URL");
        environment.put("KMS_STORE_URL", "jdbc:sqlite:" + store);
        demandHealthy();
    }

    @Test
    void doctor_twoMasterKeysInTheEnvironment_isMendedAndShowsNone() throws Exception {
        environment.put("MASTER_ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        environment.put("ENCRYPTION_KEY", "correct horse battery staple, and then some");
        String out = ill("configuration: ", "Unset one of them", "do:  " + Variable.KEEP);
        assertThat(out)
                .doesNotContain("AQEBAQ")
                .doesNotContain("horse")
                .as("which of the two is the one in use cannot be told from here")
                .doesNotContain("run: unset");
        environment.remove("MASTER_ENCRYPTION_KEY");
        environment.remove("ENCRYPTION_KEY");
        demandHealthy();
    }

    /** Data is sealed under it: to unset it, or to make another, would leave that closed. */
    @Test
    void doctor_masterKeyOfTheEnvironmentIsMistyped_saysWhatIsAllowedAndWhereToTakeItFrom() {
        String right = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        environment.put("KMS_HOME", folder.resolve("environment").toString());
        environment.put("MASTER_ENCRYPTION_KEY", right);
        assertThat(kms("key", "create", "orders").code()).isZero();
        demandHealthy();
        for (String wrong : List.of(right.substring(1), "tooshortsecret", right + " ", "not base64! " + right)) {
            environment.put("MASTER_ENCRYPTION_KEY", wrong);
            String out = ill(
                    "master key: MASTER_ENCRYPTION_KEY holds no key.",
                    "do:  Set MASTER_ENCRYPTION_KEY to 32 bytes in base64 or base64url, which is 43 or 44 characters",
                    "take that, whole, from where it is kept");
            assertThat(out).doesNotContain(wrong).doesNotContain("unset");
        }
        // What stands behind "do:".
        environment.put("MASTER_ENCRYPTION_KEY", right);
        demandHealthy();
    }

    @Test
    void doctor_fileOfTheMasterKeyIsNotThereOrBesideAValue_isNotUnset() throws Exception {
        Path secret = folder.resolve("secret");
        String key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        environment.put("KMS_HOME", folder.resolve("environment").toString());
        environment.put("MASTER_ENCRYPTION_KEY", key);
        assertThat(kms("key", "create", "orders").code()).isZero();
        environment.put("MASTER_ENCRYPTION_KEY_FILE", secret.toString());
        assertThat(ill(
                        "secret files: Both MASTER_ENCRYPTION_KEY and MASTER_ENCRYPTION_KEY_FILE are set.",
                        "do:  Unset the one that does not hold the key."))
                .doesNotContain("run: unset");
        environment.remove("MASTER_ENCRYPTION_KEY");
        assertThat(ill("names " + secret + ", and there is no such file.", "do:  Mount the secret there"))
                .doesNotContain("run: unset");
        Files.writeString(secret, key);
        mode(secret, "r--------");
        demandHealthy();
    }

    @Test
    void doctor_providerIsUnknown_saysWhichThereAre_andIsNotUnset() {
        environment.put("KMS_PROVIDER", "carrier-pigeon");
        assertThat(ill("KMS_PROVIDER", "Allowed: aws | ", Variable.CORRECT))
                .as("without it, a key file would be used, or made, instead of the provider that was meant")
                .doesNotContain("unset KMS_PROVIDER");
        environment.put("KMS_PROVIDER", "env");
        environment.put("MASTER_ENCRYPTION_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        environment.put("KMS_HOME", folder.resolve("environment").toString());
        demandHealthy();
    }

    @Test
    void doctor_masterKeyIsMistyped_isNotUnset() {
        environment.put("KMS_MASTER_KEY", "lokal://default");
        assertThat(ill("scheme 'lokal'", "do:  Correct the scheme")).doesNotContain("unset");
        environment.put("KMS_MASTER_KEY", "local://default");
        demandHealthy();
    }

    @Test
    void doctor_settingIsMalformed_isMended() throws Exception {
        environment.put("KMS_TIMEOUT", "soon");
        apply(ill("KMS_TIMEOUT", "run: unset KMS_TIMEOUT"));
        demandHealthy();
    }

    @Test
    void doctor_homeIsAFile_isNotUnset() throws Exception {
        String home = environment.get("KMS_HOME");
        environment.put(
                "KMS_HOME", Files.writeString(folder.resolve("file"), "").toString());
        assertThat(ill("configuration: ", "do:  " + Variable.CORRECT)).doesNotContain("unset KMS_HOME");
        environment.put("KMS_HOME", home);
        demandHealthy();
    }

    @Test
    void doctor_fileWasWrittenInTheFuture_isMended() throws Exception {
        Files.setLastModifiedTime(keyFile, FileTime.from(Instant.now().plus(Duration.ofDays(2))));
        apply(ill("clock: " + keyFile + " was written at", "run: touch -c '", "note: If the time of now is wrong"));
        demandHealthy();
    }
}
