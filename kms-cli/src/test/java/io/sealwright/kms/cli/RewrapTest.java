package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RewrapTest extends FreshHome {
    @BeforeEach
    void message() {
        done("encrypt", plain, "-c", "tenant=acme");
    }

    private void opens(Path message) {
        assertThat(done("decrypt", message, "-o", "-", "-c", "tenant=acme").out())
                .isEqualTo("attack at dawn");
    }

    @Test
    void rewrap_nothingToDo_saysSoAndLeavesTheFile() throws Exception {
        byte[] before = Files.readAllBytes(sealed);
        Object inode = Files.getAttribute(sealed, "unix:ino");
        Result result = done("rewrap", sealed);
        assertThat(result.err()).contains("already newest");
        assertThat(sealed).hasBinaryContent(before);
        assertThat(Files.getAttribute(sealed, "unix:ino")).isEqualTo(inode);
        assertThat(folder.resolve(".a.sealed.kms-partial")).doesNotExist();
    }

    @Test
    void rewrap_nothingToDoWithOutput_copiesTheBytes() throws Exception {
        Path out = folder.resolve("b.sealed");
        assertThat(done("rewrap", sealed, "-o", out).err()).contains("already newest");
        assertThat(out).hasBinaryContent(Files.readAllBytes(sealed));
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 100_000})
    void rewrap_afterRotation_replacesTheHeaderInPlaceAndKeepsMode(int length) throws Exception {
        Files.writeString(plain, "x".repeat(length));
        done("encrypt", plain, "--force");
        Files.setPosixFilePermissions(sealed, PosixFilePermissions.fromString("rw-r-----"));
        byte[] before = Files.readAllBytes(sealed);
        done("key", "rotate", "default");
        Result result = done("rewrap", sealed);
        assertThat(result.errLines()).singleElement().asString().contains("re-wrapped");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(sealed)))
                .isEqualTo("rw-r-----");
        byte[] after = Files.readAllBytes(sealed);
        assertThat(after).hasSameSizeAs(before).isNotEqualTo(before);
        assertThat(done("inspect", sealed, "--resolve").out()).contains("'default', version 2");
        done("key", "destroy", "default", "--version", "1", "--now", "--yes");
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("x".repeat(length));
        assertThat(done("rewrap", sealed).err()).contains("already newest");
    }

    @Test
    void rewrap_fileOfSomebodyElse_staysTheirs() throws Exception {
        boolean root = (Integer) Files.getAttribute(folder, "unix:uid") == 0;
        assumeTrue(root, "only root can give a file to somebody else");
        var users = folder.getFileSystem().getUserPrincipalLookupService();
        Files.setOwner(sealed, users.lookupPrincipalByName("nobody"));
        Files.setPosixFilePermissions(sealed, PosixFilePermissions.fromString("rw-------"));
        done("key", "rotate", "default");
        assertThat(done("rewrap", sealed).err()).contains("re-wrapped");
        assertThat(Files.getOwner(sealed).getName()).isEqualTo("nobody");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(sealed)))
                .isEqualTo("rw-------");
        opens(sealed);
    }

    @Test
    void rewrap_standardInput_goesToStandardOutput() throws Exception {
        done("key", "rotate", "default");
        Result result = here().in(Files.readAllBytes(sealed)).kms("rewrap", "-").done();
        Path out = Files.write(folder.resolve("b.sealed"), result.bytes());
        assertThat(done("inspect", out, "--resolve").out()).contains("'default', version 2");
        opens(out);
    }

    @Test
    void rewrap_compromisedKey_encryptsTheBodyAnewAndSaysSo() throws Exception {
        done("key", "compromise", "default", "--version", "1");
        done("key", "rotate", "default");
        assertThat(done("rewrap", sealed).err()).contains("encrypted anew");
        opens(sealed);
    }

    @Test
    void rewrap_foreignRecipients_areKeptAndNamed() throws Exception {
        Path second = folder.resolve("second");
        Run.at(second).kms("master-key", "bootstrap", "--create").done();
        Path foreign = home.resolve("local/foreign.key");
        Files.copy(second.resolve("local/default.key"), foreign);
        done("encrypt", plain, "--force", "-k", "default", "-m", "local://foreign");
        Files.delete(foreign);
        done("key", "rotate", "default");
        assertThat(done("rewrap", sealed).err()).contains("renewed: ").contains("kept as they were: ");
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        assertThat(Run.at(second).kms("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
    }

    @Test
    void rewrap_symbolicLink_replacesWhatItPointsTo() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), sealed.getFileName());
        done("key", "rotate", "default");
        done("rewrap", link);
        assertThat(link).isSymbolicLink();
        assertThat(done("inspect", sealed, "--resolve").out()).contains("'default', version 2");
    }

    @Test
    void rewrap_outputExistsOrIsTheInput_isRefused() throws Exception {
        Path out = Files.writeString(folder.resolve("b"), "old");
        assertThat(kms("rewrap", sealed, "-o", out).err()).contains("[KMS_CLI_TARGET_EXISTS]");
        assertThat(kms("rewrap", sealed, "-o", sealed).err()).contains("[KMS_CLI_SAME_FILE]");
        assertThat(out).hasContent("old");
    }

    @Test
    void rewrap_changedHeader_isRefusedAndTheFileStays() throws Exception {
        done("key", "rotate", "default");
        byte[] message = Files.readAllBytes(sealed);
        int header = Integer.parseInt(
                done("inspect", sealed, "--json").out().replaceFirst("(?s).*\"headerBytes\":(\\d+).*", "$1"));
        message[header - 1] ^= 1;
        Files.write(sealed, message);
        Result result = kms("rewrap", sealed);
        assertThat(result.code()).isEqualTo(1);
        assertThat(sealed).hasBinaryContent(message);
        assertThat(folder.resolve(".a.sealed.kms-partial")).doesNotExist();
    }

    @Test
    void rewrap_noKeys_makesNothing() {
        Path empty = folder.resolve("empty");
        Result result = Run.at(empty).kms("rewrap", sealed);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("[KMS_NO_MATCHING_RECIPIENT]");
        assertThat(empty).doesNotExist();
    }
}
