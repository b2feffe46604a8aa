package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kms key export} and {@code kms key import}. */
class KeyTransferTest {
    @TempDir
    Path folder;

    private Path home;
    private Path other;
    private Path sealed;
    private Path export;

    @BeforeEach
    void twoHomes() throws Exception {
        home = folder.resolve("home");
        other = folder.resolve("other");
        export = folder.resolve("orders.export");
        done(home, "key", "create", "orders");
        done(other, "master-key", "bootstrap", "--create");
        // The courier's key: in both homes, and nothing but exports is under it.
        KeyManager.embedded(folder.resolve("courier")).close();
        for (Path to : new Path[] {home, other}) {
            Files.copy(folder.resolve("courier/local/default.key"), to.resolve("local/courier.key"));
        }
        sealed = folder.resolve("a.sealed");
        Path file = Files.writeString(folder.resolve("a"), "attack at dawn");
        done(home, "encrypt", file, "-k", "orders");
    }

    private static Result done(Path home, Object... args) {
        Result result = Run.at(home).kms(args);
        assertThat(result.code()).as(result.err()).isZero();
        return result;
    }

    private static void refused(Path home, String code, Object... args) {
        Result result = Run.at(home).kms(args);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.errLines()).singleElement().asString().contains(code);
        assertThat(result.out()).isEmpty();
    }

    @Test
    void export_underAPassphrase_isImportedWithItAlone() throws Exception {
        Path passphrase = Files.writeString(folder.resolve("passphrase"), "correct horse battery staple\n");
        done(home, "key", "export", "orders", "--passphrase-file", passphrase, "-o", export);
        Path wrong = Files.writeString(folder.resolve("wrong"), "another passphrase of some length");
        refused(other, "KMS_", "key", "import", "orders", export);
        refused(other, "KMS_AUTHENTICATION_FAILED", "key", "import", "orders", export, "--passphrase-file", wrong);
        done(other, "key", "import", "orders", export, "--passphrase-file", passphrase);
        done(other, "decrypt", sealed, "-o", folder.resolve("opened"));
        assertThat(folder.resolve("opened")).hasContent("attack at dawn");
        Files.writeString(passphrase, "short");
        refused(home, "KMS_CLI_INPUT", "key", "export", "orders", "--passphrase-file", passphrase, "-o", wrong + ".x");
    }

    @Test
    void export_underACouriersKey_isImportedElsewhereAndOpensWhatWasSealedBefore() throws Exception {
        done(home, "key", "rotate", "orders");
        Result result = done(home, "key", "export", "orders", "-m", "local://courier", "-o", export);
        assertThat(result.out()).isEqualTo("exported orders, AES_256, version 2, active\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(export)))
                .isEqualTo("rw-------");
        refused(home, "KMS_CLI_TARGET_EXISTS", "key", "export", "orders", "-m", "local://courier", "-o", export);
        refused(home, "KMS_MESSAGE_MALFORMED", "decrypt", export, "-m", "local://courier", "-o", "-");
        refused(other, "KMS_NO_MATCHING_RECIPIENT", "key", "import", "orders", export);
        assertThat(done(other, "key", "import", "orders", export, "-m", "LOCAL://courier")
                        .out())
                .isEqualTo("imported orders, AES_256, version 2, active\n");
        assertThat(done(other, "decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        assertThat(ids(other)).isEqualTo(ids(home));
        refused(other, "KMS_KEY_EXISTS", "key", "import", "orders", export, "-m", "local://courier");
        refused(other, "KMS_KEY_EXISTS", "key", "import", "copy", export, "-m", "local://courier");
    }

    private static Object ids(Path home) {
        return done(home, "key", "show", "orders").out().lines().skip(1).toList();
    }

    @Test
    void export_oneVersionByPipe_isTheFirst() {
        done(home, "key", "rotate", "orders");
        Result out = done(home, "key", "export", "orders", "--version", "1", "-m", "local://courier", "-o", "-");
        assertThat(Run.at(other)
                        .in(out.bytes())
                        .kms("key", "import", "old", "-", "-m", "local://courier")
                        .out())
                .isEqualTo("imported old, AES_256, version 1, deactivated\n");
        assertThat(done(other, "decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
    }

    @Test
    void exportInClear_isTheBareBytes() throws Exception {
        done(home, "key", "create", "codes", "--spec", "HMAC_SHA384");
        done(home, "key", "export", "codes", "--in-clear", "-o", export);
        assertThat(Files.size(export)).isEqualTo(48);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(export)))
                .isEqualTo("rw-------");
        refused(other, "KMS_CLI_INPUT", "key", "import", "codes", export, "--in-clear");
        done(other, "key", "import", "codes", export, "--in-clear", "--spec", "HMAC_SHA384");
        Path back = folder.resolve("back");
        done(other, "key", "export", "codes", "--in-clear", "--version", "1", "-o", back);
        assertThat(back).hasSameBinaryContentAs(export);
        assertThat(Run.at(home)
                        .terminals(false, true, true)
                        .kms("key", "export", "codes", "--in-clear", "-o", "-")
                        .err())
                .contains("KMS_CLI_TERMINAL");
    }

    @Test
    void import_damagedOrNotThere_isRefused() throws Exception {
        done(home, "key", "export", "orders", "-m", "local://courier", "-o", export);
        byte[] bytes = Files.readAllBytes(export);
        bytes[bytes.length - 1] ^= 1;
        Path damaged = Files.write(folder.resolve("damaged"), bytes);
        refused(other, "KMS_AUTHENTICATION_FAILED", "key", "import", "orders", damaged, "-m", "local://courier");
        refused(other, "KMS_MESSAGE_MALFORMED", "key", "import", "orders", sealed, "-m", "local://courier");
        refused(other, "KMS_CLI_INPUT", "key", "import", "orders", folder.resolve("none"));
        refused(home, "KMS_KEY_NOT_FOUND", "key", "export", "nobody", "--in-clear", "-o", folder.resolve("x"));
        assertThat(folder.resolve("x")).doesNotExist();
        refused(home, "KMS_KEY_NOT_FOUND", "key", "export", "orders", "-m", "local://none", "-o", folder.resolve("x"));
        assertThat(done(other, "key", "list").out()).isEmpty();
    }
}
