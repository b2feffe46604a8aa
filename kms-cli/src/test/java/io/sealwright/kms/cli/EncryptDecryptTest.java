package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EncryptDecryptTest extends FreshHome {
    @Test
    void encrypt_firstUse_makesKeyFileAndStoreAndSaysSoInTwoLines() throws Exception {
        Result first = kms("encrypt", plain).done();
        assertThat(first.out()).isEmpty();
        assertThat(first.errLines()).hasSize(2);
        assertThat(first.errLines().get(0))
                .contains(home.resolve("local/default.key").toString());
        assertThat(first.errLines().get(1)).contains(home.resolve("store.db").toString());
        assertThat(first.errLines())
                .allSatisfy(line -> assertThat(line).contains("everything").contains("lost"));
        assertThat(mode(home)).isEqualTo("rwx------");
        assertThat(mode(home.resolve(".first-use.lock"))).isEqualTo("rw-------");
        assertThat(mode(home.resolve("local/default.key"))).isEqualTo("rw-------");
        assertThat(kms("encrypt", plain, "-o", folder.resolve("b")).err()).isEmpty();
        assertThat(kms("key", "list").out().lines()).singleElement().asString().startsWith("default ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 16_383, 16_384, 65_535, 65_536, 65_537, 300_000})
    void decrypt_whatEncryptMade_isTheInput(int length) throws Exception {
        byte[] plaintext = new byte[length];
        new Random(length).nextBytes(plaintext);
        Files.write(plain, plaintext);
        done("encrypt", plain);
        Files.delete(plain);
        done("decrypt", sealed);
        assertThat(plain).hasBinaryContent(plaintext);
        Result piped = here().in(here().in(plaintext).kms("encrypt", "-").bytes())
                .kms("decrypt", "-")
                .done();
        assertThat(piped.bytes()).isEqualTo(plaintext);
        assertThat(leftOvers()).isEmpty();
    }

    @Test
    void encrypt_file_keepsItsModeAndDecryptGivesItToTheOwnerAlone() throws Exception {
        Files.setPosixFilePermissions(plain, PosixFilePermissions.fromString("r--r--r--"));
        done("encrypt", plain);
        assertThat(mode(sealed)).isEqualTo("r--r--r--");
        Path out = folder.resolve("out");
        done("decrypt", sealed, "-o", out);
        assertThat(mode(out)).isEqualTo("rw-------");
    }

    @Test
    void decrypt_targetExists_isRefusedUnlessForced() throws Exception {
        done("encrypt", plain);
        Files.writeString(plain, "newer");
        kms("decrypt", sealed).refused("KMS_CLI_TARGET_EXISTS");
        assertThat(plain).hasContent("newer");
        done("decrypt", sealed, "--force");
        assertThat(plain).hasContent("attack at dawn");
    }

    @Test
    void encrypt_outIsIn_isRefusedEvenByForce() {
        kms("encrypt", plain, "-o", plain, "--force").refused("KMS_CLI_SAME_FILE");
        assertThat(plain).hasContent("attack at dawn");
    }

    @Test
    void decrypt_contextAndAssociatedData_mustBeTheSame() throws Exception {
        done("encrypt", plain, "-c", "tenant=acme", "-c", "purpose=mail", "-a", "00ff");
        Path out = folder.resolve("out");
        String[][] wrong = {
            {},
            {"-c", "tenant=acme"},
            {"-c", "tenant=acme", "-c", "purpose=mail"},
            {"-c", "tenant=acme", "-c", "purpose=mail", "-a", "00fe"},
            {"-c", "tenant=acme", "-c", "purpose=post", "-a", "00ff"},
            {"-c", "tenant=acme", "-c", "purpose=mail", "-c", "x=y", "-a", "00ff"}
        };
        for (String[] options : wrong) {
            Object[] args = Stream.concat(Stream.of("decrypt", sealed, "-o", out), Arrays.stream(options))
                    .toArray();
            Result result = kms(args).refused("KMS_AUTHENTICATION_FAILED");
            assertThat(result.err())
                    .contains("context")
                    .contains("associated data")
                    .contains("changed");
            assertThat(result.err())
                    .contains("not verified")
                    .contains("'purpose', 'tenant'")
                    .doesNotContain("acme");
            assertThat(out).doesNotExist();
        }
        done("decrypt", sealed, "-o", out, "-c", "purpose=mail", "-c", "tenant=acme", "-a", "00ff");
        assertThat(out).hasContent("attack at dawn");
        assertThat(leftOvers()).isEmpty();
    }

    @Test
    void decrypt_changedMessage_isTheSameAnswerAsAWrongContext() throws Exception {
        done("encrypt", plain);
        byte[] message = Files.readAllBytes(sealed);
        message[message.length - 1] ^= 1;
        Files.write(sealed, message);
        Result changed = kms("decrypt", sealed, "-o", folder.resolve("out")).refused("KMS_AUTHENTICATION_FAILED");
        message[message.length - 1] ^= 1;
        Files.write(sealed, message);
        Result wrongContext = kms("decrypt", sealed, "-o", folder.resolve("out"), "-c", "a=b");
        assertThat(wrongContext.err()).isEqualTo(changed.err());
    }

    @Test
    void decrypt_laterChunkChangedToStandardOutput_saysWhatMustBeThrownAway() throws Exception {
        byte[] plaintext = new byte[1_000_000];
        new Random(1).nextBytes(plaintext);
        byte[] message = here().in(plaintext).kms("encrypt", "-").bytes();
        message[message.length - 1] ^= 1;
        Result result = here().in(message).kms("decrypt", "-").failed("KMS_AUTHENTICATION_FAILED");
        assertThat(result.bytes()).isEqualTo(Arrays.copyOf(plaintext, result.bytes().length));
        if (result.bytes().length > 0) {
            assertThat(result.err())
                    .contains("The " + result.bytes().length
                            + " bytes already written to standard output must be thrown away");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "this is no message but some text that is long enough to hold a header of one"})
    void decrypt_noMessage_isMalformedAndMakesNothing(String text) throws Exception {
        Files.writeString(sealed, text);
        kms("decrypt", sealed, "-o", "-").refused("KMS_MESSAGE_MALFORMED");
        assertThat(home).doesNotExist();
        done("master-key", "bootstrap", "--create");
        kms("decrypt", sealed, "-o", "-").refused("KMS_MESSAGE_MALFORMED");
    }

    @Test
    void decrypt_cutOrExtended_isRefused() throws Exception {
        done("encrypt", plain);
        byte[] message = Files.readAllBytes(sealed);
        for (byte[] other : new byte[][] {
            Arrays.copyOf(message, message.length - 1),
            Arrays.copyOf(message, message.length + 1),
            Arrays.copyOf(message, 20)
        }) {
            Result result = here().in(other).kms("decrypt", "-");
            assertThat(result.code()).isEqualTo(1);
            assertThat(result.err()).containsAnyOf("[KMS_MESSAGE_MALFORMED]", "[KMS_AUTHENTICATION_FAILED]");
            assertThat(result.bytes()).isEmpty();
        }
    }

    @Test
    void decrypt_emptyHome_saysNothingMadeYetAndMakesNothing() throws Exception {
        done("encrypt", plain);
        Path other = folder.resolve("other");
        Result result = Run.at(other).kms("decrypt", sealed, "-o", "-").refused("KMS_NO_MATCHING_RECIPIENT");
        assertThat(result.err()).contains("Nothing made yet").contains(other.toString());
        assertThat(Run.at(other).kms("decrypt", sealed, "-o", "-", "-c", "a=b").err())
                .contains("Nothing made yet");
        assertThat(other).doesNotExist();
    }

    @Test
    void decrypt_anotherHomesMessage_hasNoMatchingRecipient() throws Exception {
        done("encrypt", plain);
        Path other = folder.resolve("other");
        Run.at(other).kms("master-key", "bootstrap", "--create");
        Run.at(other).kms("decrypt", sealed, "-o", "-").refused("KMS_NO_MATCHING_RECIPIENT");
    }

    @Test
    void encrypt_keyByNameInEmptyHome_makesNothing() {
        Result result = kms("encrypt", plain, "-k", "orders").refused("KMS_CLI_NOTHING_MADE");
        assertThat(home).doesNotExist();
        assertThat(sealed).doesNotExist();
    }

    @Test
    void encrypt_keyThatIsNotThere_isNotFound() {
        done("encrypt", plain);
        kms("encrypt", plain, "-o", folder.resolve("b"), "-k", "orders").refused("KMS_KEY_NOT_FOUND");
        assertThat(folder.resolve("b")).doesNotExist();
        assertThat(leftOvers()).isEmpty();
    }

    @Test
    void encrypt_masterKeyThatIsNotThere_isNotFoundAndNamesBootstrap() {
        Result result = kms("encrypt", plain, "-m", "local://default").refused("KMS_KEY_NOT_FOUND");
        assertThat(result.err()).contains("kms master-key bootstrap --create");
        assertThat(home.resolve("local/default.key")).doesNotExist();
    }

    @Test
    void encrypt_masterKeyOfUnknownScheme_isRefused() {
        kms("encrypt", plain, "-m", "carrier-pigeon://x").refused("KMS_CONFIGURATION");
    }

    @Test
    void encrypt_severalRecipients_standInOrderAndAnyOpens() throws Exception {
        Path second = folder.resolve("second");
        done("key", "create", "orders");
        done("key", "create", "bills");
        Run.at(second).kms("master-key", "bootstrap", "--create").done();
        Files.copy(second.resolve("local/default.key"), home.resolve("local/other.key"));
        done("encrypt", plain, "-k", "orders", "-m", "local://other", "-k", "bills");
        assertThat(kms("inspect", sealed).out().lines().filter(line -> line.startsWith(" ")))
                .satisfiesExactly(
                        line -> assertThat(line).contains("named-key"),
                        line -> assertThat(line).contains("in-process"),
                        line -> assertThat(line).contains("named-key"));
        assertThat(kms("inspect", sealed, "--resolve").out())
                .containsSubsequence("key 'orders', version 1", "key 'bills', version 1");
        // The second home has the middle recipient's key only.
        Result result = Run.at(second).kms("decrypt", sealed, "-o", "-");
        assertThat(result.out()).as(result.err()).isEqualTo("attack at dawn");
        assertThat(kms("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
    }

    @Test
    void decrypt_masterKeyOption_opensWithIt() throws Exception {
        Path second = folder.resolve("second");
        Run.at(second).kms("master-key", "bootstrap", "--create").done();
        Path message = folder.resolve("b.sealed");
        Run.at(second)
                .kms("encrypt", plain, "-m", "local://default", "-o", message)
                .done();
        done("master-key", "bootstrap", "--create");
        kms("decrypt", message, "-o", "-").refused("KMS_NO_MATCHING_RECIPIENT");
        Files.copy(second.resolve("local/default.key"), home.resolve("local/other.key"));
        assertThat(kms("decrypt", message, "-o", "-", "-m", "local://other").out())
                .isEqualTo("attack at dawn");
    }

    @Test
    void decrypt_masterKeyOptionAndADamagedStoreWithoutItsKey_opensWithIt() throws Exception {
        done("master-key", "bootstrap", "--create");
        done("encrypt", plain, "-m", "local://default");
        Files.move(home.resolve("local/default.key"), home.resolve("local/spare.key"));
        Files.writeString(home.resolve("store.db"), "no database".repeat(1000));
        Result result = kms("decrypt", sealed, "-o", "-", "-m", "local://spare");
        assertThat(result.out()).isEqualTo("attack at dawn");
        assertThat(result.err()).contains("without the store");
    }

    @Test
    void encrypt_masterKeyAlone_needsNoStore() throws Exception {
        done("master-key", "bootstrap", "--create");
        Files.deleteIfExists(home.resolve("store.db"));
        done("encrypt", plain, "-m", "local://default");
        assertThat(home.resolve("store.db")).doesNotExist();
        assertThat(kms("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        assertThat(home.resolve("store.db")).doesNotExist();
    }

    @Test
    void encrypt_storeWithoutItsKeyFile_isRefusedAndMakesNoNewOne() throws Exception {
        done("encrypt", plain);
        Files.delete(home.resolve("local/default.key"));
        for (Object[] args : new Object[][] {
            {"encrypt", plain, "-o", folder.resolve("b")},
            {"decrypt", sealed, "-o", "-"},
            {"key", "create", "x"},
            {"key", "list"},
            {"health"},
            {"master-key", "bootstrap", "--create"}
        }) {
            kms(args).refused("KMS_CLI_KEY_FILE_LOST");
        }
        assertThat(home.resolve("local/default.key")).doesNotExist();
    }

    @Test
    void encrypt_keyFileReadableByAll_isRefused() throws Exception {
        done("encrypt", plain);
        Files.setPosixFilePermissions(home.resolve("local/default.key"), PosixFilePermissions.fromString("rw-r--r--"));
        Result result = kms("decrypt", sealed, "-o", "-").refused("KMS_KEY_FILE");
        assertThat(result.err()).contains("defaultMode: 0400");
    }

    @Test
    void encrypt_levelNone_opensOnlyWhenAllowed() {
        done("encrypt", plain, "--level", "none");
        kms("decrypt", sealed, "-o", "-").refused("KMS_LEVEL_REFUSED");
        assertThat(kms("decrypt", sealed, "-o", "-", "--allow-unencrypted").out())
                .isEqualTo("attack at dawn");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "3", "POST_QUANTUM", "legacy"})
    void encrypt_levelOfALaterModule_isRefusedByName(String level) {
        done("master-key", "bootstrap", "--create");
        Result result = kms("encrypt", plain, "--level", level).refused("KMS_LEVEL_UNSUPPORTED");
        assertThat(sealed).doesNotExist();
        assertThat(leftOvers()).isEmpty();
    }

    @Test
    void decrypt_requireLevel_refusesOthers() {
        done("encrypt", plain);
        kms("decrypt", sealed, "-o", "-", "--require-level", "4").refused("KMS_LEVEL_REFUSED");
        kms("decrypt", sealed, "-o", "-", "--require-level", "4", "--require-level", "1")
                .done();
    }

    @Test
    void encrypt_suite_isTakenForSmallFilesAndChunkedForLargeOnes() throws Exception {
        done("encrypt", plain, "--suite", "2");
        assertThat(kms("inspect", sealed, "--json").out()).contains("\"suiteId\":2", "\"plaintextBytes\":14,");
        Files.write(plain, new byte[100_000]);
        done("encrypt", plain, "--suite", "xaes-256-gcm", "--force");
        assertThat(kms("inspect", sealed, "--json").out())
                .contains("\"suiteId\":4", "\"plaintextBytes\":100000,", "\"chunks\":7");
        Files.writeString(plain, "small");
        done("encrypt", plain, "--suite", "4", "--force");
        assertThat(kms("inspect", sealed, "--json").out()).contains("\"suiteId\":4", "\"plaintextBytes\":5,");
        assertThat(kms("decrypt", sealed, "-o", "-").out()).isEqualTo("small");
    }

    @Test
    void encrypt_readerHasGone_exitsWith141AndSaysNothing() {
        OutputStream gone = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        done("encrypt", plain);
        Result result = here().out(gone).kms("encrypt", plain, "-o", "-");
        assertThat(result.code()).isEqualTo(141);
        assertThat(result.err()).isEmpty();
        assertThat(here().out(gone).kms("decrypt", sealed, "-o", "-").code()).isEqualTo(141);
        assertThat(here().out(gone).kms("key", "list").code()).isEqualTo(141);
    }

    @Test
    void encrypt_diskFull_isAFailureOfTheOutput() {
        done("encrypt", plain);
        Result result = kms("encrypt", plain, "-o", "/dev/full").refused("KMS_CLI_OUTPUT");
        assertThat(result.err()).contains("/dev/full").contains("No space left").contains("throw away the 0 bytes");
    }

    @Test
    void encrypt_storeCannotBeMade_leavesAKeyFileThatTheNextUseTakes() throws Exception {
        Path blocked = folder.resolve("blocked");
        Files.writeString(blocked, "a file where a folder must be");
        String url = "jdbc:sqlite:" + blocked.resolve("keys.db");
        Result first = kms("encrypt", plain, "--store", url);
        assertThat(first.code()).isEqualTo(1);
        assertThat(sealed).doesNotExist();
        byte[] keyFile = Files.readAllBytes(home.resolve("local/default.key"));
        Files.delete(blocked);
        Result second = kms("encrypt", plain, "--store", url).done();
        assertThat(second.errLines()).singleElement().asString().contains("made the store");
        assertThat(home.resolve("local/default.key")).hasBinaryContent(keyFile);
    }

    @Test
    void encrypt_inputFailsHalfWay_leavesNothing() {
        InputStream failing = new InputStream() {
            private int left = 200_000;

            @Override
            public int read() throws IOException {
                if (left-- <= 0) {
                    throw new IOException("Input/output error");
                }
                return 'x';
            }
        };
        Path out = folder.resolve("out");
        Result result = here().in(failing).kms("encrypt", "-", "-o", out);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.errLines())
                .last()
                .asString()
                .contains("standard input")
                .contains("[KMS_CLI_INPUT]");
        assertThat(out).doesNotExist();
        assertThat(leftOvers()).isEmpty();
    }

    @Test
    void decrypt_binaryToATerminal_isRefusedAndTextIsShown() throws Exception {
        byte[] text = here().in("hello\n").kms("encrypt", "-").bytes();
        byte[] binary = here().in(new byte[] {0, 1, 2}).kms("encrypt", "-").bytes();
        assertThat(here().terminals(false, true, true)
                        .in(text)
                        .kms("decrypt", "-")
                        .out())
                .isEqualTo("hello\n");
        Result result = here().terminals(false, true, true)
                .in(binary)
                .kms("decrypt", "-")
                .refused("KMS_CLI_TERMINAL");
        assertThat(result.bytes()).isEmpty();
        assertThat(here().terminals(false, true, true)
                        .in(binary)
                        .kms("decrypt", "-", "-o", "-")
                        .bytes())
                .containsExactly(0, 1, 2);
    }

    @Test
    void decrypt_headerWithTerminalSequence_isEscaped() {
        byte[] message =
                here().in("x").kms("encrypt", "-", "-c", "a\u001b[31mb=c").bytes();
        Result result = here().in(new ByteArrayInputStream(message)).kms("decrypt", "-");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("'a\\x1b[31mb'").doesNotContain("\u001b");
        Result inspected = here().in(message).kms("inspect", "-");
        assertThat(inspected.out()).contains("a\\x1b[31mb=c").doesNotContain("\u001b");
        assertThat(here().in(message).kms("inspect", "-", "--json").out()).contains("\"a\\u001b[31mb\"");
    }

    @Test
    void encrypt_storeOfOwn_isMadeThere() {
        Path store = folder.resolve("elsewhere").resolve("keys.db");
        done("encrypt", plain, "--store", "jdbc:sqlite:" + store);
        assertThat(store).exists();
        assertThat(home.resolve("store.db")).doesNotExist();
        Result result = here().with("KMS_STORE_URL", "jdbc:sqlite:" + store).kms("decrypt", sealed, "-o", "-");
        assertThat(result.out()).as(result.err()).isEqualTo("attack at dawn");
    }

    private Stream<Path> leftOvers() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(path -> path.toString().contains("kms-partial")).toList().stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void utf8_isTheEncodingOfTexts() {
        byte[] message = here().in("x").kms("encrypt", "-", "-c", "ort=Köln").bytes();
        assertThat(new String(message, StandardCharsets.UTF_8)).contains("Köln");
    }
}
