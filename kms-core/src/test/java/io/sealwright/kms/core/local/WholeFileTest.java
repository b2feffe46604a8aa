package io.sealwright.kms.core.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
    @TempDir
    Path folder;

    @Test
    void write_meanwhile_partialFileIsLocked() throws Exception {
        Path file = folder.resolve("a");
        WholeFile.write(file, out -> {
            try (var partials = Files.newDirectoryStream(folder, ".a.*.kms-partial")) {
                Path partial = partials.iterator().next();
                try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                    assertThatThrownBy(channel::tryLock).isInstanceOf(OverlappingFileLockException.class);
                }
            }
            out.write(1);
        });
        assertThat(file).hasBinaryContent(new byte[] {1});
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }
}
