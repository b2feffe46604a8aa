package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused before any key is touched. */
class UsageTest {
    @TempDir
    Path folder;

    private Path home() {
        return folder.resolve("home");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"encrypt - --passphrase-file p", "decrypt - --passphrase-file p", "rewrap - --passphrase-file p"
            })
    void run_commandOfALaterRelease_isRefusedByName(String line) {
        Result result = Run.at(home()).kms((Object[]) line.split(" "));
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("later release")
                .contains("[KMS_CLI_LATER_RELEASE]");
        assertThat(result.out()).isEmpty();
        assertThat(home()).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "frobnicate",
                "--frobnicate",
                "encrypt",
                "encrypt a b",
                "encrypt a --frobnicate",
                "encrypt a -o",
                "encrypt a -o b -o c",
                "encrypt a -k orders -k orders",
                "encrypt a -k .hidden",
                "encrypt a -m local://default -m LOCAL:default",
                "decrypt  -o b",
                "encrypt a -k",
                "encrypt a --level 9",
                "encrypt a --level 0 -k orders",
                "encrypt a --level 0 -m local://default",
                "encrypt a --level none -a 00",
                "encrypt a --level none --suite 4",
                "encrypt a --suite rot13",
                "key create orders --rotate-every",
                "key create orders --rotate-every 90",
                "key create orders --rotate-every P3M",
                "key create orders --rotate-every PT59M",
                "key create orders --rotate-every P3651D",
                "key destroy orders",
                "key destroy orders --now",
                "key destroy orders --after P30D",
                "key destroy orders --after P30D --now --yes",
                "key destroy orders --after PT23H --yes",
                "key destroy orders --after P366D --yes",
                "key destroy orders --after soon --yes",
                "key cancel-destroy",
                "key cancel-destroy orders --version 0",
                "key schedule orders",
                "key schedule orders --off --rotate-every P90D",
                "key schedule orders --rotate-every -P90D",
                "encrypt a -c tenant",
                "encrypt a -a 0g",
                "encrypt a --store postgres://x",
                "decrypt",
                "decrypt a.txt",
                "decrypt .sealed",
                "decrypt a.sealed --require-level high",
                "decrypt a.sealed --require-level 0",
                "decrypt a.sealed --require-level 1 --require-level legacy",
                "inspect",
                "rewrap",
                "key",
                "key create",
                "key create ../x",
                "key create -",
                "key create a --spec DES",
                "key create a --active-from tomorrow",
                "key show",
                "key rotate",
                "key deactivate orders",
                "key compromise orders",
                "key destroy orders --now",
                "key deactivate orders --version 0",
                "key deactivate orders --version x",
                "key export orders -m local://x",
                "key export orders -o f",
                "key export orders -o f -m local://x --in-clear",
                "key export orders -o f --in-clear --version 0",
                "key import orders",
                "key import orders f --spec AES_256",
                "key import orders f --in-clear -m local://x",
                "key import orders f --in-clear --spec DES",
                "backup",
                "backup create",
                "backup restore",
                "backup restore a b",
                "master-key",
                "master-key rotate --frobnicate",
                "master-key rotate --to",
                "rotate_encryption_keys a",
                "health --verbose",
                "doctor --json",
                "doctor a"
            })
    void run_wrongUsage_exitsWithTwoAndOneLine(String line) {
        Result result = Run.at(home()).kms(line.isEmpty() ? new Object[0] : (Object[]) line.split(" "));
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .startsWith("kms: ")
                .endsWith("]");
        assertThat(result.out()).isEmpty();
        assertThat(home()).doesNotExist();
    }

    @Test
    void run_unknownArguments_valuesAreNotRepeated() {
        Result result = Run.at(home()).kms("encrypt", "a", "--passphrase=hunter2", "hunter3");
        assertThat(result.code()).isEqualTo(2);
        assertThat(result.err()).contains("--passphrase").doesNotContain("hunter");
    }

    @Test
    void run_noHomeDirectory_isAnError() {
        Result result = Run.nowhere().kms("key", "list");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("There is no home directory.").contains("KMS_HOME");
    }

    @Test
    void run_storeOfAnotherKind_isRefusedWithoutItsPassword() {
        Result result = Run.at(home())
                .with("KMS_STORE_URL", "jdbc:postgresql://db/x?user=u&password=hunter2")
                .kms("key", "list");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("KMS_STORE_PASSWORD_FILE").doesNotContain("hunter2");
    }

    @Test
    void version_isPrinted() {
        Result result = Run.at(home()).kms("--version");
        assertThat(result.code()).isZero();
        assertThat(result.out()).matches("kms \\d+\\.\\d+\\S* \\(Java .*\\)\\R");
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "--help", "help encrypt", "encrypt --help", "help key", "key create -h"})
    void help_goesToStandardOutput(String line) {
        Result result = Run.at(home()).kms((Object[]) line.split(" "));
        assertThat(result.code()).isZero();
        assertThat(result.out()).startsWith("Usage: kms");
        assertThat(result.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "--version", "encrypt --help", "help encrypt"})
    void help_diskIsFull_exitsWithOne(String line) {
        Result result = Run.at(home())
                .out(new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("No space left on device");
                    }
                })
                .kms((Object[]) line.split(" "));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("No space left on device.")
                .endsWith("[KMS_CLI_OUTPUT]");
    }

    @Test
    void encrypt_missingInput_exitsWithOneAndMakesNothing() {
        Result result = Run.at(home()).kms("encrypt", folder.resolve("none"));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .contains("none")
                .contains("[KMS_CLI_INPUT]");
        assertThat(home()).doesNotExist();
    }

    @Test
    void encrypt_folderOfTargetMissing_isNamedBeforeAnyWork() throws Exception {
        Path file = Files.writeString(folder.resolve("a"), "x");
        Result result = Run.at(home()).kms("encrypt", file, "-o", folder.resolve("none/b"));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err())
                .contains("There is no folder '" + folder.resolve("none") + "'.")
                .contains("[KMS_CLI_OUTPUT]");
        assertThat(home()).doesNotExist();
    }

    @Test
    void run_homeIsAFile_saysSo() throws Exception {
        Path file = Files.writeString(folder.resolve("a"), "x");
        Result result = Run.at(file).kms("encrypt", file);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("is no folder").contains("KMS_HOME").contains("[KMS_CLI_ENVIRONMENT]");
    }

    @Test
    void encrypt_targetExists_exitsWithOneBeforeAnyWork() throws Exception {
        Path file = Files.writeString(folder.resolve("a"), "x");
        Files.writeString(folder.resolve("a.sealed"), "old");
        Result result = Run.at(home()).kms("encrypt", file);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("[KMS_CLI_TARGET_EXISTS]");
        assertThat(folder.resolve("a.sealed")).hasContent("old");
        assertThat(home()).doesNotExist();
    }

    @Test
    void encrypt_toATerminal_isRefused() {
        Result result = Run.at(home()).terminals(false, true, true).in("x").kms("encrypt", "-");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("[KMS_CLI_TERMINAL]").contains("-o -");
        assertThat(home()).doesNotExist();
    }

    @Test
    void encrypt_fileNameWithTerminalSequence_isEscaped() {
        Result result = Run.at(home()).kms("encrypt", folder.resolve("a\u001b[31mb"));
        assertThat(result.err()).contains("a\\x1b[31mb").doesNotContain("\u001b");
    }

    @Test
    void run_debug_showsTheStack() {
        Result result = Run.at(home()).with("KMS_DEBUG", "true").kms("encrypt", folder.resolve("none"));
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("\tat io.sealwright.kms.cli.");
    }
}
