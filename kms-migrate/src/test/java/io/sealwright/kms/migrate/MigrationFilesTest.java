package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.migrate.MigrationReport.KeyCount;
import io.sealwright.kms.migrate.RawAesGcm.Encoding;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Files moved from key to key. */
@Timeout(120)
class MigrationFilesTest {
    private static final byte[] LARGE = new byte[300_000];

    @TempDir
    Path temporary;

    private final FaultyMasterKey from = new FaultyMasterKey("old");
    private final FaultyMasterKey to = new FaultyMasterKey("new", RecipientKind.VAULT_TRANSIT);

    @AutoClose
    private final OpenManagers open = new OpenManagers();

    private Path folder;
    private KeyManager app;

    @BeforeEach
    void open() throws IOException {
        folder = Files.createDirectories(temporary.toRealPath().resolve("data"));
        app = kms(b -> b.masterKey(from.twin()));
    }

    private KeyManager kms(Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder().retryAttempts(1);
        more.accept(builder);
        return open.add(builder.build());
    }

    private KeyManager moving() {
        return kms(b -> b.masterKey(to.twin()).alsoOpenWith(from.twin()));
    }

    private Path sealed(String name, String content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, app.encrypt(content).toBytes());
    }

    private Path sealedLarge(String name) throws IOException {
        Path file = folder.resolve(name);
        try (OutputStream out = Files.newOutputStream(file)) {
            app.encrypt(new java.io.ByteArrayInputStream(LARGE)).to(out);
        }
        return file;
    }

    private String opened(Path file) throws IOException {
        try (KeyManager alone = KeyManager.builder().masterKey(to.twin()).build()) {
            return alone.decrypt(Files.readAllBytes(file)).toText();
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.map(path -> folder.relativize(path).toString()).sorted().toList();
        }
    }

    @Test
    void run_foldersAndFiles_everyMessageIsMovedAndNothingElseTouched() throws Exception {
        Path one = sealed("one.sealed", "one");
        Path deep = sealed("a/b/deep.sealed", "deep");
        Path large = sealedLarge("large.sealed");
        Path text = Files.writeString(folder.resolve("a/readme.txt"), "read me");
        Path empty = Files.createFile(folder.resolve("a/empty"));
        Path stale = Files.writeString(folder.resolve(".one.sealed.kms-partial"), "left over");
        Path elsewhere = Files.write(
                temporary.resolve("elsewhere.sealed"), app.encrypt("elsewhere").toBytes());
        byte[] before = Files.readAllBytes(elsewhere);
        Files.createSymbolicLink(folder.resolve("a/link.sealed"), elsewhere);
        Files.createSymbolicLink(folder.resolve("a/loop"), folder);
        Files.setPosixFilePermissions(one, PosixFilePermissions.fromString("rw-r-----"));
        MigrationReport report = Migration.of(moving()).files(List.of(folder)).run();
        assertThat(report.clean()).isTrue();
        assertThat(report.moved()).isEqualTo(3);
        assertThat(report.skipped()).isEqualTo(2);
        assertThat(report.failures()).isEmpty();
        assertThat(report.after()).containsExactly(new KeyCount(Kind.MASTER_KEY, to.uri(), "1", 3));
        assertThat(report.retirable()).containsExactly(new KeyCount(Kind.MASTER_KEY, from.uri(), "1", 3));
        assertThat(opened(one)).isEqualTo("one");
        assertThat(opened(deep)).isEqualTo("deep");
        try (KeyManager alone = KeyManager.builder().masterKey(to.twin()).build();
                InputStream in = Files.newInputStream(large)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            alone.decrypt(in).to(out);
            assertThat(out.toByteArray()).isEqualTo(LARGE);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(one)))
                .isEqualTo("rw-r-----");
        assertThat(text).hasContent("read me");
        assertThat(empty).isEmptyFile();
        assertThat(elsewhere).as("outside of what was given").hasBinaryContent(before);
        assertThat(stale).as("replaced by the next run for the same file").doesNotExist();
        // Given by itself, a link's target is moved, and the link stays.
        Path link = folder.resolve("a/link.sealed");
        assertThat(Migration.of(moving()).files(List.of(link)).run().moved()).isEqualTo(1);
        assertThat(link).isSymbolicLink();
        assertThat(opened(elsewhere)).isEqualTo("elsewhere");
    }

    @Test
    void dryRun_touchesNoFile() throws Exception {
        Path file = sealed("one.sealed", "one");
        Object inode = Files.getAttribute(file, "unix:ino");
        byte[] before = Files.readAllBytes(file);
        KeyManager kms = kms(b -> b.masterKey(to).alsoOpenWith(from));
        MigrationReport report = Migration.of(kms)
                .files(List.of(folder))
                .dryRun()
                .checkpoint(temporary.resolve("checkpoint"))
                .run();
        assertThat(report.moved()).isEqualTo(1);
        assertThat(file).hasBinaryContent(before);
        assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(inode);
        assertThat(names()).containsExactly("", "one.sealed");
        assertThat(temporary.resolve("checkpoint")).doesNotExist();
        assertThat(to.calls() + from.calls()).isZero();
    }

    @Test
    void run_filesOfOneHeader_areMovedByOneCall() throws Exception {
        for (int i = 0; i < 20; i++) {
            sealed("f" + i, "content " + i);
        }
        KeyManager kms = kms(b -> b.masterKey(to).alsoOpenWith(from));
        assertThat(Migration.of(kms).files(List.of(folder)).parallelism(1).run().moved())
                .isEqualTo(20);
        assertThat(from.calls(Operation.UNWRAP)).isEqualTo(1);
        assertThat(to.calls(Operation.WRAP)).isEqualTo(1);
        for (int i = 0; i < 20; i++) {
            assertThat(opened(folder.resolve("f" + i))).isEqualTo("content " + i);
        }
    }

    @Test
    void run_fileWrittenMeanwhile_isReadAgain() throws Exception {
        Path file = sealed("one.sealed", "one");
        byte[] other = app.encrypt("another, which is longer").toBytes();
        AtomicInteger calls = new AtomicInteger();
        to.answerLate(
                () -> {
                    if (calls.getAndIncrement() == 0) {
                        write(file, other);
                    }
                },
                Operation.WRAP);
        KeyManager kms = kms(b -> b.masterKey(to).alsoOpenWith(from));
        MigrationReport report = Migration.of(kms).files(List.of(file)).run();
        assertThat(report.lostRaces()).isEqualTo(1);
        assertThat(report.moved()).isEqualTo(1);
        assertThat(opened(file)).isEqualTo("another, which is longer");
    }

    private static void write(Path file, byte[] content) {
        try {
            Files.write(file, content);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void run_stoppedAndStartedAgain_goesOnBehind() throws Exception {
        for (String name : List.of("a.b", "a/x", "a/y/z", "a!", "b", "c/d", "é")) {
            sealed(name, name);
        }
        Path checkpoint = temporary.resolve("checkpoint");
        KeyManager kms = moving();
        long moved = 0;
        List<Long> each = new ArrayList<>();
        for (int run = 0; run < 7; run++) {
            Migration job = Migration.of(kms).files(List.of(folder)).batch(1).checkpoint(checkpoint);
            job.progress(now -> job.stop());
            MigrationReport report = job.run();
            assertThat(report.complete()).isFalse();
            each.add(report.moved());
            assertThat(report.already()).as("none is looked at twice").isZero();
            moved = report.moved();
        }
        assertThat(moved).isEqualTo(7);
        assertThat(each).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L);
        MigrationReport last =
                Migration.of(kms).files(List.of(folder)).checkpoint(checkpoint).run();
        assertThat(last.clean()).isTrue();
        assertThat(last.moved()).isEqualTo(7);
        assertThat(last.after()).containsExactly(new KeyCount(Kind.MASTER_KEY, to.uri(), "1", 7));
        assertThat(checkpoint).doesNotExist();
    }

    @Test
    void stop_whileFilesAreWorkedOn_leavesNoPartialFile() throws Exception {
        for (int i = 0; i < 10; i++) {
            sealed("f" + i, "content " + i);
        }
        KeyManager kms = kms(b -> b.masterKey(to).alsoOpenWith(from));
        Migration job =
                Migration.of(kms).files(List.of(folder)).parallelism(1).checkpoint(temporary.resolve("checkpoint"));
        to.answerLate(job::stop, Operation.WRAP);
        MigrationReport report = job.run();
        assertThat(report.complete()).isFalse();
        assertThat(report.failed()).isZero();
        assertThat(names()).noneMatch(name -> name.endsWith(".kms-partial"));
        to.behave();
        MigrationReport second = Migration.of(moving())
                .files(List.of(folder))
                .checkpoint(temporary.resolve("checkpoint"))
                .run();
        assertThat(second.clean()).isTrue();
        assertThat(second.moved() + second.already()).isEqualTo(10);
    }

    @Test
    void run_failures_areTypedAndTheFilesStay() throws Exception {
        sealed("good", "good");
        Path text = Files.writeString(folder.resolve("text"), "no message");
        Path foreign = Files.write(
                folder.resolve("foreign"),
                kms(b -> b.masterKey(new FaultyMasterKey("x"))).encrypt("x").toBytes());
        byte[] before = Files.readAllBytes(foreign);
        MigrationReport report = Migration.of(moving())
                .files(List.of(text, foreign, folder.resolve("good")))
                .run();
        assertThat(report.moved()).isEqualTo(1);
        assertThat(report.failures())
                .extracting(failure -> failure.error().code())
                .containsExactlyInAnyOrder(ErrorCode.KMS_MESSAGE_MALFORMED, ErrorCode.KMS_NO_MATCHING_RECIPIENT);
        assertThat(text).hasContent("no message");
        assertThat(foreign).hasBinaryContent(before);
        assertThat(report.clean()).isFalse();
        assertThatThrownBy(() -> Migration.of(moving())
                        .files(List.of(folder.resolve("nowhere")))
                        .run())
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("not there");
    }

    @Test
    void convert_rawFiles_becomeMessages() throws Exception {
        byte[] key = OldSystem.key(32);
        OldSystem old = new OldSystem(key, "iv|ciphertext|tag", 16, Encoding.BYTES);
        Path file = Files.write(folder.resolve("old.bin"), old.seal("old content".getBytes(StandardCharsets.UTF_8)));
        sealed("new", "new");
        try (RawAesGcm raw = RawAesGcm.builder().key(key).ivBytes(16).build()) {
            MigrationReport report =
                    Migration.of(moving()).files(List.of(folder)).convert(raw).run();
            assertThat(report.converted()).isEqualTo(1);
            assertThat(report.moved()).isEqualTo(1);
            assertThat(report.clean()).isTrue();
        }
        assertThat(opened(file)).isEqualTo("old content");
    }
}
