package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.RewrapOptions;
import io.sealwright.kms.migrate.Tally.Count;
import io.sealwright.kms.migrate.replacement.ChangedException;
import io.sealwright.kms.migrate.replacement.Stamp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a file that takes another's place keeps of it, and what others who can write in the folder get by that. */
@Timeout(120)
class ReplacedFileTest extends MovedOrders {
    private Path data;
    private KeyManager app;

    @BeforeEach
    void data() throws IOException {
        data = Files.createDirectories(folder.toRealPath().resolve("data"));
        app = kms(b -> b.masterKey(from.twin()));
    }

    private Path sealed(String name, String content) throws IOException {
        return Files.write(data.resolve(name), app.encrypt(content).toBytes());
    }

    private static Path partial(Path file) {
        return file.resolveSibling("." + file.getFileName() + Replacement.PARTIAL);
    }

    private String opened(Path file) throws IOException {
        return kms(b -> b.masterKey(to.twin()))
                .decrypt(Files.readAllBytes(file))
                .toText();
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    /** Moves a file, and does something each time its successor is brought down to the disk. */
    private Tally moved(Path file, Replacement.Disk disk) {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try (FileItems items = new FileItems(List.of(file), new Stop(), disk)) {
            Mover mover = new Mover(
                    moving(), RewrapOptions::toMasterKeys, null, encryption -> {}, null, false, false, threads);
            Tally tally = new Tally();
            assertThat(items.move(items.page(null, 10), mover, tally)).isTrue();
            return tally;
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void finish_applicationReplacesTheFileWhileItIsSynced_itsContentStays() throws Exception {
        Path file = sealed("one", "one");
        byte[] other = app.encrypt("what the application wrote").toBytes();
        int[] syncs = new int[1];
        Tally tally = moved(file, channel -> {
            channel.force(true);
            if (syncs[0]++ == 0) {
                Path beside = Files.write(data.resolve("beside"), other);
                Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        });
        assertThat(tally.of(Count.LOST)).isEqualTo(1);
        assertThat(tally.of(Count.MOVED)).isEqualTo(1);
        assertThat(opened(file)).isEqualTo("what the application wrote");
    }

    @Test
    void finish_modeIsChangedMeanwhile_isNotTakenBack() throws Exception {
        Path file = sealed("one", "one");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        int[] syncs = new int[1];
        Tally tally = moved(file, channel -> {
            if (syncs[0]++ == 0) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            }
        });
        assertThat(tally.of(Count.MOVED)).isEqualTo(1);
        assertThat(mode(file)).isEqualTo("rw-------");
        assertThat(opened(file)).isEqualTo("one");
    }

    @Test
    void finish_partialBecomesALink_whatItPointsToKeepsItsMode() throws Exception {
        Path file = sealed("one", "one");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        byte[] before = Files.readAllBytes(file);
        for (boolean hard : new boolean[] {false, true}) {
            Path victim = Files.writeString(folder.resolve("victim" + hard), "shadow");
            Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rw-------"));
            try (Replacement replacement = Replacement.of(file, new Stop())) {
                replacement.output().write(1);
                assertThatThrownBy(() -> replacement.finish(channel -> {
                            Files.delete(partial(file));
                            if (hard) {
                                Files.createLink(partial(file), victim);
                            } else {
                                Files.createSymbolicLink(partial(file), victim);
                            }
                        }))
                        .isInstanceOf(ChangedException.class);
            }
            assertThat(mode(victim)).isEqualTo("rw-------");
            assertThat(victim).hasContent("shadow");
            assertThat(file).hasBinaryContent(before);
            assertThat(partial(file)).doesNotExist();
        }
    }

    @Test
    void of_fileIsAnotherThanWasRead_isRefused() throws Exception {
        Path file = sealed("one", "one");
        Stamp before = Stamp.of(file);
        Path victim = Files.writeString(folder.resolve("victim"), "shadow");
        Files.delete(file);
        Files.createSymbolicLink(file, victim);
        assertThatThrownBy(() -> Replacement.of(file, before, new Stop())).isInstanceOf(ChangedException.class);
        assertThatThrownBy(() -> Replacement.of(file, Stamp.of(file), new Stop()))
                .as("a link")
                .isInstanceOf(ChangedException.class);
        assertThat(partial(file)).doesNotExist();
        assertThat(victim).hasContent("shadow");
    }

    @Test
    void of_twoRunsOverOneFile_neverEmptyIt() throws Exception {
        Path file = sealed("one", "one".repeat(50_000));
        byte[] content = Files.readAllBytes(file);
        AtomicInteger named = new AtomicInteger();
        Callable<Boolean> run = () -> {
            boolean whole = true;
            for (int i = 0; i < 150; i++) {
                try (Replacement replacement = Replacement.of(file, new Stop())) {
                    replacement.output().write(content);
                    replacement.finish(channel -> {});
                    named.incrementAndGet();
                } catch (IOException e) {
                    // The other one has it.
                }
                whole &= Files.size(file) == content.length;
            }
            return whole;
        };
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            for (Future<Boolean> whole : threads.invokeAll(List.of(run, run))) {
                assertThat(whole.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(named).hasPositiveValue();
        assertThat(file).hasBinaryContent(content);
    }

    @Test
    void finish_partialHasGone_isNoVanishedFile() throws Exception {
        Path file = sealed("one", "one");
        int[] syncs = new int[1];
        Tally tally = moved(file, channel -> {
            if (syncs[0]++ == 0) {
                Files.delete(partial(file));
            }
        });
        assertThat(tally.of(Count.VANISHED)).isZero();
        assertThat(tally.of(Count.LOST)).isEqualTo(1);
        assertThat(tally.of(Count.MOVED)).isEqualTo(1);
    }

    @Test
    void move_fileOfEachMode_keepsIt() throws Exception {
        for (String mode : List.of("rw-------", "rw-rw-r--", "r--r-----", "rwxr-x--x")) {
            Path file = sealed("mode " + mode, mode);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            moved(file, Replacement.Disk.REAL);
            assertThat(mode(file)).isEqualTo(mode);
            assertThat(opened(file)).isEqualTo(mode);
        }
    }

    @Test
    void move_fileWithAnAccessList_keepsTheList() throws Exception {
        Path file = sealed("listed", "listed");
        // user::rw, user 65534:rw, group::---, mask::rw, other::---
        String missing = python(
                file,
                "import errno",
                "if not hasattr(os,'setxattr'): sys.exit(print('this Python cannot set access lists'))",
                "e=lambda t,p,i: struct.pack('<HHI',t,p,i); n=0xffffffff",
                "try:",
                "  os.setxattr(f,'system.posix_acl_access',"
                        + "struct.pack('<I',2)+e(1,6,n)+e(2,6,65534)+e(4,0,n)+e(16,6,n)+e(32,0,n))",
                "except OSError as e:",
                "  if e.errno != errno.ENOTSUP: raise",
                "  print('the file system of the temporary folder has no access lists')");
        assumeTrue(missing.isEmpty(), missing);
        assertThat(mode(file)).as("the mask stands for the group").isEqualTo("rw-rw----");
        String list = python(file, "print(os.getxattr(f,'system.posix_acl_access').hex())");
        moved(file, Replacement.Disk.REAL);
        assertThat(python(file, "print(os.getxattr(f,'system.posix_acl_access').hex())"))
                .as("without it, the group could read what it could not before")
                .isEqualTo(list);
        assertThat(opened(file)).isEqualTo("listed");
    }

    /** Java sees no access lists of Linux. */
    private static String python(Path file, String... lines) throws Exception {
        Process process = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import os,struct,sys\nf=sys.argv[1]\n" + String.join("\n", lines),
                        file.toString())
                .redirectErrorStream(true)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(out).isZero();
        return out.strip();
    }
}
