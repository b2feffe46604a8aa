package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TargetTest {
    @TempDir
    Path folder;

    private final Unfinished unfinished = new Unfinished();
    private final Surroundings here = Run.nowhere().surroundings(OutputStream.nullOutputStream(), unfinished);
    private Path input;
    private Path output;
    private Path partial;

    @BeforeEach
    void files() throws Exception {
        input = Files.writeString(folder.resolve("in"), "input");
        output = folder.resolve("out");
        partial = folder.resolve(".out.kms-partial");
    }

    private Target target(Path path, boolean force) {
        return Target.file(here, path.toString(), Source.open(here, input.toString()), force);
    }

    @Test
    void open_file_writesBesideItForTheOwnerAlone() throws Exception {
        try (Target target = target(output, false)) {
            target.open().write(1);
            assertThat(output).doesNotExist();
            assertThat(mode(partial)).isEqualTo("rw-------");
            target.finish(null);
        }
        assertThat(output).hasBinaryContent(new byte[] {1});
        assertThat(mode(output)).isEqualTo("rw-------");
        assertThat(partial).doesNotExist();
    }

    @Test
    void finish_likeAnotherFile_hasItsMode() throws Exception {
        Files.setPosixFilePermissions(input, PosixFilePermissions.fromString("r--r-----"));
        try (Target target = target(output, false)) {
            target.open();
            target.finish(input);
        }
        assertThat(mode(output)).isEqualTo("r--r-----");
    }

    @Test
    void close_notFinished_leavesNothing() throws Exception {
        try (Target target = target(output, false)) {
            target.open().write(1);
        }
        assertThat(output).doesNotExist();
        assertThat(partial).doesNotExist();
    }

    @Test
    void close_notFinishedOverAnOldFile_leavesTheOldOne() throws Exception {
        Files.writeString(output, "old");
        try (Target target = target(output, true)) {
            target.open().write(1);
        }
        assertThat(output).hasContent("old");
    }

    @Test
    void file_exists_isRefused() throws Exception {
        Files.writeString(output, "old");
        assertThatThrownBy(() -> target(output, false)).hasMessageContaining("[KMS_CLI_TARGET_EXISTS]");
    }

    @Test
    void finish_fileAppearedMeanwhile_isRefusedAndLeavesIt() throws Exception {
        try (Target target = target(output, false)) {
            target.open().write(1);
            Files.writeString(output, "someone else's");
            assertThatThrownBy(() -> target.finish(null)).hasMessageContaining("[KMS_CLI_TARGET_EXISTS]");
        }
        assertThat(output).hasContent("someone else's");
        assertThat(partial).doesNotExist();
    }

    @Test
    void file_isTheInput_isRefusedEvenByForce() throws Exception {
        Path link = Files.createSymbolicLink(folder.resolve("link"), input);
        Path hard = Files.createLink(folder.resolve("hard"), input);
        for (Path path : new Path[] {input, link, hard, folder.resolve(".").resolve("in")}) {
            assertThatThrownBy(() -> target(path, true)).hasMessageContaining("[KMS_CLI_SAME_FILE]");
        }
    }

    @Test
    void file_isAFolder_isRefused() {
        assertThatThrownBy(() -> target(folder, true)).hasMessageContaining("It is a folder. ");
    }

    @Test
    void file_inMissingFolder_isAFailureThatNamesIt() {
        Path nowhere = folder.resolve("none").resolve("out");
        assertThatThrownBy(() -> target(nowhere, false))
                .hasMessageContaining("There is no folder '" + folder.resolve("none") + "'.")
                .hasMessageContaining("[KMS_CLI_OUTPUT]");
    }

    @Test
    void finish_symbolicLink_replacesWhatItPointsTo() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other"));
        Path real = Files.writeString(other.resolve("real"), "old");
        Path link = Files.createSymbolicLink(output, Path.of("other", "real"));
        try (Target target = target(link, true)) {
            target.open().write('n');
            assertThat(other.resolve(".real.kms-partial")).exists();
            target.finish(null);
        }
        assertThat(link).isSymbolicLink();
        assertThat(real).hasContent("n");
    }

    @Test
    void finish_inputWasChangedMeanwhile_staysAsItIs() throws Exception {
        try (Source source = Source.open(here, input.toString());
                Target target = Target.inPlaceOf(here, source, input)) {
            target.open().write('n');
            Files.writeString(input, "what somebody else wrote");
            assertThatThrownBy(() -> target.finish(input))
                    .hasMessageContaining("changed it meanwhile")
                    .hasMessageContaining("[KMS_CLI_OUTPUT]");
        }
        assertThat(input).hasContent("what somebody else wrote");
        assertThat(folder.resolve(".in.kms-partial")).doesNotExist();
    }

    @Test
    void finish_inputWasChangedBeforeAnythingIsWritten_staysAsItIs() throws Exception {
        try (Source source = Source.open(here, input.toString())) {
            Files.writeString(input, "what somebody else wrote");
            try (Target target = Target.inPlaceOf(here, source, input)) {
                assertThatThrownBy(target::open).hasMessageContaining("changed it meanwhile");
            }
        }
        assertThat(input).hasContent("what somebody else wrote");
    }

    @Test
    void finish_partialBecomesALink_whatItPointsToKeepsItsMode() throws Exception {
        Files.setPosixFilePermissions(input, PosixFilePermissions.fromString("rw-rw-rw-"));
        for (boolean hard : new boolean[] {false, true}) {
            Path victim = Files.writeString(folder.resolve("victim" + hard), "shadow");
            Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rw-------"));
            try (Target target = target(output, false)) {
                target.open().write('n');
                Files.delete(partial);
                if (hard) {
                    Files.createLink(partial, victim);
                } else {
                    Files.createSymbolicLink(partial, victim);
                }
                assertThatThrownBy(() -> target.finish(input)).hasMessageContaining("[KMS_CLI_OUTPUT]");
            }
            assertThat(mode(victim)).isEqualTo("rw-------");
            assertThat(output).doesNotExist();
        }
    }

    @Test
    void finish_danglingLink_makesWhatItPointsTo() throws Exception {
        Path link = Files.createSymbolicLink(output, Path.of("later"));
        try (Target target = target(link, false)) {
            target.open().write('n');
            target.finish(null);
        }
        assertThat(link).isSymbolicLink();
        assertThat(folder.resolve("later")).hasContent("n");
    }

    @Test
    void file_linksInACircle_isAFailure() throws Exception {
        Files.createSymbolicLink(output, Path.of("out"));
        assertThatThrownBy(() -> target(output, false)).hasMessageContaining("[KMS_CLI_OUTPUT]");
    }

    @Test
    void open_leftOverOfAKilledProcess_isReplaced() throws Exception {
        Files.writeString(partial, "half");
        try (Target target = target(output, false)) {
            target.open().write('n');
            target.finish(null);
        }
        assertThat(output).hasContent("n");
    }

    @Test
    void open_anotherProcessWritesIt_isAFailureAndLeavesItAlone() throws Exception {
        Files.writeString(partial, "half");
        try (FileChannel other = FileChannel.open(partial, StandardOpenOption.WRITE);
                FileLock lock = other.lock();
                Target target = target(output, false)) {
            assertThat(lock.isValid()).isTrue();
            assertThatThrownBy(target::open).hasMessageContaining("Another process is writing it");
        }
        assertThat(partial).hasContent("half");
    }

    @Test
    void open_partialNameIsALink_isNotFollowed() throws Exception {
        Path victim = Files.writeString(folder.resolve("victim"), "precious");
        Files.createSymbolicLink(partial, victim);
        try (Target target = target(output, false)) {
            assertThatThrownBy(target::open).hasMessageContaining("[KMS_CLI_OUTPUT]");
        }
        assertThat(victim).hasContent("precious");
    }

    @Test
    void open_device_isWrittenInPlace() throws Exception {
        try (Target target = target(Path.of("/dev/null"), false)) {
            target.open().write(new byte[10]);
            target.finish(null);
            assertThat(target.isWrittenInPlace()).isTrue();
            assertThat(target.written()).isEqualTo(10);
        }
        assertThat(Path.of("/dev/null")).exists();
    }

    @Test
    void isBrokenPipe_diskIsFull_isNot() throws Exception {
        try (Target target = target(Path.of("/dev/full"), false)) {
            OutputStream out = target.open();
            assertThatThrownBy(() -> out.write(1)).hasMessageContaining("No space");
            assertThat(target.isBrokenPipe()).isFalse();
            assertThat(target.failure()).isNotNull();
        }
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
