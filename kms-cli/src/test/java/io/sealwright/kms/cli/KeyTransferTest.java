package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code kms key export} and {@code kms key import}. */
class KeyTransferTest extends FreshHome {
    private Path other;
    private Path export;

    @BeforeEach
    void twoHomes() throws Exception {
        other = folder.resolve("other");
        export = folder.resolve("orders.export");
        done("key", "create", "orders");
        Run.at(other).kms("master-key", "bootstrap", "--create").done();
        // The courier's key: in both homes, and nothing but exports is under it.
        KeyManager.embedded(folder.resolve("courier")).close();
        for (Path to : new Path[] {home, other}) {
            Files.copy(folder.resolve("courier/local/default.key"), to.resolve("local/courier.key"));
        }
        done("encrypt", plain, "-k", "orders");
    }

    @Test
    void export_underAPassphrase_isImportedWithItAlone() throws Exception {
        Path passphrase = Files.writeString(folder.resolve("passphrase"), "correct horse battery staple\n");
        done("key", "export", "orders", "--passphrase-file", passphrase, "-o", export);
        Path wrong = Files.writeString(folder.resolve("wrong"), "another passphrase of some length");
        Run.at(other).kms("key", "import", "orders", export).refused("KMS_NO_MATCHING_RECIPIENT");
        Run.at(other)
                .kms("key", "import", "orders", export, "--passphrase-file", wrong)
                .refused("KMS_AUTHENTICATION_FAILED");
        Run.at(other)
                .kms("key", "import", "orders", export, "--passphrase-file", passphrase)
                .done();
        Run.at(other).kms("decrypt", sealed, "-o", folder.resolve("opened")).done();
        assertThat(folder.resolve("opened")).hasContent("attack at dawn");
        Files.writeString(passphrase, "short");
        kms("key", "export", "orders", "--passphrase-file", passphrase, "-o", wrong + ".x")
                .refused("KMS_CLI_INPUT");
    }

    @Test
    void export_underACouriersKey_isImportedElsewhereAndOpensWhatWasSealedBefore() throws Exception {
        done("key", "rotate", "orders");
        Result result = done("key", "export", "orders", "-m", "local://courier", "-o", export);
        assertThat(result.out()).isEqualTo("exported orders, AES_256, version 2, active\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(export)))
                .isEqualTo("rw-------");
        kms("key", "export", "orders", "-m", "local://courier", "-o", export).refused("KMS_CLI_TARGET_EXISTS");
        kms("decrypt", export, "-m", "local://courier", "-o", "-").refused("KMS_MESSAGE_MALFORMED");
        Run.at(other).kms("key", "import", "orders", export).refused("KMS_NO_MATCHING_RECIPIENT");
        assertThat(Run.at(other)
                        .kms("key", "import", "orders", export, "-m", "LOCAL://courier")
                        .done()
                        .out())
                .isEqualTo("imported orders, AES_256, version 2, active\n");
        assertThat(Run.at(other).kms("decrypt", sealed, "-o", "-").done().out()).isEqualTo("attack at dawn");
        assertThat(ids(other)).isEqualTo(ids(home));
        Run.at(other)
                .kms("key", "import", "orders", export, "-m", "local://courier")
                .refused("KMS_KEY_EXISTS");
        Run.at(other)
                .kms("key", "import", "copy", export, "-m", "local://courier")
                .refused("KMS_KEY_EXISTS");
    }

    private static Object ids(Path at) {
        return Run.at(at)
                .kms("key", "show", "orders")
                .done()
                .out()
                .lines()
                .skip(1)
                .toList();
    }

    @Test
    void export_oneVersionByPipe_isTheFirst() {
        done("key", "rotate", "orders");
        Result out = done("key", "export", "orders", "--version", "1", "-m", "local://courier", "-o", "-");
        assertThat(Run.at(other)
                        .in(out.bytes())
                        .kms("key", "import", "old", "-", "-m", "local://courier")
                        .out())
                .isEqualTo("imported old, AES_256, version 1, deactivated\n");
        assertThat(Run.at(other).kms("decrypt", sealed, "-o", "-").done().out()).isEqualTo("attack at dawn");
    }

    @Test
    void exportInClear_isTheBareBytes() throws Exception {
        done("key", "create", "codes", "--spec", "HMAC_SHA384");
        done("key", "export", "codes", "--in-clear", "-o", export);
        assertThat(Files.size(export)).isEqualTo(48);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(export)))
                .isEqualTo("rw-------");
        Run.at(other).kms("key", "import", "codes", export, "--in-clear").refused("KMS_CLI_INPUT");
        Run.at(other)
                .kms("key", "import", "codes", export, "--in-clear", "--spec", "HMAC_SHA384")
                .done();
        Path back = folder.resolve("back");
        Run.at(other)
                .kms("key", "export", "codes", "--in-clear", "--version", "1", "-o", back)
                .done();
        assertThat(back).hasSameBinaryContentAs(export);
        assertThat(Run.at(home)
                        .terminals(false, true, true)
                        .kms("key", "export", "codes", "--in-clear", "-o", "-")
                        .err())
                .contains("KMS_CLI_TERMINAL");
    }

    @Test
    void import_damagedOrNotThere_isRefused() throws Exception {
        done("key", "export", "orders", "-m", "local://courier", "-o", export);
        byte[] bytes = Files.readAllBytes(export);
        bytes[bytes.length - 1] ^= 1;
        Path damaged = Files.write(folder.resolve("damaged"), bytes);
        Run.at(other)
                .kms("key", "import", "orders", damaged, "-m", "local://courier")
                .refused("KMS_AUTHENTICATION_FAILED");
        Run.at(other)
                .kms("key", "import", "orders", sealed, "-m", "local://courier")
                .refused("KMS_MESSAGE_MALFORMED");
        Run.at(other).kms("key", "import", "orders", folder.resolve("none")).refused("KMS_CLI_INPUT");
        kms("key", "export", "nobody", "--in-clear", "-o", folder.resolve("x")).refused("KMS_KEY_NOT_FOUND");
        assertThat(folder.resolve("x")).doesNotExist();
        kms("key", "export", "orders", "-m", "local://none", "-o", folder.resolve("x"))
                .refused("KMS_KEY_NOT_FOUND");
        assertThat(Run.at(other).kms("key", "list").done().out()).isEmpty();
    }
}
