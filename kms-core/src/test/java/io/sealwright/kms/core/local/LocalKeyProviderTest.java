package io.sealwright.kms.core.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KeyFileException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalKeyProviderTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));
    private static final SecretBytes SECRET = SecretBytes.copyOf(new byte[32]);
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    @TempDir
    Path temporary;

    private Path home;
    private Path file;

    @BeforeEach
    void paths() {
        home = temporary.resolve("a").resolve("home");
        file = home.resolve("local").resolve("default.key");
    }

    // Opening and making

    @Test
    void serviceLoader_findsTheProvider() {
        assertThat(ServiceLoader.load(MasterKeyProvider.class).stream().map(ServiceLoader.Provider::type))
                .contains(LocalKeyProvider.class);
        assertThat(new LocalKeyProvider().schemes()).containsExactly("local");
    }

    @Test
    void open_missing_throwsKeyNotFoundNamingBootstrap_andMakesNothing() {
        assertThatThrownBy(() -> open("local://default", false))
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("The key local://default is not there.")
                .hasMessageContaining("There is no file " + file)
                .hasMessageContaining("kms master-key bootstrap --create");
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void open_missingOfAnotherName_doesNotNameBootstrap_whichWouldMakeDefault() {
        assertThatThrownBy(() -> open("local://second", false))
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("The key local://second is not there.")
                .hasMessageContaining("KMS_HOME")
                .hasMessageNotContaining("bootstrap");
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void open_createMissing_makesOwnersFileAndFolders() throws Exception {
        try (MasterKey key = open("local://default", true)) {
            assertThat(key.uri()).isEqualTo("local://default");
            assertThat(key.check()).isEqualTo("local://default: version 1 of 1 version, file " + file);
        }
        assertThat(mode(file)).isEqualTo("rw-------");
        assertThat(mode(home.resolve("local"))).isEqualTo("rwx------");
        assertThat(mode(home)).isEqualTo("rwx------");
        assertThat(names()).containsExactly("default.key", "default.key.lock");
        assertThat(mode(home.resolve("local/default.key.lock"))).isEqualTo("rw-------");
    }

    @Test
    void metadata_afterARotation_tellsBothTimesAndTheNewVersion() {
        try (MasterKey key = open("local://default", true)) {
            MasterKeyMetadata first = key.metadata();
            assertThat(first.version()).isEqualTo("1");
            assertThat(first.createdAt()).isEqualTo(first.rotatedAt()).isNotNull();
            key.rotate();
            MasterKeyMetadata second = key.metadata();
            assertThat(second.version()).isEqualTo("2");
            assertThat(second.createdAt()).isEqualTo(first.createdAt());
            assertThat(second.rotatedAt()).isAfterOrEqualTo(first.rotatedAt());
            assertThat(second.spec()).isEqualTo("AES-256");
            assertThat(second.usage()).isEqualTo("ENCRYPT_DECRYPT");
        }
    }

    @Test
    void open_createMissingTwice_givesTheSameKey() {
        try (MasterKey one = open("local://default", true);
                MasterKey two = open("local://default", true);
                MasterKey three = open("local://default", false)) {
            Recipient recipient = one.wrap(SECRET, BINDING);
            assertThat(two.recognizes(recipient)).isTrue();
            assertThat(three.recognizes(recipient)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "A.b_c-9", "0123456789012345678901234567890123456789012345678901234567890123"})
    void open_goodName_makesFileOfThatName(String name) {
        open("local://" + name, true).close();
        assertThat(home.resolve("local").resolve(name + ".key")).isRegularFile();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../x",
                ".hidden",
                "a/b",
                "-a",
                "a b",
                "ä",
                "a\n",
                "a?x=1",
                "01234567890123456789012345678901234567890123456789012345678901234"
            })
    void open_badName_throwsConfiguration(String name) {
        assertThatThrownBy(() -> open("local://" + name, true))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("A name has 1 to 64 of A-Z a-z 0-9 . _ -");
        assertThat(temporary).isEmptyDirectory();
    }

    // Permissions and kinds of files. The tests may run as root, whom the system lets read everything: "unreadable" is
    // therefore played by a disk that denies. The modes are checked by their bits, which works as root too.

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "r--------", "r--r-----", "rw-r-----", "rw-rw----", "rwxrwx--x"})
    void open_ownersAndGroupsModes_pass(String mode) throws Exception {
        open("local://default", true).close();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        try (MasterKey key = open("local://default", false)) {
            assertThat(key.recognizes(key.wrap(SECRET, BINDING))).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r--r--", "r-----r--", "rw-----w-", "rw-rw-rw-"})
    void open_othersMayReadOrWrite_throwsKeyFileNamingDefaultMode(String mode) throws Exception {
        open("local://default", true).close();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        assertThatThrownBy(() -> open("local://default", true))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("Users other than its owner and group may read or write it.")
                .hasMessageContaining("chmod 600 " + file)
                .hasMessageContaining("defaultMode: 0400");
    }

    @Test
    void open_unreadable_throwsKeyFile() {
        open("local://default", true).close();
        Disk denies = new Disk() {
            @Override
            byte[] read(Path path, int limit) throws IOException {
                throw new AccessDeniedException(path.toString());
            }
        };
        assertThatThrownBy(() -> open("local://default", false, denies, DEADLINE))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("The key file " + file + " cannot be used. This user may not read it.")
                .hasMessageContaining("0440");
    }

    @Test
    void open_folderUnreadable_throwsKeyFile() {
        open("local://default", true).close();
        Disk denies = new Disk() {
            @Override
            Facts facts(Path path) throws IOException {
                throw new AccessDeniedException(path.toString());
            }
        };
        assertThatThrownBy(() -> open("local://default", false, denies, DEADLINE))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("This user may not read it.");
    }

    @Test
    void open_diskError_throwsKeyFileWithCause() {
        open("local://default", true).close();
        IOException broken = new IOException("Input/output error");
        Disk fails = new Disk() {
            @Override
            byte[] read(Path path, int limit) throws IOException {
                throw broken;
            }
        };
        assertThatThrownBy(() -> open("local://default", false, fails, DEADLINE))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("Reading it failed.")
                .hasCause(broken);
    }

    @Test
    void open_folderInItsPlace_throwsKeyFile() throws Exception {
        Files.createDirectories(file);
        assertThatThrownBy(() -> open("local://default", true))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("It is no regular file.");
    }

    @Test
    void open_pipeInItsPlace_throwsKeyFileWithoutWaiting() throws Exception {
        Files.createDirectories(file.getParent());
        assertThat(new ProcessBuilder("mkfifo", "-m", "600", file.toString())
                        .start()
                        .waitFor())
                .isZero();
        assertThatThrownBy(() -> open("local://default", false))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("It is no regular file.");
    }

    @Test
    void open_throughLinksAsKubernetesMountsThem_opens() throws Exception {
        open("local://default", true).close();
        Path data = Files.createDirectory(temporary.resolve("..data"));
        Path mounted = home.resolve("local/mounted.key");
        Files.copy(file, data.resolve("mounted.key"));
        Files.setPosixFilePermissions(data.resolve("mounted.key"), PosixFilePermissions.fromString("r--------"));
        Files.createSymbolicLink(mounted, data.resolve("mounted.key"));
        try (MasterKey original = open("local://default", false);
                MasterKey linked = open("local://mounted", false)) {
            assertThat(linked.recognizes(original.wrap(SECRET, BINDING))).isTrue();
        }
    }

    @Test
    void open_linkToNowhere_throwsKeyFileAndMakesNothing() throws Exception {
        Files.createDirectories(file.getParent());
        Files.createSymbolicLink(file, temporary.resolve("gone"));
        assertThatThrownBy(() -> open("local://default", true))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("It is a link that leads nowhere.");
        assertThat(temporary.resolve("gone")).doesNotExist();
    }

    @Test
    void open_hugeFile_throwsKeyFileWithoutReadingIt() throws Exception {
        Files.createDirectories(file.getParent());
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), 1L << 36); // sparse: 64 GiB
        }
        assertThatThrownBy(() -> open("local://default", false))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("longer than 1048576 bytes");
    }

    @Test
    void open_homeBelowAFile_throwsKeyFile() throws Exception {
        Files.createFile(temporary.resolve("a"));
        assertThatThrownBy(() -> open("local://default", true))
                .isInstanceOf(KeyFileException.class)
                .hasMessageContaining("could not be made");
    }

    // Wrapping

    @Test
    void wrap_andUnwrap_agree() {
        try (MasterKey key = open("local://default", true)) {
            byte[] secret = new byte[64];
            Arrays.fill(secret, (byte) 3);
            Recipient recipient = key.wrap(SecretBytes.copyOf(secret), BINDING);
            assertThat(recipient.kind()).isEqualTo(RecipientKind.IN_PROCESS.id());
            assertThat(recipient.id()).hasSize(24);
            assertThat(recipient.wrap()).hasSize(104);
            try (SecretBytes opened = key.unwrap(recipient, BINDING)) {
                assertThat(opened.copy()).isEqualTo(secret);
            }
            WrapBinding other = new WrapBinding(Purpose.NAMED_KEY, BINDING.context());
            assertThatThrownBy(() -> key.unwrap(recipient, other)).isInstanceOf(AuthenticationFailedException.class);
        }
    }

    @Test
    void recognizes_renamedFile_isTrue() throws Exception {
        Recipient recipient;
        try (MasterKey key = open("local://default", true)) {
            recipient = key.wrap(SECRET, BINDING);
        }
        Files.move(file, home.resolve("local/renamed.key"));
        try (MasterKey key = open("local://renamed", false);
                SecretBytes opened = key.unwrap(recipient, BINDING)) {
            assertThat(opened.copy()).isEqualTo(new byte[32]);
        }
    }

    @Test
    void recognizes_otherKey_isFalse() {
        try (MasterKey one = open("local://one", true);
                MasterKey two = open("local://two", true)) {
            Recipient recipient = one.wrap(SECRET, BINDING);
            assertThat(two.recognizes(recipient)).isFalse();
            assertThat(two.isOutdated(recipient)).isFalse();
            assertThatThrownBy(() -> two.unwrap(recipient, BINDING)).isInstanceOf(AuthenticationFailedException.class);
        }
    }

    @Test
    void close_laterCalls_throwClosed() {
        MasterKey key = open("local://default", true);
        Recipient recipient = key.wrap(SECRET, BINDING);
        key.close();
        key.close();
        assertThatThrownBy(() -> key.wrap(SECRET, BINDING)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> key.unwrap(recipient, BINDING)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(key::refresh).isInstanceOf(ClosedException.class);
        assertThatThrownBy(key::rotate).isInstanceOf(ClosedException.class);
    }

    // Rotation and refresh

    @Test
    void rotate_addsAVersionThatWraps_andOldOnesOpen() {
        try (MasterKey key = open("local://default", true)) {
            Recipient old = key.wrap(SECRET, BINDING);
            String id = key.rotate();
            Recipient fresh = key.wrap(SECRET, BINDING);
            assertThat(HexFormat.of().formatHex(fresh.id(), 0, 16)).isEqualTo(id);
            assertThat(key.isOutdated(old)).isTrue();
            assertThat(key.isOutdated(fresh)).isFalse();
            try (SecretBytes opened = key.unwrap(old, BINDING)) {
                assertThat(opened.copy()).isEqualTo(new byte[32]);
            }
            assertThat(key.check()).startsWith("local://default: version 2 of 2 versions");
        }
        assertThat(names()).containsExactly("default.key", "default.key.lock");
    }

    @Test
    void refresh_afterAnotherProcessRotated_opensThenSealsWithTheNewVersion() {
        try (MasterKey one = open("local://default", true);
                MasterKey two = open("local://default", false)) {
            one.rotate();
            Recipient fresh = one.wrap(SECRET, BINDING);
            assertThat(two.recognizes(fresh)).isFalse();
            assertThat(two.refresh()).isTrue();
            assertThat(two.recognizes(fresh)).isTrue();
            assertThat(two.wrap(SECRET, BINDING).id()).isEqualTo(fresh.id());
            assertThat(two.refresh()).isFalse();
        }
    }

    @Test
    void refresh_unchanged_readsNothing() {
        List<Path> reads = new ArrayList<>();
        Disk counts = new Disk() {
            @Override
            byte[] read(Path path, int limit) throws IOException {
                reads.add(path);
                return super.read(path, limit);
            }
        };
        try (MasterKey key = open("local://default", true, counts, DEADLINE)) {
            assertThat(key.refresh()).isFalse();
            assertThat(reads).hasSize(1);
        }
    }

    @Test
    void refresh_replacedBySameContents_isFalse() throws Exception {
        try (MasterKey key = open("local://default", true)) {
            byte[] contents = Files.readAllBytes(file);
            Files.delete(file);
            write(contents);
            assertThat(key.refresh()).isFalse();
        }
    }

    @Test
    void refresh_damaged_throwsKeyFile_andMemoryGoesOn() throws Exception {
        try (MasterKey key = open("local://default", true)) {
            Recipient recipient = key.wrap(SECRET, BINDING);
            byte[] contents = Files.readAllBytes(file);
            write("damaged\n".getBytes(StandardCharsets.US_ASCII));
            assertThatThrownBy(key::refresh).isInstanceOf(KeyFileException.class);
            assertThatThrownBy(key::refresh).isInstanceOf(KeyFileException.class);
            assertThatThrownBy(key::check).isInstanceOf(KeyFileException.class);
            assertThatThrownBy(key::rotate).isInstanceOf(KeyFileException.class);
            assertThat(Files.readString(file)).isEqualTo("damaged\n");
            key.unwrap(recipient, BINDING).close();
            assertThat(key.wrap(SECRET, BINDING).id()).isEqualTo(recipient.id());
            write(contents);
            assertThat(key.refresh()).isFalse();
        }
    }

    @Test
    void refresh_gone_throwsKeyFile_andMemoryGoesOn() throws Exception {
        try (MasterKey key = open("local://default", true)) {
            Recipient recipient = key.wrap(SECRET, BINDING);
            Files.delete(file);
            assertThatThrownBy(key::refresh)
                    .isInstanceOf(KeyFileException.class)
                    .hasMessageContaining("The key file " + file + " is gone.");
            assertThatThrownBy(key::rotate).isInstanceOf(KeyNotFoundException.class);
            key.unwrap(recipient, BINDING).close();
        }
    }

    @Test
    void refresh_versionRemovedOrReplaced_throwsKeyFile_andRotateWritesNothing() throws Exception {
        open("local://other", true).close();
        try (MasterKey key = open("local://default", true)) {
            byte[] before = Files.readAllBytes(file);
            key.rotate();
            Recipient fresh = key.wrap(SECRET, BINDING);
            for (byte[] less : List.of(before, Files.readAllBytes(home.resolve("local/other.key")))) {
                write(less);
                assertThatThrownBy(key::refresh)
                        .isInstanceOf(KeyFileException.class)
                        .hasMessageContaining("A version that was in it is gone or holds another key");
                assertThatThrownBy(key::rotate).isInstanceOf(KeyFileException.class);
                assertThat(Files.readAllBytes(file)).isEqualTo(less);
                key.unwrap(fresh, BINDING).close();
            }
        }
    }

    @Test
    void refresh_sameIdOtherKey_throwsKeyFile() throws Exception {
        try (MasterKey key = open("local://default", true)) {
            String text = Files.readString(file);
            String otherKey = "key:" + "A".repeat(43);
            String body = text.substring(0, text.indexOf("checksum ")).replaceAll("key:.*", otherKey);
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.US_ASCII));
            write((body + "checksum " + HexFormat.of().formatHex(hash) + "\n").getBytes(StandardCharsets.US_ASCII));
            assertThatThrownBy(key::refresh)
                    .isInstanceOf(KeyFileException.class)
                    .hasMessageContaining("holds another key");
        }
    }

    @Test
    void rotate_throughALink_replacesItsTarget() throws Exception {
        open("local://real", true).close();
        Path link = home.resolve("local/link.key");
        Files.createSymbolicLink(link, Path.of("real.key"));
        try (MasterKey linked = open("local://link", false);
                MasterKey real = open("local://real", false)) {
            linked.rotate();
            assertThat(link).isSymbolicLink();
            assertThat(real.refresh()).isTrue();
            assertThat(real.recognizes(linked.wrap(SECRET, BINDING))).isTrue();
        }
    }

    @Test
    void rotate_leftOversOfKilledWriters_areDeleted() throws Exception {
        try (MasterKey key = open("local://default", true)) {
            Files.writeString(home.resolve("local/.default.key.0123456789abcdef.tmp"), "half a ke");
            Files.writeString(home.resolve("local/.other.key.0123456789abcdef.tmp"), "another's");
            key.rotate();
        }
        assertThat(names()).containsExactly(".other.key.0123456789abcdef.tmp", "default.key", "default.key.lock");
    }

    // Full disks, locks, interrupts

    @Test
    void rotate_diskFull_throwsKeyFile_oldFileStays() throws Exception {
        open("local://default", true).close();
        byte[] before = Files.readAllBytes(file);
        for (Disk full : List.of(fullWhileWriting(), fullWhileRenaming())) {
            try (MasterKey key = open("local://default", false, full, DEADLINE)) {
                Recipient recipient = key.wrap(SECRET, BINDING);
                assertThatThrownBy(key::rotate)
                        .isInstanceOf(KeyFileException.class)
                        .hasMessageContaining("could not be changed. Writing failed: the disk is full")
                        .hasRootCauseMessage("No space left on device");
                assertThat(Files.readAllBytes(file)).isEqualTo(before);
                assertThat(names()).containsExactly("default.key", "default.key.lock");
                assertThat(key.wrap(SECRET, BINDING).id()).isEqualTo(recipient.id());
            }
        }
    }

    @Test
    void open_createMissingDiskFull_throwsKeyFile_leavesNoKeyFile() {
        for (Disk full : List.of(fullWhileWriting(), fullWhileRenaming())) {
            assertThatThrownBy(() -> open("local://default", true, full, DEADLINE))
                    .isInstanceOf(KeyFileException.class)
                    .hasMessageContaining("could not be made");
            assertThat(names()).containsExactly("default.key.lock");
        }
        open("local://default", true).close();
    }

    @Test
    void open_fileAppearsDuringCreation_isNotOverwritten() throws Exception {
        open("local://other", true).close();
        byte[] theirs = Files.readAllBytes(home.resolve("local/other.key"));
        Disk raced = new Disk() {
            @Override
            void writeNew(Path path, byte[] content) throws IOException {
                super.writeNew(path, content);
                write(theirs); // by someone who takes no lock, such as a restore
            }
        };
        try (MasterKey key = open("local://default", true, raced, DEADLINE);
                MasterKey other = open("local://other", false)) {
            assertThat(key.recognizes(other.wrap(SECRET, BINDING))).isTrue();
        }
        assertThat(names()).containsExactly("default.key", "default.key.lock", "other.key", "other.key.lock");
    }

    @Test
    void publish_noHardLinks_renamesButNeverOverwrites() throws Exception {
        Disk disk = new Disk() {
            @Override
            void link(Path name, Path existing) {
                throw new UnsupportedOperationException("no hard links");
            }
        };
        Path one = Files.writeString(temporary.resolve("one"), "1");
        Path two = Files.writeString(temporary.resolve("two"), "2");
        Path target = temporary.resolve("target");
        assertThat(disk.publish(one, target)).isTrue();
        assertThat(disk.publish(two, target)).isFalse();
        assertThat(target).hasContent("1");
        assertThat(one).doesNotExist();
    }

    @Test
    void rotate_lockHeldByACopyOfTheLibrary_throwsUnavailableAtTheDeadline() throws Exception {
        open("local://default", true).close();
        try (MasterKey key = open("local://default", false, new Disk(), Duration.ofMillis(50));
                FileChannel held = FileChannel.open(lockFile(), StandardOpenOption.WRITE)) {
            held.lock();
            assertThatThrownBy(key::rotate)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("Another process holds the lock " + lockFile());
            assertThat(key.check()).contains("version 1 of 1");
        }
    }

    @Test
    void rotate_interruptedWhileWaiting_throwsInterruptedAndKeepsTheFlag() throws Exception {
        open("local://default", true).close();
        try (MasterKey key = open("local://default", false);
                FileChannel held = FileChannel.open(lockFile(), StandardOpenOption.WRITE)) {
            held.lock();
            Thread.currentThread().interrupt();
            assertThatThrownBy(key::rotate).isInstanceOf(CallInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void refresh_interrupted_throwsInterruptedAndKeepsTheFlag() {
        try (MasterKey key = open("local://default", true)) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(key::refresh).isInstanceOf(CallInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void open_interrupted_throwsInterruptedAndKeepsTheFlag() {
        open("local://default", true).close();
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> open("local://default", false)).isInstanceOf(CallInterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    // Many at once

    @Test
    void open_createMissingBy16ThreadsAtOnce_givesOneKey() throws Exception {
        List<byte[]> ids = atOnce(16, () -> {
            try (MasterKey key = open("local://default", true)) {
                return key.wrap(SECRET, BINDING).id();
            }
        });
        assertThat(ids.stream().map(Arrays::toString).distinct()).hasSize(1);
    }

    @Test
    void rotate_by16ThreadsAtOnce_losesNone() throws Exception {
        try (MasterKey shared = open("local://default", true)) {
            List<String> ids = atOnce(16, () -> {
                        try (MasterKey own = open("local://default", false)) {
                            return List.of(own.rotate(), shared.rotate());
                        }
                    })
                    .stream()
                    .flatMap(List::stream)
                    .toList();
            String text = Files.readString(file);
            assertThat(new TreeSet<>(ids)).hasSize(32);
            assertThat(ids).allMatch(text::contains);
            assertThat(shared.check()).startsWith("local://default: version 33 of 33 versions");
        }
    }

    private static <T> List<T> atOnce(int threads, Callable<T> work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        CyclicBarrier start = new CyclicBarrier(threads);
        try {
            List<Future<T>> done = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                done.add(pool.submit(() -> {
                    start.await();
                    return work.call();
                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> each : done) {
                results.add(each.get(60, TimeUnit.SECONDS));
            }
            return results;
        } finally {
            pool.shutdownNow();
        }
    }

    private static Disk fullWhileWriting() {
        return new Disk() {
            @Override
            void writeNew(Path path, byte[] content) throws IOException {
                super.writeNew(path, Arrays.copyOf(content, content.length / 2));
                throw new IOException("No space left on device");
            }
        };
    }

    private static Disk fullWhileRenaming() {
        return new Disk() {
            @Override
            void replace(Path from, Path to) throws IOException {
                throw new IOException("No space left on device");
            }

            @Override
            boolean publish(Path from, Path to) throws IOException {
                throw new IOException("No space left on device");
            }
        };
    }

    private MasterKey open(String uri, boolean create) {
        return open(uri, create, new Disk(), DEADLINE);
    }

    private MasterKey open(String uri, boolean create, Disk disk, Duration deadline) {
        return new LocalKeyProvider(disk)
                .open(MasterKeyUri.parse(uri), new ProviderSettings(home, create, deadline, TimeSource.system()));
    }

    private void write(byte[] contents) throws IOException {
        Path fresh = temporary.resolve("fresh");
        Files.write(fresh, contents);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private Path lockFile() {
        return home.resolve("local/default.key.lock");
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private Set<String> names() {
        try (Stream<Path> files = Files.list(home.resolve("local"))) {
            return files.map(path -> path.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
