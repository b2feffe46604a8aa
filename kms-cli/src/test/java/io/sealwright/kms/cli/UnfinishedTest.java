package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.migrate.replacement.PartialFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UnfinishedTest {
    @TempDir
    Path folder;

    private final Unfinished unfinished = new Unfinished();
    private Path partial;

    @BeforeEach
    void partial() {
        partial = folder.resolve(".one.kms-partial");
    }

    @Test
    void stop_whileAFileIsMade_isHeardByItsMakerAndLeavesNothing() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            Future<FileChannel> made = threads.submit(() -> unfinished.make(partial, () -> {
                begun.countDown();
                while (!unfinished.stopped()) {
                    Thread.onSpinWait();
                }
                return PartialFile.create(partial);
            }));
            begun.await();
            assertThat(unfinished.stop()).isTrue();
            made.get().close();
            assertThat(partial).doesNotExist();
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void stop_makingFailed_leavesWhatLiesUnderTheName() throws Exception {
        Files.writeString(partial, "another process's");
        assertThatThrownBy(() -> unfinished.make(partial, () -> PartialFile.create(partial)))
                .isInstanceOf(IOException.class);
        assertThat(unfinished.stop()).isTrue();
        assertThat(partial).hasContent("another process's");
    }

    @Test
    void stop_commandHasEnded_saysSo() {
        unfinished.finished();
        assertThat(unfinished.stop()).isFalse();
    }

    @Test
    void make_afterStop_isRefused() {
        assertThat(unfinished.stop()).isTrue();
        assertThatThrownBy(() -> unfinished.make(partial, () -> PartialFile.create(partial)))
                .hasMessageContaining("told to stop");
        assertThat(partial).doesNotExist();
    }
}
