package io.sealwright.kms.migrate.replacement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SuccessorTest {
    private static final int SMALL = 300_000;
    private static final int LARGE = 64 << 20;

    @TempDir
    Path folder;

    private Path file;
    private Path partial;

    @BeforeEach
    void files() {
        file = folder.resolve("one");
        partial = folder.resolve(".one.kms-partial");
    }

    private Stamp filled(int bytes) throws IOException {
        try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
            content.setLength(bytes);
        }
        return Stamp.of(file);
    }

    @Test
    void of_smallAndLargeFile_isEmptyBesideIt() throws Exception {
        for (int bytes : new int[] {SMALL, LARGE}) {
            Successor successor = Successor.of(file, partial, filled(bytes), () -> false);
            assertThat(successor.channel().size()).isZero();
            successor.channel().close();
            Files.delete(partial);
            assertThat(file).hasSize(bytes);
        }
    }

    @Test
    void of_whileItIsCompared_noOtherRunTakesItForALeftOver() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        Successor successor = Successor.of(file, partial, filled(SMALL), () -> {
            looks.incrementAndGet();
            assertThatThrownBy(() -> PartialFile.removeStale(partial))
                    .hasMessageContaining("Another process is writing it");
            return false;
        });
        successor.channel().close();
        assertThat(looks).hasPositiveValue();
        assertThat(partial).isEmptyFile();
    }

    @Test
    void of_toldToEndWhileItIsCopied_leavesNothing() throws Exception {
        Stamp before = filled(LARGE);
        assertThatThrownBy(() -> Successor.of(file, partial, before, () -> true))
                .hasMessage("It was told to end.");
        assertThat(partial).doesNotExist();
        assertThat(Stamp.of(file)).isEqualTo(before);
    }

    @Test
    void of_toldToEndWhileItIsCompared_leavesNothing() throws Exception {
        Stamp before = filled(SMALL);
        AtomicInteger looks = new AtomicInteger();
        assertThatThrownBy(() -> Successor.of(file, partial, before, () -> looks.incrementAndGet() == 2))
                .hasMessage("It was told to end.");
        assertThat(looks).hasValue(2);
        assertThat(partial).doesNotExist();
        assertThat(Stamp.of(file)).isEqualTo(before);
    }

    @Test
    void of_interruptedWhileItIsCopied_leavesNothingAndStaysInterrupted() throws Exception {
        Stamp before = filled(LARGE);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Successor.of(file, partial, before, () -> false))
                .isInstanceOf(IOException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(partial).doesNotExist();
        assertThat(Stamp.of(file)).isEqualTo(before);
    }

    @Test
    void of_somebodyElsesPartial_isLeftAlone() throws Exception {
        for (int bytes : new int[] {SMALL, LARGE}) {
            Stamp before = filled(bytes);
            Files.writeString(partial, "somebody's");
            assertThatThrownBy(() -> Successor.of(file, partial, before, () -> false))
                    .isInstanceOf(java.nio.file.FileAlreadyExistsException.class);
            assertThat(partial).hasContent("somebody's");
        }
    }
}
