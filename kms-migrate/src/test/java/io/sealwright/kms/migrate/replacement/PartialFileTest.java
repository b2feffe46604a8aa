package io.sealwright.kms.migrate.replacement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    void locked_link_isNotFollowed() throws Exception {
        Path victim = Files.writeString(folder.resolve("victim"), "precious");
        Files.createSymbolicLink(partial, victim);
        assertThatThrownBy(() -> PartialFile.locked(partial)).isInstanceOf(IOException.class);
        assertThat(victim).hasContent("precious");
    }
}
