package io.sealwright.kms.migrate.replacement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartialFileTest {
    @TempDir
    Path folder;

    private Path partial;

    @BeforeEach
    void partial() {
        partial = folder.resolve(".one.kms-partial");
    }

    @Test
    void create_somethingIsThere_leavesIt() throws Exception {
        Files.writeString(partial, "somebody's");
        assertThatThrownBy(() -> PartialFile.create(partial)).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(partial).hasContent("somebody's");
    }

    @Test
    void locked_anotherWritesIt_isBusyAndLeavesIt() throws Exception {
        try (FileChannel first = PartialFile.create(partial)) {
            assertThat(first.size()).isZero();
            assertThatThrownBy(() -> PartialFile.locked(partial))
                    .isInstanceOf(IOException.class)
                    .isNotInstanceOf(ChangedException.class)
                    .hasMessageContaining("Another process is writing it");
        }
        assertThat(partial).isEmptyFile();
    }

    @Test
    void locked_nameHasGone_isChanged() {
        assertThatThrownBy(() -> PartialFile.locked(partial)).isInstanceOf(ChangedException.class);
    }

    @Test
    void locked_link_isRemovedAndNotFollowed() throws Exception {
        Path victim = Files.writeString(folder.resolve("victim"), "precious");
        Files.createSymbolicLink(partial, victim);
        assertThatThrownBy(() -> PartialFile.locked(partial)).isInstanceOf(IOException.class);
        assertThat(victim).hasContent("precious");
        assertThat(partial).doesNotExist();
    }

    /** Of a user who is not root; root may write all of them anyway. */
    @Test
    void removeStale_leftOverOfEachMode_isRemoved() throws Exception {
        for (String mode : List.of("rw-------", "r--r-----", "r--------")) {
            Files.writeString(partial, "half");
            Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString(mode));
            PartialFile.removeStale(partial);
            assertThat(partial).as(mode).doesNotExist();
        }
    }

    @Test
    void removeStale_anotherWritesIt_leavesItAndItsMode() throws Exception {
        try (FileChannel first = PartialFile.create(partial)) {
            Files.setPosixFilePermissions(partial, PosixFilePermissions.fromString("r--------"));
            assertThatThrownBy(() -> PartialFile.removeStale(partial))
                    .hasMessageContaining("Another process is writing it");
            assertThat(first.isOpen()).isTrue();
        }
        assertThat(Files.getPosixFilePermissions(partial)).isEqualTo(PosixFilePermissions.fromString("r--------"));
    }
}
