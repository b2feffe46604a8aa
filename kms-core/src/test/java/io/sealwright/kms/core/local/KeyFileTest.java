package io.sealwright.kms.core.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyFileException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class KeyFileTest {
    private static final Path FILE = Path.of("/keys/default.key");
    private static final String KEY_1 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    private static final String KEY_2 = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";
    private static final String ID_1 = "000102030405060708090a0b0c0d0e0f";
    private static final String ID_2 = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
    private static final String FIRST = "sealwright-key 1\n";
    private static final String LINE_1 = "version 1 " + ID_1 + " retired 2026-01-31T12:00:00Z key:" + KEY_1 + "\n";
    private static final String LINE_2 = "version 2 " + ID_2 + " active 2026-11-21T08:00:00Z key:" + KEY_2 + "\n";

    /** Written by {@code src/test/resources/wrapping/known_answers.py}. */
    private static final String WHOLE =
            FIRST + LINE_1 + LINE_2 + "checksum b1f769aa5cd09fc04b0e15bd5ac28bb5dc9a338aa3bc38509c3dcf3469ff2da5\n";

    @Test
    void parse_knownFile_givesItsVersions() {
        try (KeyFile file = KeyFile.parse(FILE, ascii(WHOLE))) {
            assertThat(file.versions()).hasSize(2);
            KeyFile.Version one = file.versions().get(0);
            assertThat(one.number()).isEqualTo(1);
            assertThat(one.id()).isEqualTo(HexFormat.of().parseHex(ID_1));
            assertThat(one.state()).isEqualTo(KeyFile.State.RETIRED);
            assertThat(one.made()).isEqualTo(Instant.parse("2026-01-31T12:00:00Z"));
            assertThat(one.key().copy()).startsWith(0, 1, 2).endsWith(30, 31).hasSize(32);
            assertThat(file.newest().number()).isEqualTo(2);
            assertThat(file.newest().state()).isEqualTo(KeyFile.State.ACTIVE);
            assertThat(file.newest().key().copy()).startsWith(224, 225).endsWith(254, 255);
        }
    }

    @Test
    void encode_ofParsed_givesTheSameBytes() {
        try (KeyFile file = KeyFile.parse(FILE, ascii(WHOLE))) {
            assertThat(new String(file.encode(), StandardCharsets.UTF_8)).isEqualTo(WHOLE);
        }
    }

    @Test
    void fresh_hasOneActiveVersionAndItsOwnKey() {
        Instant now = Instant.parse("2026-11-21T08:00:00.999Z");
        try (KeyFile file = KeyFile.fresh(now, new CloneSafeRandom());
                KeyFile other = KeyFile.fresh(now, new CloneSafeRandom());
                KeyFile again = KeyFile.parse(FILE, file.encode())) {
            assertThat(again.versions()).hasSize(1);
            assertThat(again.newest().state()).isEqualTo(KeyFile.State.ACTIVE);
            assertThat(again.newest().made()).isEqualTo(Instant.parse("2026-11-21T08:00:00Z"));
            assertThat(again.newest().key().copy())
                    .isEqualTo(file.newest().key().copy());
            assertThat(other.newest().key().copy())
                    .isNotEqualTo(file.newest().key().copy());
            assertThat(other.newest().id()).isNotEqualTo(file.newest().id());
        }
    }

    @Test
    void rotated_keepsOldVersionsRetired_andAddsAnActiveOne() {
        try (KeyFile file = KeyFile.parse(FILE, ascii(WHOLE));
                KeyFile rotated = file.rotated(Instant.EPOCH, new CloneSafeRandom())) {
            assertThat(rotated.versions()).hasSize(3);
            assertThat(rotated.versions())
                    .extracting(KeyFile.Version::state)
                    .containsExactly(KeyFile.State.RETIRED, KeyFile.State.RETIRED, KeyFile.State.ACTIVE);
            assertThat(rotated.newest().number()).isEqualTo(3);
            file.close();
            assertThat(rotated.versions().get(1).key().copy()).startsWith(224, 225);
        }
    }

    @Test
    void close_wipesTheKeys() {
        KeyFile file = KeyFile.parse(FILE, ascii(WHOLE));
        file.close();
        assertThatThrownBy(() -> file.newest().key().copy()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void toString_showsNoKey() {
        try (KeyFile file = KeyFile.parse(FILE, ascii(WHOLE))) {
            assertThat(file.toString()).contains("redacted").doesNotContain(KEY_1, KEY_2);
        }
    }

    static Stream<Arguments> refused() {
        String longId = ID_2 + "00";
        return Stream.of(
                Arguments.of("empty", "", "It is empty."),
                Arguments.of(
                        "other file", "-----BEGIN PRIVATE KEY-----\n", "It does not begin with 'sealwright-key 1'"),
                Arguments.of("binary", "\0\1\2\3", "It does not begin with 'sealwright-key 1'"),
                Arguments.of("byte order mark", "\u00ef\u00bb\u00bf" + WHOLE, "It does not begin with"),
                Arguments.of("newer", "sealwright-key 2\nanything", "It has format 2, which is newer"),
                Arguments.of("format zero", sum("sealwright-key 0\n" + LINE_2), "Its first line is not"),
                Arguments.of("format and more", sum("sealwright-key 1 x\n" + LINE_2), "Its first line is not"),
                Arguments.of("format of no end", "sealwright-key " + "1".repeat(500), "Its first line is not"),
                Arguments.of("first line only", FIRST, "Its last line is no checksum"),
                Arguments.of("CR LF", WHOLE.replace("\n", "\r\n"), "Its lines end in CR LF"),
                Arguments.of("no final newline", WHOLE.substring(0, WHOLE.length() - 1), "does not end in a newline"),
                Arguments.of("line after the end", WHOLE + "\n", "Its last line is no checksum"),
                Arguments.of("no checksum", FIRST + LINE_2, "Its last line is no checksum"),
                Arguments.of("checksum in capitals", capitals(WHOLE), "Its last line is no checksum"),
                Arguments.of("changed", WHOLE.replace(ID_1, ID_1.replace('f', 'e')), "Its checksum does not fit"),
                Arguments.of("wrong checksum", WHOLE.replace("b1f769", "b1f768"), "Its checksum does not fit"),
                Arguments.of("no version", sum(FIRST), "It holds no version"),
                Arguments.of("checksum twice", sum(WHOLE), "Its line 4 is no line of a version"),
                Arguments.of("empty line", sum(FIRST + "\n" + LINE_2), "Its line 2 is no line of a version"),
                Arguments.of("garbage", sum(FIRST + LINE_2 + "garbage\n"), "Its line 3 is no line of a version"),
                Arguments.of(
                        "other word", sum(FIRST + LINE_2.replace("version", "Version")), "is no line of a version"),
                Arguments.of("two spaces", sum(FIRST + LINE_2.replace(" active", "  active")), "more than six fields"),
                Arguments.of("space at the end", sum(FIRST + LINE_2.replace("\n", " \n")), "more than six fields"),
                Arguments.of("tab", sum(FIRST + LINE_2.replace(" key:", "\tkey:")), "is no line of a version"),
                Arguments.of("number zero", sum(FIRST + LINE_2.replace("n 2", "n 0")), "has no version number"),
                Arguments.of("number 02", sum(FIRST + LINE_2.replace("n 2", "n 02")), "has no version number"),
                Arguments.of("number -2", sum(FIRST + LINE_2.replace("n 2", "n -2")), "has no version number"),
                Arguments.of("number huge", sum(FIRST + LINE_2.replace("n 2", "n 9999999999")), "no version number"),
                Arguments.of("id short", sum(FIRST + LINE_2.replace(ID_2, "a0")), "has no version id"),
                Arguments.of("id long", sum(FIRST + LINE_2.replace(ID_2, longId)), "has no version id"),
                Arguments.of("id capitals", sum(FIRST + LINE_2.replace("a0a1", "A0A1")), "has no version id"),
                Arguments.of(
                        "state", sum(FIRST + LINE_2.replace("active", "asleep")), "neither 'active' nor 'retired'"),
                Arguments.of("none active", sum(FIRST + LINE_1), "None of its versions is active"),
                Arguments.of("date only", sum(FIRST + LINE_2.replace("T08:00:00Z", "")), "has no date"),
                Arguments.of("date none", sum(FIRST + LINE_2.replace("11-21", "02-30")), "has a date that is none"),
                Arguments.of("date leap", sum(FIRST + LINE_2.replace("T08:00", "T24:00")), "has no date in the form"),
                Arguments.of(
                        "number twice", sum(FIRST + LINE_1.replace("n 1", "n 2") + LINE_2), "repeats a version number"),
                Arguments.of("id twice", sum(FIRST + LINE_1.replace(ID_1, ID_2) + LINE_2), "repeats a version id"),
                Arguments.of("order", sum(FIRST + LINE_2 + LINE_1), "Its line 3 is out of order"),
                Arguments.of("passphrase", sum(FIRST + LINE_2.replace("key:", "pbkdf2:")), "wrapped by a passphrase"),
                Arguments.of("key form", sum(FIRST + LINE_2.replace("key:", "clef:")), "a key of an unknown form"),
                Arguments.of("key empty", sum(FIRST + LINE_2.replace(KEY_2, "")), "a key that is not 32 bytes"),
                Arguments.of("key short", sum(FIRST + LINE_2.replace("v8\n", "\n")), "a key that is not 32 bytes"),
                Arguments.of("key padded", sum(FIRST + LINE_2.replace("v8\n", "v8=\n")), "a key that is not 32 bytes"),
                Arguments.of("key base64", sum(FIRST + LINE_2.replace("4-T", "4+T")), "a key that is not 32 bytes"),
                Arguments.of(
                        "key stray bits", sum(FIRST + LINE_2.replace("v8\n", "v9\n")), "a key that is not 32 bytes"),
                Arguments.of("too long", FIRST + "x".repeat(1 << 20), "It is longer than 1048576 bytes"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void parse_anythingElse_throwsKeyFileNamingFileButNoContents(String name, String text, String why) {
        assertThatThrownBy(() -> KeyFile.parse(FILE, text.getBytes(StandardCharsets.ISO_8859_1)))
                .isInstanceOfSatisfying(KeyFileException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.KMS_KEY_FILE);
                    assertThat(e.what()).isEqualTo("The key file /keys/default.key cannot be used.");
                    assertThat(e.why()).contains(why);
                    assertThat(e.getMessage()).doesNotContain(KEY_1, KEY_2, ID_1, ID_2, "4-Tl5", "4+Tl5");
                    assertThat(e.getCause()).isNull();
                });
    }

    @Test
    void parse_everyBitFlippedCutAndByteMore_throwsKeyFile() {
        byte[] whole = ascii(WHOLE);
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(flipped);
        }
        for (int length = 0; length < whole.length; length++) {
            assertRefused(Arrays.copyOf(whole, length));
        }
        for (int more = 0; more < 256; more++) {
            byte[] longer = Arrays.copyOf(whole, whole.length + 1);
            longer[whole.length] = (byte) more;
            assertRefused(longer);
        }
    }

    @Test
    void parse_changedAndSummedAnew_isSameOrThrowsKeyFile() {
        Random random = new Random(20261121);
        byte[] body = ascii(FIRST + LINE_1 + LINE_2);
        int accepted = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] changed = body.clone();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(128);
            }
            byte[] text = ascii(sum(new String(changed, StandardCharsets.US_ASCII)));
            try (KeyFile file = KeyFile.parse(FILE, text)) {
                assertThat(file.encode()).isEqualTo(text);
                accepted++;
            } catch (KeyFileException e) {
                assertThat(e.what()).contains(FILE.toString());
            }
        }
        assertThat(accepted).isPositive(); // other digits of a key or an id are other valid contents
    }

    private static void assertRefused(byte[] text) {
        assertThatThrownBy(() -> KeyFile.parse(FILE, text)).isInstanceOf(KeyFileException.class);
    }

    private static String sum(String body) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.ISO_8859_1));
            return body + "checksum " + HexFormat.of().formatHex(hash) + "\n";
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static String capitals(String whole) {
        int hash = whole.lastIndexOf("checksum ") + 9;
        return whole.substring(0, hash) + whole.substring(hash).toUpperCase(Locale.ROOT);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
