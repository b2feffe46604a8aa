package io.sealwright.kms.core.message;

import static io.sealwright.kms.core.message.MessageBuilder.ascii;
import static io.sealwright.kms.core.message.MessageBuilder.concat;
import static io.sealwright.kms.core.message.MessageBuilder.encoded;
import static io.sealwright.kms.core.message.MessageBuilder.range;
import static io.sealwright.kms.core.message.MessageBuilder.u16;
import static io.sealwright.kms.core.message.MessageBuilder.u8;
import static io.sealwright.kms.core.message.MessageBuilder.utf8;

import io.sealwright.kms.core.message.MessageBuilder.Key;
import io.sealwright.kms.core.message.MessageBuilder.Message;
import io.sealwright.kms.error.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.Deflater;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes the files of {@code vectors/}: the same ones each time, since all keys, salts and nonces are fixed. Needs no
 * library but this one: {@code java -cp kms-core/target/test-classes:kms-core/target/classes:kms-api/target/classes
 * io.sealwright.kms.core.message.VectorGenerator vectors}.
 */
final class VectorGenerator {
    /** The master key of most vectors. */
    static final Key MASTER = new Key(range(0xA0, 16), range(0x00, 32));

    static final Key OTHER = new Key(range(0xB0, 16), range(0x20, 32));
    static final Key NAMED = new Key(range(0xD0, 16), range(0x60, 32));

    private static final HexFormat HEX = HexFormat.of();
    private static final byte[] HELLO = utf8("Hello, Sealwright!");
    private static final byte[] ROW = utf8("row 17");
    private static final int LARGE = 4096;
    private static final int LARGE_PLAINTEXT = 1024;

    private static final String MALFORMED = ErrorCode.KMS_MESSAGE_MALFORMED.name();
    private static final String AUTHENTICATION = ErrorCode.KMS_AUTHENTICATION_FAILED.name();
    private static final String EXTENSION = ErrorCode.KMS_EXTENSION_UNSUPPORTED.name();
    private static final String LEVEL_UNSUPPORTED = ErrorCode.KMS_LEVEL_UNSUPPORTED.name();
    private static final String LEVEL_REFUSED = ErrorCode.KMS_LEVEL_REFUSED.name();
    private static final String SUITE = ErrorCode.KMS_SUITE_UNSUPPORTED.name();
    private static final String VERSION = ErrorCode.KMS_VERSION_UNSUPPORTED.name();
    private static final String NO_MATCH = ErrorCode.KMS_NO_MATCHING_RECIPIENT.name();
    private static final String ORIGIN = ErrorCode.KMS_ORIGIN_REFUSED.name();

    private final Map<String, List<Vector>> files = new LinkedHashMap<>();
    private final Set<String> names = new HashSet<>();
    private List<Vector> file = List.of();

    private VectorGenerator() {}

    /** Writes all files into the folder that is the one argument. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        StringBuilder index = new StringBuilder("{\n  \"format\": 1,\n  \"files\": [\n");
        int total = 0;
        Map<String, List<Vector>> all = all();
        int left = all.size();
        for (Map.Entry<String, List<Vector>> entry : all.entrySet()) {
            total += entry.getValue().size();
            Files.writeString(folder.resolve(entry.getKey()), json(entry.getValue()));
            index.append("    {\"file\": \"")
                    .append(entry.getKey())
                    .append("\", \"vectors\": ")
                    .append(entry.getValue().size())
                    .append(--left == 0 ? "}\n" : "},\n");
        }
        index.append("  ],\n  \"vectors\": ").append(total).append("\n}\n");
        Files.writeString(folder.resolve("index.json"), index);
    }

    /** All vectors by file name. */
    static Map<String, List<Vector>> all() {
        VectorGenerator generator = new VectorGenerator();
        generator.envelopes();
        generator.directs();
        generator.chunks();
        generator.clears();
        generator.malformed();
        generator.unsupported();
        generator.recipients();
        generator.authentication();
        generator.tokens();
        new PassphraseVectors(generator).add();
        return generator.files;
    }

    void begin(String name) {
        file = new ArrayList<>();
        files.put(name, file);
    }

    Vector add(String name, String description, String result) {
        if (!names.add(name)) {
            throw new AssertionError("two vectors are called " + name);
        }
        Vector vector = new Vector(name, description, result);
        file.add(vector);
        return vector;
    }

    Vector ok(String name, String description, MessageBuilder built) {
        return add(name, description, Vector.OK)
                .message(built.build().bytes())
                .plaintext(built.plaintext())
                .aad(built.aad());
    }

    /** An envelope for {@link #MASTER} with one pair and associated data. */
    private static MessageBuilder envelope() {
        return bare().context("tenant", "acme").recipient(1, MASTER).aad(ROW).plaintext(HELLO);
    }

    /** A builder with nothing but its root. */
    private static MessageBuilder bare() {
        return new MessageBuilder();
    }

    /** An envelope without context and associated data. */
    private static MessageBuilder plain() {
        return bare().recipient(1, MASTER).plaintext(HELLO);
    }

    private static MessageBuilder direct() {
        return bare().direct(NAMED).context("tenant", "acme").aad(ROW).plaintext(HELLO);
    }

    private static byte[] extensions(int from, int count, int bytesEach) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(count);
        for (int i = 0; i < count; i++) {
            out.writeBytes(u16(from + i));
            out.writeBytes(u16(bytesEach));
            out.writeBytes(new byte[bytesEach]);
        }
        return out.toByteArray();
    }

    // ---- valid

    private void envelopes() {
        begin("envelope.json");
        ok("envelope-suite-1", "The worked example of the format page.", envelope())
                .context("tenant", "acme")
                .explained(withWrap(envelope().build()));
        for (int suite : new int[] {2, 4}) {
            ok("envelope-suite-" + suite, "Suite " + suite + ".", envelope().suite(suite))
                    .context("tenant", "acme")
                    .explained(envelope().suite(suite).build());
        }
        ok("envelope-no-context", "Neither context nor associated data.", plain());
        for (int suite : new int[] {1, 2, 4}) {
            ok(
                    "envelope-empty-plaintext-suite-" + suite,
                    "A plaintext of no bytes is valid.",
                    plain().suite(suite).plaintext(new byte[0]));
            ok(
                    "envelope-64k-suite-" + suite,
                    "65,536 bytes: the most that suites 1 and 2 may hold.",
                    plain().suite(suite).zeroCiphertext(65536));
        }
        ok(
                        "context-many",
                        "Pairs sorted by UTF-8 bytes, which is not the order of UTF-16: U+FF01 comes before U+10400."
                                + " One value is empty, one name is a prefix of another.",
                        bare().context(
                                        "a",
                                        "",
                                        "ab",
                                        "x",
                                        "tenant",
                                        "acme",
                                        "\u00e9",
                                        "caf\u00e9",
                                        "\u65e5\u672c",
                                        "\u6771\u4eac",
                                        "\uff01",
                                        "fullwidth",
                                        "\ud801\udc00",
                                        "beyond the BMP")
                                .recipient(1, MASTER)
                                .plaintext(HELLO))
                .context(
                        "\ud801\udc00",
                        "beyond the BMP",
                        "\uff01",
                        "fullwidth",
                        "\u65e5\u672c",
                        "\u6771\u4eac",
                        "\u00e9",
                        "caf\u00e9",
                        "tenant",
                        "acme",
                        "ab",
                        "x",
                        "a",
                        "");
        ok(
                        "context-not-normalised",
                        "U+00E9 and U+0065 U+0301 look alike and are two names.",
                        bare().context("e\u0301", "1", "\u00e9", "2")
                                .recipient(1, MASTER)
                                .plaintext(HELLO))
                .context("\u00e9", "2", "e\u0301", "1");
        ok(
                        "context-nul-and-controls",
                        "Any code point may stand in names and values.",
                        bare().context("a\u0000b", "\u0000\n\u007f")
                                .recipient(1, MASTER)
                                .plaintext(HELLO))
                .context("a\u0000b", "\u0000\n\u007f");
        String longest = "v".repeat(8192 - 5);
        ok(
                        "context-8192-bytes",
                        "The longest context: 8,192 bytes in its encoding.",
                        bare().context("n", longest).recipient(1, MASTER).plaintext(HELLO))
                .context("n", longest);
        String longestName = "n".repeat(8192 - 4);
        ok(
                        "context-name-8188-bytes",
                        "The longest name: 8,188 bytes, with a value of none.",
                        bare().context(longestName, "").recipient(1, MASTER).plaintext(HELLO))
                .context(longestName, "");
        ok(
                        "context-nearly-reserved",
                        "Only what begins with the prefix, colon included, in its very bytes, is reserved.",
                        bare().context("Sealwright:x", "1", "sealwright", "2", "sealwrightx", "3")
                                .recipient(1, MASTER)
                                .plaintext(HELLO))
                .context("sealwright", "2", "sealwrightx", "3", "Sealwright:x", "1");
        ok(
                "extension-skippable",
                "A skippable extension is not understood, and authenticated all the same.",
                plain().skippable(concat(u8(1), u16(0x1234), u16(3), ascii("abc"))));
        ok(
                "extension-skippable-empty",
                "Without data, with the lowest and the highest id.",
                plain().skippable(concat(u8(2), u16(0), u16(0), u16(0xFFFF), u16(0))));
        ok("extensions-32", "The most extensions there can be.", plain().skippable(extensions(1, 32, 1)));
        int headerBytes = plain().skippable(extensions(1, 1, 0)).build().offset("nonce");
        ok(
                "header-64k",
                "A header of exactly 65,536 bytes, filled by a skippable extension.",
                plain().skippable(extensions(1, 1, 65536 - headerBytes)));
    }

    /** Adds how the wrap of the worked example comes about. */
    private static Message withWrap(Message built) {
        byte[] key = MASTER.derived("wrap", 32);
        byte[] nonce = Arrays.copyOf(built.fields.get("recipient1Wrap"), 24);
        built.steps.put("wrapKey", key);
        built.steps.put("wrapAad", MASTER.wrapAad(1, built.fields.get("context")));
        try {
            Cipher aes = Cipher.getInstance("AES/ECB/NoPadding");
            aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
            byte[] l = aes.doFinal(new byte[16]);
            byte[] k1 = new BigInteger(1, l)
                    .shiftLeft(1)
                    .xor(BigInteger.valueOf(l[0] < 0 ? 0x87 : 0))
                    .toByteArray();
            byte[] cut = new byte[16];
            for (int i = 1; i <= Math.min(16, k1.length); i++) {
                cut[16 - i] = k1[k1.length - i];
            }
            byte[] derived = new byte[0];
            for (int i = 1; i <= 2; i++) {
                byte[] block = concat(u8(0), u8(i), ascii("X"), u8(0), Arrays.copyOf(nonce, 12));
                for (int j = 0; j < 16; j++) {
                    block[j] ^= cut[j];
                }
                derived = concat(derived, aes.doFinal(block));
            }
            built.steps.put("wrapL", l);
            built.steps.put("wrapK1", cut);
            built.steps.put("wrapGcmKey", derived);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
        return built;
    }

    private void directs() {
        begin("direct.json");
        for (int suite : new int[] {1, 2, 4}) {
            ok(
                            "direct-suite-" + suite,
                            suite == 1 ? "The worked example of the format page." : "Suite " + suite + ".",
                            direct().suite(suite))
                    .context("tenant", "acme")
                    .masterKeys()
                    .namedKeys(NAMED)
                    .explained(direct().suite(suite).build());
        }
        ok(
                        "direct-no-context",
                        "Neither context nor associated data; 123 bytes over the plaintext.",
                        bare().direct(NAMED).plaintext(HELLO))
                .masterKeys()
                .namedKeys(NAMED);
        ok("direct-empty-plaintext", "The shortest direct message.", bare().direct(NAMED))
                .masterKeys()
                .namedKeys(NAMED);
        ok("direct-64k", "65,536 bytes of plaintext.", bare().direct(NAMED).zeroCiphertext(65536))
                .masterKeys()
                .namedKeys(NAMED);
        ok(
                        "direct-extension",
                        "A skippable extension, which stands before kind and id of the key.",
                        bare().direct(NAMED)
                                .skippable(concat(u8(1), u16(7), u16(2), ascii("hi")))
                                .plaintext(HELLO))
                .masterKeys()
                .namedKeys(NAMED);
        add("direct-unknown-id", "No key here has that version id.", NO_MATCH)
                .message(direct().build().bytes())
                .context("tenant", "acme")
                .aad(ROW)
                .masterKeys(MASTER)
                .namedKeys(OTHER);
        add("direct-no-store", "The opener has no named keys at all.", NO_MATCH)
                .message(direct().build().bytes())
                .context("tenant", "acme")
                .aad(ROW);
        add("direct-kind-1", "The id of a master key: only named keys have direct messages.", NO_MATCH)
                .message(bare().direct(1, MASTER.versionId(), MASTER.derived("direct", 32))
                        .build()
                        .bytes())
                .namedKeys(NAMED);
        add("direct-master-id", "Kind 2 with the id of a master key: no named key has it.", NO_MATCH)
                .message(bare().direct(2, MASTER.versionId(), MASTER.derived("direct", 32))
                        .build()
                        .bytes())
                .namedKeys(NAMED);
        for (int kind : new int[] {16, 31}) {
            add("direct-kind-" + kind, "Well-formed: a direct message has no recipient, whatever the kind.", NO_MATCH)
                    .message(bare().direct(kind, NAMED.versionId(), NAMED.derived("direct", 32))
                            .build()
                            .bytes())
                    .namedKeys(NAMED);
        }
        add("direct-kind-200", "A kind that is not in the registry.", NO_MATCH)
                .message(bare().direct(200, NAMED.versionId(), NAMED.derived("direct", 32))
                        .build()
                        .bytes())
                .namedKeys(NAMED);
        Message built = direct().build();
        for (String field : List.of("salt", "commitment", "nonce", "ciphertext", "tag", "suite")) {
            add("direct-flipped-" + field, "One bit of the " + field + " is flipped.", AUTHENTICATION)
                    .message(field.equals("suite") ? built.with("suite", u8(2)) : built.flipped(field))
                    .context("tenant", "acme")
                    .aad(ROW)
                    .namedKeys(NAMED);
        }
        add("direct-flipped-keyId", "One bit of the key's id is flipped: no such key.", NO_MATCH)
                .message(built.flipped("keyId"))
                .context("tenant", "acme")
                .aad(ROW)
                .namedKeys(NAMED);
        add("direct-wrong-material", "The right id, another key's bytes.", AUTHENTICATION)
                .message(built.bytes())
                .context("tenant", "acme")
                .aad(ROW)
                .namedKeys(new Key(NAMED.versionId(), OTHER.material()));
        for (String field : built.fields.keySet()) {
            boolean inBody = List.of("nonce", "ciphertext", "tag").contains(field);
            add(
                            "direct-cut-before-" + field,
                            "Ends where the " + field + " should begin.",
                            inBody ? AUTHENTICATION : MALFORMED)
                    .message(built.before(field))
                    .context("tenant", "acme")
                    .aad(ROW)
                    .namedKeys(NAMED);
        }
    }

    private void chunks() {
        begin("chunked.json");
        for (int length : new int[] {1, 16383, 16384, 16385, 32767, 32768, 65537, 81920}) {
            ok("chunked-" + length, length + " bytes.", plain().suite(4).zeroCiphertext(length));
        }
        ok(
                        "chunked-aad",
                        "The associated data is the context of the chunked encryption.",
                        envelope().suite(4).zeroCiphertext(20000))
                .context("tenant", "acme");
        Message built = plain().suite(4).zeroCiphertext(40000).build();
        Map<String, byte[]> f = built.fields;
        byte[] start = concat(built.before("chunk0"));
        byte[] c0 = f.get("chunk0");
        byte[] c1 = f.get("chunk1");
        byte[] c2 = f.get("chunk2");
        chunksFail("swapped", "The first two chunks are swapped.", concat(start, c1, c0, c2));
        chunksFail("dropped", "The first chunk is missing.", concat(start, c1, c2));
        chunksFail("doubled", "The first chunk stands twice.", concat(start, c0, c0, c1, c2));
        chunksFail("cut-last", "The last chunk is missing.", concat(start, c0, c1));
        chunksFail("cut-inside", "One byte is missing at the end.", dropLast(built.bytes(), 1));
        chunksFail(
                "cut-tag", "Of the last chunk only 15 bytes are left.", concat(start, c0, c1, Arrays.copyOf(c2, 15)));
        chunksFail("extended-byte", "One byte too many.", concat(built.bytes(), u8(0)));
        chunksFail("extended-chunk", "The last chunk stands twice.", concat(built.bytes(), c2));
        chunksFail("no-chunk", "Nothing but salt and commitment.", start);
        chunksFail("no-body", "Nothing but the header.", built.before("chunkSalt"));
        chunksFail("short-head", "55 of the 56 bytes before the chunks.", dropLast(start, 1));
        chunksFail(
                "body-40",
                "A body of 40 bytes: less 56 that is -16, which some languages' modulo takes for 16,384.",
                Arrays.copyOf(start, built.before("chunkSalt").length + 40));
        chunksFail("body-71", "71 bytes, one less than the shortest body.", concat(start, new byte[15]));
        chunksFail("flipped-salt", "One bit of the salt is flipped.", built.flipped("chunkSalt"));
        chunksFail(
                "flipped-commitment", "One bit of the body's commitment is flipped.", built.flipped("chunkCommitment"));
        chunksFail("flipped-chunk", "One bit of the middle chunk is flipped.", built.flipped("chunk1"));
        Message whole = plain().suite(4).zeroCiphertext(32768).build();
        chunksFail(
                "full-last-chunk",
                "32,768 bytes without the empty last chunk: cut at a chunk's edge.",
                whole.before("chunk2"));
        add("chunked-wrong-aad", "Other associated data than at the sealing.", AUTHENTICATION)
                .message(plain().suite(4).aad(ROW).build().bytes())
                .aad(utf8("row 18"));
        add("chunked-as-suite-1", "The suite's byte says 1.", AUTHENTICATION).message(built.with("suite", u8(1)));
    }

    private void chunksFail(String name, String description, byte[] message) {
        add("chunked-" + name, description, AUTHENTICATION).message(message);
    }

    // ---- level 0

    private static MessageBuilder clear() {
        return bare().form(5).level(0).suite(0).plaintext(HELLO);
    }

    private void clears() {
        begin("clear.json");
        ok("clear", "Level 0, and the opener accepts it.", clear()).masterKeys().allowUnencrypted();
        ok("clear-empty", "The shortest message there is: 14 bytes.", clear().plaintext(new byte[0]))
                .masterKeys()
                .allowUnencrypted();
        ok("clear-context", "The context must be stated all the same.", clear().context("tenant", "acme"))
                .masterKeys()
                .context("tenant", "acme")
                .allowUnencrypted();
        ok(
                        "clear-extension",
                        "With a skippable extension.",
                        clear().skippable(concat(u8(1), u16(9), u16(1), ascii("x"))))
                .masterKeys()
                .allowUnencrypted();
        add("clear-not-allowed", "The opener did not accept level 0.", LEVEL_REFUSED)
                .message(clear().build().bytes());
        add("clear-not-allowed-wrong-context", "The refusal comes before the context.", LEVEL_REFUSED)
                .message(clear().build().bytes())
                .context("tenant", "acme");
        add("clear-wrong-context", "Another context than the header's.", AUTHENTICATION)
                .message(clear().context("tenant", "acme").build().bytes())
                .context("tenant", "other")
                .allowUnencrypted();
        add("clear-aad", "Nothing binds level 0 to associated data, so giving some is refused.", LEVEL_REFUSED)
                .message(clear().build().bytes())
                .aad(ROW)
                .allowUnencrypted();
        add("clear-critical", "A critical extension.", EXTENSION)
                .message(clear().critical(concat(u8(1), u16(9), u16(0))).build().bytes())
                .allowUnencrypted();
        add("clear-critical-not-allowed", "A critical extension, and level 0 is not accepted.", EXTENSION)
                .message(clear().critical(extensions(9, 1, 0)).build().bytes());
        add("clear-critical-wrong-context", "A critical extension and a wrong context.", EXTENSION)
                .message(clear().critical(extensions(9, 1, 0)).build().bytes())
                .context("tenant", "acme")
                .allowUnencrypted();
        add("clear-critical-level-1", "A critical extension at level 1: the level comes first.", MALFORMED)
                .message(clear().level(1).critical(extensions(9, 1, 0)).build().bytes())
                .allowUnencrypted();
        add("clear-critical-suite-1", "A critical extension with suite 1: the suite comes first.", MALFORMED)
                .message(clear().suite(1).critical(extensions(9, 1, 0)).build().bytes())
                .allowUnencrypted();
        add(
                        "clear-wrong-context-and-aad",
                        "A wrong context and associated data: the context comes first.",
                        AUTHENTICATION)
                .message(clear().context("tenant", "acme").build().bytes())
                .context("tenant", "other")
                .aad(ROW)
                .allowUnencrypted();
        add("clear-not-allowed-level-1", "The clear form at level 1, and level 0 is not accepted.", MALFORMED)
                .message(clear().level(1).build().bytes());
        add("clear-suite-1", "The clear form with suite 1.", MALFORMED)
                .message(clear().suite(1).build().bytes())
                .allowUnencrypted();
        add("clear-level-1", "The clear form at level 1.", MALFORMED)
                .message(clear().level(1).build().bytes())
                .allowUnencrypted();
        add("clear-level-200", "The clear form at a level that is none.", MALFORMED)
                .message(clear().level(200).build().bytes())
                .allowUnencrypted();
        add("clear-public", "The public flag without recipients.", MALFORMED)
                .message(clear().flags(1).build().bytes())
                .allowUnencrypted();
        add("clear-cut", "13 bytes: one list of extensions is missing.", MALFORMED)
                .message(dropLast(clear().plaintext(new byte[0]).build().bytes(), 1))
                .allowUnencrypted();
        add("clear-header-over-64k", "The header has 65,537 bytes.", MALFORMED)
                .message(clear().skippable(extensions(1, 1, 65537 - 18)).build().bytes())
                .allowUnencrypted();
        add("envelope-level-0-allowed", "An envelope at level 0, even if level 0 is accepted.", MALFORMED)
                .message(plain().level(0).build().bytes())
                .allowUnencrypted();
    }

    // ---- failing

    private void malformed(String name, String description, byte[] message) {
        add(name, description, MALFORMED).message(message);
    }

    private void malformed() {
        begin("malformed.json");
        Message built = envelope().build();
        malformed("empty", "No bytes at all.", new byte[0]);
        malformed("text", "Some text.", HELLO);
        malformed("magic-only-half", "The first two bytes of the magic.", new byte[] {(byte) 0x8B, 0x53});
        for (int i = 0; i < 4; i++) {
            byte[] changed = built.bytes();
            changed[i] ^= 1;
            malformed("magic-byte-" + i, "Byte " + i + " of the magic is another.", changed);
        }
        for (String field : built.fields.keySet()) {
            if (!List.of("magic", "nonce", "ciphertext", "tag").contains(field)) {
                malformed("cut-before-" + field, "Ends where the " + field + " should begin.", built.before(field));
            }
        }
        malformed("cut-in-mac", "Ends one byte before the end of the MAC.", dropLast(built.before("nonce"), 1));
        contexts();
        malformed(
                "wanted-0",
                "No recipients wanted.",
                envelope().wanted(0).build().bytes());
        malformed(
                "wanted-65",
                "More recipients wanted than there can be.",
                envelope().wanted(65).build().bytes());
        malformed(
                "present-0",
                "No recipients.",
                bare().wanted(1).plaintext(HELLO).build().bytes());
        MessageBuilder crowd = bare().plaintext(HELLO);
        for (int i = 0; i < 65; i++) {
            crowd.recipient(200, u8(i), u8(1));
        }
        malformed("present-65", "65 recipients.", crowd.wanted(64).build().bytes());
        malformed(
                "recipient-kind-0",
                "A recipient of kind 0.",
                plain().recipient(0, u8(1), u8(1)).build().bytes());
        malformed(
                "recipient-id-empty",
                "An id of no bytes.",
                plain().recipient(200, new byte[0], u8(1)).build().bytes());
        malformed(
                "recipient-id-2049",
                "An id of 2,049 bytes.",
                plain().recipient(200, new byte[2049], u8(1)).build().bytes());
        malformed(
                "recipient-wrap-empty",
                "A wrap of no bytes.",
                plain().recipient(200, u8(1), new byte[0]).build().bytes());
        malformed(
                "recipient-wrap-8193",
                "A wrap of 8,193 bytes.",
                plain().recipient(200, u8(1), new byte[8193]).build().bytes());
        malformed(
                "recipient-wrap-length-past-end",
                "A wrap whose length goes past the message's end.",
                built.with("recipient1WrapLength", u16(8192)));
        malformed(
                "recipient-id-length-past-end",
                "An id whose length goes past the message's end.",
                built.with("recipient1IdLength", u16(2048)));
        malformed(
                "direct-kind-0",
                "A direct message whose key is of kind 0.",
                bare().direct(0, NAMED.versionId(), NAMED.derived("direct", 32))
                        .build()
                        .bytes());
        malformed(
                "critical-33",
                "33 critical extensions.",
                plain().critical(extensions(1, 33, 0)).build().bytes());
        malformed(
                "skippable-33",
                "33 skippable extensions.",
                plain().skippable(extensions(1, 33, 0)).build().bytes());
        malformed(
                "extensions-33-in-all",
                "32 skippable extensions and a critical one.",
                plain().critical(extensions(1, 1, 0))
                        .skippable(extensions(1, 32, 0))
                        .build()
                        .bytes());
        malformed(
                "skippable-unsorted",
                "Extensions not in ascending order of ids.",
                plain().skippable(concat(u8(2), u16(2), u16(0), u16(1), u16(0)))
                        .build()
                        .bytes());
        malformed(
                "skippable-doubled",
                "One extension twice.",
                plain().skippable(concat(u8(2), u16(2), u16(0), u16(2), u16(0)))
                        .build()
                        .bytes());
        malformed(
                "critical-doubled",
                "One critical extension twice.",
                plain().critical(concat(u8(2), u16(2), u16(0), u16(2), u16(0)))
                        .build()
                        .bytes());
        malformed(
                "extension-length-past-end",
                "An extension whose length goes past the message's end.",
                plain().skippable(concat(u8(1), u16(2), u16(0xFFFF))).build().bytes());
        int headerBytes = plain().skippable(extensions(1, 1, 0)).build().offset("nonce");
        malformed(
                "header-over-64k",
                "A header of 65,537 bytes.",
                plain().skippable(extensions(1, 1, 65537 - headerBytes)).build().bytes());
        for (int level : new int[] {0, 2, 3, 5}) {
            malformed(
                    "envelope-level-" + level,
                    "The envelope form at level " + level + ".",
                    plain().level(level).build().bytes());
            add("direct-level-" + level, "The direct form at level " + level + ".", MALFORMED)
                    .message(bare().direct(NAMED).level(level).build().bytes())
                    .namedKeys(NAMED);
        }
        malformed(
                "sources-level-1",
                "The form of sources at level 1.",
                bare().form(3)
                        .formFields(concat(u8(1), u8(1), range(1, 16)))
                        .build()
                        .bytes());
        malformed(
                "pads-level-1",
                "The form of pads at level 1.",
                pads().level(1).build().bytes());
        for (int level : new int[] {3, 4}) {
            malformed(
                    "sources-level-" + level,
                    "The form of sources at level " + level + ".",
                    sources(1).level(level).build().bytes());
        }
        for (int level : new int[] {2, 4}) {
            malformed(
                    "pads-level-" + level,
                    "The form of pads at level " + level + ".",
                    pads().level(level).build().bytes());
        }
        malformed(
                "sources-0",
                "The form of sources without any.",
                bare().form(3).level(2).formFields(concat(u8(0), u8(0))).build().bytes());
        for (int which : new int[] {2, 4, 6}) {
            malformed(
                    "sources-" + which + "-recipient-kind-0",
                    "Sources " + which + " have recipients, and one is of kind 0.",
                    sources(which).recipient(0, u8(1), u8(1)).build().bytes());
        }
        malformed(
                "sources-2-cut-in-mac",
                "Ends one byte before the end of the MAC.",
                dropLast(sources(2).recipient(1, MASTER).build().before("nonce"), 1));
        malformed(
                "sources-cut-in-ids",
                "255 ids of keys, of which one is there.",
                sources(1).build().with("formFields", concat(u8(1), u8(255), range(1, 16))));
        malformed(
                "public-sources",
                "The public flag with a source that has no recipients.",
                sources(1).flags(1).build().bytes());
        malformed(
                "public-pads",
                "The public flag in the form of pads.",
                pads().flags(1).build().bytes());
        malformed(
                "sources-8",
                "A source that does not exist.",
                bare().form(3).level(2).formFields(concat(u8(8), u8(0))).build().bytes());
        malformed(
                "pads-too-many",
                "4,294,967,295 pads.",
                pads().formFields(concat(u16(1), u8('b'), u8(1), range(0xFF, 1), u8(0xFF), u8(0xFF), u8(0xFF)))
                        .build()
                        .bytes());
        malformed(
                "pads-65535",
                "65,535 pads, which are there: their ids alone leave too little of 1,048,576 bytes.",
                manyPads(0, 65535).build().bytes());
        malformed(
                "pads-header-over-1m",
                "A header of 1,048,577 bytes.",
                manyPads(12, 65534).build().bytes());
        malformed(
                "pads-extensions-over-64k",
                "A skippable extension that ends one byte behind the first 65,536.",
                pads().skippable(extensions(1, 1, 65537 - 18)).build().bytes());
        malformed(
                "pads-extensions-over-64k-by-count",
                "A critical extension that ends with the first 65,536 bytes: the other list's count stands behind them.",
                pads().critical(extensions(1, 1, 65536 - 17)).build().bytes());
        malformed(
                "pads-bank-1025",
                "A bank's name of 1,025 bytes.",
                pads().formFields(concat(u16(1025), new byte[1025], u8(1), u16(0), u16(0)))
                        .build()
                        .bytes());
        malformed(
                "public-kind-without-flag",
                "A recipient of a kind with a public key, without the flag.",
                plain().recipient(16, u8(1), u8(1)).build().bytes());
        for (int kind : new int[] {19, 24, 30, 31}) {
            malformed(
                    "public-kind-" + kind + "-without-flag",
                    "A kind to come out of the range of those with a public key.",
                    plain().recipient(kind, u8(1), u8(1)).build().bytes());
        }
        add("public-direct", "The public flag in the direct form.", MALFORMED)
                .message(bare().direct(NAMED).flags(1).build().bytes())
                .namedKeys(NAMED);
    }

    private void contexts() {
        context("unsorted", "Names not in ascending order.", encoded("b", "1", "a", "2"));
        context("sorted-by-utf16", "Sorted as UTF-16 is, not by bytes.", encoded("\ud801\udc00", "1", "\uff01", "2"));
        context("doubled", "One name twice.", encoded("a", "1", "a", "2"));
        context("empty-name", "A name of no bytes.", encoded("", "1"));
        context("cut-in-length", "Ends inside a length.", concat(encoded("a", "1"), u8(0)));
        context("cut-in-name", "Ends inside a name.", concat(u16(3), ascii("ab")));
        context("without-value", "Ends where a value should stand.", concat(u16(1), ascii("a")));
        context("cut-in-value", "Ends inside a value.", concat(u16(1), ascii("a"), u16(9), ascii("bc")));
        context("utf8-lone-continuation", "Not UTF-8: a byte 80 alone.", concat(u16(1), u8(0x80), u16(0)));
        context("utf8-cut", "Not UTF-8: a sequence without its end.", concat(u16(1), ascii("a"), u16(1), u8(0xC3)));
        context(
                "utf8-overlong",
                "Not UTF-8: C0 AF, an overlong slash.",
                concat(u16(1), ascii("a"), u16(2), u8(0xC0), u8(0xAF)));
        context(
                "utf8-surrogate",
                "Not UTF-8: ED A0 80, a surrogate.",
                concat(u16(3), u8(0xED), u8(0xA0), u8(0x80), u16(0)));
        context(
                "utf8-beyond",
                "Not UTF-8: F4 90 80 80, beyond U+10FFFF.",
                concat(u16(4), u8(0xF4), u8(0x90), u8(0x80), u8(0x80), u16(0)));
        context("reserved", "A name that begins with the reserved prefix.", encoded("sealwright:public", "1"));
        context("reserved-bare", "The reserved prefix itself.", encoded("sealwright:", ""));
        context("8193-bytes", "8,193 bytes.", encoded("n", "v".repeat(8193 - 5)));
        context(
                "8193-bytes-in-two-pairs",
                "8,193 bytes: too many in all, of two pairs that are each right.",
                encoded("a", "v".repeat(4000), "b", "v".repeat(8193 - 4000 - 10)));
        malformed(
                "context-length-past-end",
                "A length that goes past the message's end.",
                plain().build().with("contextLength", u16(8192)));
        malformed(
                "context-length-65535",
                "The greatest length that the field can hold.",
                plain().build().with("contextLength", u16(65535)));
    }

    private void context(String name, String description, byte[] context) {
        malformed(
                "context-" + name,
                description,
                bare().rawContext(context).recipient(1, MASTER).build().bytes());
    }

    private static MessageBuilder sources(int which) {
        return bare().form(3)
                .level(2)
                .formFields(concat(u8(which), u8(1), range(1, 16)))
                .plaintext(HELLO);
    }

    private static MessageBuilder pads() {
        return bare().form(4)
                .level(3)
                .suite(5)
                .formFields(concat(u16(4), ascii("bank"), u8(1), u16(0), u16(1), range(1, 16)))
                .plaintext(HELLO);
    }

    /** A form of pads with a bank's name and pads of zero bytes. */
    private static MessageBuilder manyPads(int bank, int count) {
        return pads().formFields(
                        concat(u16(bank), new byte[bank], u8(1), u16(count >>> 16), u16(count), new byte[count * 16]));
    }

    private void unsupported() {
        begin("unsupported.json");
        for (int version : new int[] {0, 2, 255}) {
            add("version-" + version, "Format version " + version + ".", VERSION)
                    .message(plain().version(version).build().bytes());
        }
        add("version-2-cut", "Nothing behind the version, which is unknown.", VERSION)
                .message(concat(plain().build().before("version"), u8(2)));
        for (int suite : new int[] {0, 3, 5, 6, 255}) {
            add("suite-" + suite, "Suite " + suite + " in an envelope.", SUITE)
                    .message(plain().suite(suite).build().bytes());
        }
        for (int form : new int[] {0, 6, 255}) {
            add("form-" + form, "Form " + form + ".", EXTENSION)
                    .message(plain().build().with("form", u8(form)));
        }
        for (int flags : new int[] {2, 3, 0x0100, 0x8000}) {
            add("flags-" + flags, "An unknown flag.", EXTENSION)
                    .message(plain().flags(flags).build().bytes());
        }
        add("critical", "A critical extension.", EXTENSION)
                .message(plain().critical(concat(u8(1), u16(1), u16(1), ascii("x")))
                        .build()
                        .bytes());
        add("critical-and-level", "A critical extension and an unknown level: the extension comes first.", EXTENSION)
                .message(plain().level(6).critical(extensions(1, 1, 0)).build().bytes());
        for (int level : new int[] {4, 6, 255}) {
            add("level-" + level, "Level " + level + " in an envelope.", LEVEL_UNSUPPORTED)
                    .message(plain().level(level).build().bytes());
        }
        add("level-4-direct", "Level 4 in the direct form.", LEVEL_UNSUPPORTED)
                .message(bare().direct(NAMED).level(4).build().bytes())
                .namedKeys(NAMED);
        add("level-6-suite-3", "An unknown level and an unknown suite: the level comes first.", LEVEL_UNSUPPORTED)
                .message(plain().level(6).suite(3).build().bytes());
        for (int level : new int[] {0, 5}) {
            add("critical-and-level-" + level, "A critical extension at level " + level + ".", EXTENSION)
                    .message(plain().level(level)
                            .critical(extensions(1, 1, 0))
                            .build()
                            .bytes());
        }
        add("level-2-sources", "Level 2 without recipients: reserved.", LEVEL_UNSUPPORTED)
                .message(sources(1).build().bytes());
        add("level-2-sources-recipients", "Level 2 with recipients: reserved.", LEVEL_UNSUPPORTED)
                .message(sources(3).recipient(1, MASTER).build().bytes());
        add("level-2-sources-second-secret", "Level 2 with a second secret: reserved.", LEVEL_UNSUPPORTED)
                .message(sources(5).recipient(200, u8(1), u8(1)).build().bytes());
        add("level-2-sources-no-ids", "Level 2 without ids of keys.", LEVEL_UNSUPPORTED)
                .message(sources(1).formFields(concat(u8(1), u8(0))).build().bytes());
        for (int which : new int[] {2, 4}) {
            add(
                            "level-2-sources-" + which + "-alone",
                            "Level 2 with the source " + which + " alone, which has recipients.",
                            LEVEL_UNSUPPORTED)
                    .message(sources(which).recipient(1, MASTER).build().bytes());
        }
        add("level-2-sources-public", "Level 2 with recipients and the public flag: the origin comes first.", ORIGIN)
                .message(sources(2).flags(1).recipient(1, MASTER).build().bytes());
        add("level-3-pads", "Level 3: reserved.", LEVEL_UNSUPPORTED)
                .message(pads().build().bytes());
        add("level-3-pads-none", "No pads.", LEVEL_UNSUPPORTED)
                .message(manyPads(4, 0).build().bytes());
        for (int bank : new int[] {0, 1024}) {
            add("level-3-pads-bank-" + bank, "A bank's name of " + bank + " bytes.", LEVEL_UNSUPPORTED)
                    .message(manyPads(bank, 1).build().bytes());
        }
        for (int direction : new int[] {0, 2, 255}) {
            add("level-3-pads-direction-" + direction, "Nobody looks at the direction.", LEVEL_UNSUPPORTED)
                    .message(pads().formFields(concat(u16(1), u8(0xFF), u8(direction), u16(0), u16(0)))
                            .build()
                            .bytes());
        }
        add("level-3-pads-header-over-64k", "A header of more than 65,536 bytes.", LEVEL_UNSUPPORTED)
                .message(manyPads(0, 4096).build().bytes());
        add("level-3-pads-header-1m", "A header of exactly 1,048,576 bytes.", LEVEL_UNSUPPORTED)
                .message(manyPads(11, 65534).plaintext(new byte[0]).build().bytes());
        add("level-3-pads-extensions-64k", "Extensions end with the first 65,536 bytes.", LEVEL_UNSUPPORTED)
                .message(pads().skippable(extensions(1, 1, 65536 - 18)).build().bytes());
        add("public", "The public flag, with a public-key recipient beside the right one.", ORIGIN)
                .message(plain().flags(1).recipient(17, u8(1), u8(1)).build().bytes());
        add("public-alone", "The public flag, without a public-key recipient.", ORIGIN)
                .message(plain().flags(1).build().bytes());
        add("public-level-4", "The public flag at level 4: the origin comes first.", ORIGIN)
                .message(plain().level(4).flags(1).build().bytes());
        add("public-level-6", "The public flag at an unknown level: the level comes first.", LEVEL_UNSUPPORTED)
                .message(plain().level(6).flags(1).build().bytes());
        add("suite-3-wrong-context", "An unknown suite and a wrong context: the suite comes first.", SUITE)
                .message(plain().suite(3).build().bytes())
                .context("tenant", "acme");
    }

    // ---- recipients

    private void recipients() {
        begin("recipients.json");
        byte[] root = bare().root();
        ok(
                "recipient-unknown-kind-first",
                "A recipient of an unknown kind is skipped.",
                bare().recipient(200, ascii("some id"), ascii("some wrap"))
                        .recipient(1, MASTER)
                        .plaintext(HELLO));
        ok(
                "recipient-aws-first",
                "A recipient that this opener has no key for is skipped.",
                bare().recipient(4, ascii("arn:aws:kms:eu-central-1:111122223333:key/1234abcd"), new byte[184])
                        .recipient(1, MASTER)
                        .plaintext(HELLO));
        ok(
                        "recipient-second-of-two",
                        "The opener has the second recipient's key.",
                        bare().recipient(1, MASTER).recipient(1, OTHER).plaintext(HELLO))
                .masterKeys(OTHER);
        ok(
                        "recipient-both",
                        "The opener has both keys.",
                        bare().recipient(1, MASTER).recipient(1, OTHER).plaintext(HELLO))
                .masterKeys(MASTER, OTHER);
        byte[] spoilt = MASTER.wrap(root, 1, new byte[0], range(0x10, 24));
        spoilt[30] ^= 1;
        ok(
                        "recipient-first-spoilt",
                        "The first recipient's wrap does not open; the next one is tried.",
                        bare().recipient(1, MASTER.recipientId(), spoilt)
                                .recipient(1, OTHER)
                                .plaintext(HELLO))
                .masterKeys(MASTER, OTHER);
        byte[] lying = MASTER.wrap(range(1, 32), 1, new byte[0], range(0x10, 24));
        ok(
                        "recipient-first-other-root",
                        "The first recipient wraps another root, which the commitment refuses;"
                                + " the next one is tried.",
                        bare().recipient(1, MASTER.recipientId(), lying)
                                .recipient(1, OTHER)
                                .plaintext(HELLO))
                .masterKeys(MASTER, OTHER);
        byte[] shortRoot = MASTER.wrap(range(1, 16), 1, new byte[0], range(0x10, 24));
        ok(
                        "recipient-first-short-root",
                        "The first recipient wraps 16 bytes instead of 32; the next one is tried.",
                        bare().recipient(1, MASTER.recipientId(), shortRoot)
                                .recipient(1, OTHER)
                                .plaintext(HELLO))
                .masterKeys(MASTER, OTHER);
        ok(
                "recipient-twice",
                "One key twice is no error.",
                bare().recipient(1, MASTER).recipient(1, MASTER).plaintext(HELLO));
        Key renamed = new Key(range(0xE0, 16), MASTER.material());
        ok(
                        "recipient-key-check-alone",
                        "The opener's key has another version id, but the same bytes: a master key is"
                                + " found by its key check, and the wrap is bound to the id in the header.",
                        plain())
                .masterKeys(renamed);
        ok(
                        "recipient-named-key",
                        "A version of a named key.",
                        bare().recipient(2, NAMED).plaintext(HELLO))
                .masterKeys()
                .namedKeys(NAMED);
        ok(
                "recipient-named-key-and-master",
                "A named key that the opener does not have, and its master key.",
                bare().recipient(2, NAMED).recipient(1, MASTER).plaintext(HELLO));
        ok(
                        "recipient-master-and-named-key",
                        "A master key that the opener does not have, and its named key.",
                        bare().recipient(1, MASTER).recipient(2, NAMED).plaintext(HELLO))
                .masterKeys()
                .namedKeys(NAMED);
        for (int kind : new int[] {15, 32}) {
            ok(
                    "recipient-kind-" + kind,
                    "A kind just outside of the range of those with a public key needs no flag.",
                    bare().recipient(kind, u8(1), u8(1)).recipient(1, MASTER).plaintext(HELLO));
        }
        ok(
                        "recipient-two-keys-fit",
                        "The opener has the bytes of the one recipient's key under two version ids.",
                        plain())
                .masterKeys(renamed, MASTER);
        MessageBuilder many = bare().plaintext(HELLO);
        for (int i = 0; i < 63; i++) {
            many.recipient(100, concat(ascii("id "), u8(i)), range(i, 20));
        }
        ok("recipients-64", "64 recipients, the last one the opener's.", many.recipient(1, MASTER));
        ok(
                "recipient-longest",
                "An id of 2,048 bytes and a wrap of 8,192.",
                bare().recipient(200, new byte[2048], new byte[8192])
                        .recipient(1, MASTER)
                        .plaintext(HELLO));
        ok("wanted-above-present", "The sealer wanted more recipients than are there.", plain().wanted(64));
        ok(
                "wanted-below-present",
                "Fewer wanted than there are: readers do not compare the numbers.",
                bare().recipient(1, MASTER).recipient(1, OTHER).wanted(1).plaintext(HELLO));
        add("recipient-none-mine", "The opener has none of the keys.", NO_MATCH)
                .message(plain().build().bytes())
                .masterKeys(OTHER);
        add("recipient-short-id", "Kind 1 with the version id alone: 16 bytes match nothing.", NO_MATCH)
                .message(bare().recipient(1, MASTER.versionId(), spoilt).build().bytes());
        add("recipient-long-id", "Kind 1 with an id of 25 bytes.", NO_MATCH)
                .message(bare().recipient(1, concat(MASTER.recipientId(), u8(0)), spoilt)
                        .build()
                        .bytes());
        add("recipient-master-as-named", "A master key's recipient under kind 2.", NO_MATCH)
                .message(bare().recipient(2, MASTER).build().bytes())
                .namedKeys(NAMED);
        add("recipient-named-as-master", "A named key's recipient under kind 1.", NO_MATCH)
                .message(bare().recipient(1, NAMED).build().bytes())
                .namedKeys(NAMED);
        Message named = bare().recipient(2, NAMED).plaintext(HELLO).build();
        add(
                        "recipient-named-flipped-check",
                        "One bit of a named key's key check is flipped: id and check must both fit.",
                        NO_MATCH)
                .message(named.flipped("recipient1Id"))
                .namedKeys(NAMED);
        add(
                        "recipient-named-other-id",
                        "A named key's right key check with another version id: id and check must both fit.",
                        NO_MATCH)
                .message(bare().recipient(2, new Key(range(0xE0, 16), NAMED.material()))
                        .plaintext(HELLO)
                        .build()
                        .bytes())
                .namedKeys(NAMED);
        add("recipient-flipped-check", "One bit of a master key's key check is flipped.", NO_MATCH)
                .message(plain().build().flipped("recipient1Id"));
        for (int length : new int[] {16, 31, 33, 64}) {
            add("root-" + length, "The wrap holds " + length + " bytes instead of 32.", AUTHENTICATION)
                    .message(bare().root(range(0x80, length))
                            .recipient(1, MASTER)
                            .plaintext(HELLO)
                            .build()
                            .bytes());
        }
        byte[] purpose = MASTER.wrap(root, 2, new byte[0], range(0x10, 24));
        add("wrap-purpose-2", "The wrap was made for the purpose of a named key.", AUTHENTICATION)
                .message(bare().recipient(1, MASTER.recipientId(), purpose)
                        .build()
                        .bytes());
        byte[] elsewhere = MASTER.wrap(root, 1, encoded("tenant", "other"), range(0x10, 24));
        add("wrap-other-context", "The wrap is bound to another context than the header's.", AUTHENTICATION)
                .message(bare().context("tenant", "acme")
                        .recipient(1, MASTER.recipientId(), elsewhere)
                        .build()
                        .bytes())
                .context("tenant", "acme");
        byte[] otherId = concat(range(0xE0, 16), MASTER.derived("check", 8));
        add("wrap-other-id", "The wrap is bound to another version id than the header's.", AUTHENTICATION)
                .message(bare().recipient(1, otherId, MASTER.wrap(root, 1, new byte[0], range(0x10, 24)))
                        .build()
                        .bytes());
        add("wrap-short", "A wrap of 39 bytes, less than nonce and tag.", AUTHENTICATION)
                .message(bare().recipient(1, MASTER.recipientId(), new byte[39])
                        .build()
                        .bytes());
    }

    // ---- everything else that must not open

    private Vector fail(String name, String description, byte[] message) {
        return add(name, description, AUTHENTICATION)
                .message(message)
                .context("tenant", "acme")
                .aad(ROW);
    }

    private void authentication() {
        begin("authentication.json");
        Message built = envelope().build();
        byte[] message = built.bytes();
        fail("wrong-context-value", "Another value.", message).context("tenant", "other");
        fail("wrong-context-name", "Another name.", message).context("Tenant", "acme");
        fail("missing-context", "No context stated.", message).context();
        fail("extra-context", "One pair too many.", message).context("tenant", "acme", "x", "y");
        fail("context-and-no-key", "A wrong context and no key: the context comes first.", message)
                .context("tenant", "other")
                .masterKeys(OTHER);
        fail("wrong-aad", "Other associated data.", message).aad(utf8("row 18"));
        fail("missing-aad", "No associated data.", message).aad(new byte[0]);
        fail(
                        "extra-aad",
                        "Associated data for a message that has none.",
                        plain().build().bytes())
                .context();
        for (String field :
                List.of("salt", "commitment", "wanted", "recipient1Wrap", "mac", "nonce", "ciphertext", "tag")) {
            byte[] changed = field.equals("wanted") ? built.with("wanted", u8(2)) : built.flipped(field);
            fail("flipped-" + field, "One bit of the " + field + " is flipped.", changed);
        }
        byte[] versionId = built.bytes();
        versionId[built.offset("recipient1Id")] ^= 1;
        fail(
                "flipped-recipient1-version-id",
                "One bit of the version id is flipped; the wrap is bound to it.",
                versionId);
        byte[] flippedContext = built.bytes();
        flippedContext[built.offset("context") + built.fields.get("context").length - 1] ^= 1;
        fail("flipped-context", "One bit of the context is flipped, and the opener states it so.", flippedContext)
                .context("tenant", "acmd");
        Message extended =
                envelope().skippable(concat(u8(1), u16(1), u16(1), ascii("x"))).build();
        fail(
                "flipped-extension",
                "One bit of a skippable extension is flipped.",
                extended.flipped("skippableExtensions"));
        fail("removed-extension", "A skippable extension was taken out.", extended.with("skippableExtensions", u8(0)));
        fail("suite-2-for-1", "The suite's byte says 2.", built.with("suite", u8(2)));
        fail("suite-4-for-1", "The suite's byte says 4.", built.with("suite", u8(4)));
        Message two = bare().context("tenant", "acme")
                .recipient(1, MASTER)
                .recipient(1, OTHER)
                .aad(ROW)
                .plaintext(HELLO)
                .build();
        byte[] head = two.before("recipient1Kind");
        byte[] first = Arrays.copyOfRange(two.bytes(), two.offset("recipient1Kind"), two.offset("recipient2Kind"));
        byte[] second = Arrays.copyOfRange(two.bytes(), two.offset("recipient2Kind"), two.offset("mac"));
        byte[] rest = Arrays.copyOfRange(two.bytes(), two.offset("mac"), two.bytes().length);
        fail("recipients-swapped", "Two recipients are swapped.", concat(head, second, first, rest));
        byte[] oneLess = concat(two.before("present"), u8(1), first, rest);
        fail("recipient-removed", "A recipient was taken out.", oneLess);
        byte[] oneMore = concat(two.before("present"), u8(3), first, second, second, rest);
        fail("recipient-added", "A recipient was added.", oneMore);
        Message otherRoot = envelope().root(range(1, 32)).build();
        byte[] commitment = otherRoot.fields.get("commitment");
        fail("commitment-of-another-root", "The commitment of another root.", built.with("commitment", commitment));
        byte[] forged = MessageBuilder.hmac(range(0, 32), built.before("mac"));
        fail("mac-of-another-key", "The MAC under another key.", built.with("mac", forged));
        byte[] body = Arrays.copyOfRange(message, built.offset("nonce"), message.length);
        Message otherSalt = envelope().salt(range(0x41, 32)).build();
        fail(
                "body-of-another-epoch",
                "The body of a message with another salt.",
                concat(otherSalt.before("nonce"), body));
        fail("cut-before-nonce", "No body at all.", built.before("nonce"));
        fail("cut-before-ciphertext", "Nothing behind the nonce.", built.before("ciphertext"));
        fail("cut-before-tag", "No tag.", built.before("tag"));
        fail("cut-in-tag", "One byte of the tag is missing.", dropLast(message, 1));
        fail("body-27-bytes", "One byte less than nonce and tag.", concat(built.before("nonce"), new byte[27]));
        fail("trailing-byte", "One byte behind the tag.", concat(message, u8(0)));
        fail("doubled", "The whole message twice.", concat(message, message));
        Message xaes = envelope().suite(2).build();
        fail("suite-2-cut-in-nonce", "23 of the 24 bytes of nonce.", dropLast(xaes.before("ciphertext"), 1));
        fail("suite-2-flipped-nonce", "One bit of the nonce's second half is flipped.", xaes.flipped("nonce"));
        byte[] firstHalf = xaes.bytes();
        firstHalf[xaes.offset("nonce")] ^= 1;
        fail("suite-2-flipped-nonce-first-half", "One bit of the nonce's first half is flipped.", firstHalf);
        fail("suite-2-flipped-tag", "One bit of the tag is flipped.", xaes.flipped("tag"));
        fail("suite-2-trailing-byte", "One byte behind the tag.", concat(xaes.bytes(), u8(0)));
        for (int suite : new int[] {1, 2}) {
            add(
                            "suite-" + suite + "-65537",
                            "65,537 bytes of plaintext, rightly sealed: too many for suite " + suite + ".",
                            AUTHENTICATION)
                    .message(plain().suite(suite).zeroCiphertext(65537).build().bytes());
        }
    }

    // ---- text

    private void tokens() {
        begin("token.json");
        MessageBuilder tokened = plain().plaintext(utf8("Hello, Seal!"));
        byte[] message = tokened.build().bytes();
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString(message);
        // The cases need a message whose length is no multiple of three, and both of the special letters.
        if (message.length % 3 == 0 || !token.contains("-") || !token.contains("_")) {
            throw new AssertionError("this message does not show what a token is: " + message.length + " " + token);
        }
        ok("token", "base64url without padding.", tokened).token(token);
        add("token-padded", "With padding.", MALFORMED).token(token + "=".repeat(3 - message.length % 3));
        add("token-standard-alphabet", "With + and / instead of - and _.", MALFORMED)
                .token(token.replace('-', '+').replace('_', '/'));
        String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        char last = letters.charAt(letters.indexOf(token.charAt(token.length() - 1)) + 1);
        add("token-stray-bits", "Bits behind the last byte that are not zero.", MALFORMED)
                .token(token.substring(0, token.length() - 1) + last);
        add("token-line-break", "With a line feed at the end.", MALFORMED).token(token + "\n");
        add("token-space", "With a space inside.", MALFORMED).token(token.substring(0, 8) + " " + token.substring(8));
        add("token-empty", "No letters.", MALFORMED).token("");
        add("token-one-letter-more", "A length that no base64 has.", MALFORMED)
                .token(token.substring(0, token.length() / 4 * 4) + "A");
    }

    private static byte[] dropLast(byte[] bytes, int count) {
        return Arrays.copyOf(bytes, bytes.length - count);
    }

    // ---- JSON

    static String json(List<Vector> vectors) {
        StringBuilder out = new StringBuilder("{\n  \"vectors\": [\n");
        for (int i = 0; i < vectors.size(); i++) {
            object(out, vectors.get(i));
            out.append(i < vectors.size() - 1 ? ",\n" : "\n");
        }
        return out.append("  ]\n}\n").toString();
    }

    private static void object(StringBuilder out, Vector vector) {
        List<String> fields = new ArrayList<>();
        fields.add(field("name", quoted(vector.name)));
        fields.add(field("description", quoted(vector.description)));
        fields.add(field("result", quoted(vector.result)));
        fields.add(field("masterKeys", keys(vector.masterKeys)));
        fields.add(field("namedKeys", keys(vector.namedKeys)));
        if (!vector.passphrases.isEmpty()) {
            List<String> texts = new ArrayList<>();
            vector.passphrases.forEach(text -> texts.add(hex(utf8(text))));
            fields.add(field("passphrases", "[" + String.join(", ", texts) + "]"));
        }
        List<String> pairs = new ArrayList<>();
        vector.context.forEach((name, value) -> pairs.add("[" + quoted(name) + ", " + quoted(value) + "]"));
        fields.add(field("context", "[" + String.join(", ", pairs) + "]"));
        fields.add(field("associatedData", hex(vector.associatedData)));
        fields.add(field("allowUnencrypted", Boolean.toString(vector.allowUnencrypted)));
        if (vector.token != null) {
            fields.add(field("token", quoted(vector.token)));
        } else if (vector.message.length > LARGE) {
            fields.add(field("messageZlib", hex(deflated(vector.message))));
        } else {
            fields.add(field("message", hex(vector.message)));
        }
        byte[] plaintext = vector.plaintext;
        if (plaintext != null && plaintext.length > LARGE_PLAINTEXT) {
            fields.add(field("plaintextLength", Integer.toString(plaintext.length)));
            fields.add(field("plaintextSha512", hex(sha512(plaintext))));
        } else if (plaintext != null) {
            fields.add(field("plaintext", hex(plaintext)));
        }
        if (!vector.fields.isEmpty()) {
            fields.add(field("messageFields", hexes(vector.fields)));
            fields.add(field("steps", hexes(vector.steps)));
        }
        out.append("    {\n      ").append(String.join(",\n      ", fields)).append("\n    }");
    }

    private static String field(String name, String value) {
        return "\"" + name + "\": " + value;
    }

    private static String keys(List<Key> keys) {
        List<String> objects = new ArrayList<>();
        for (Key key : keys) {
            objects.add(
                    "{" + field("versionId", hex(key.versionId())) + ", " + field("key", hex(key.material())) + "}");
        }
        return "[" + String.join(", ", objects) + "]";
    }

    private static String hexes(Map<String, byte[]> values) {
        List<String> fields = new ArrayList<>();
        values.forEach((name, value) -> fields.add("        " + field(name, hex(value))));
        return "{\n" + String.join(",\n", fields) + "\n      }";
    }

    private static String hex(byte[] bytes) {
        return "\"" + HEX.formatHex(bytes) + "\"";
    }

    /** JSON in ASCII: everything else is escaped. */
    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7E) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }

    private static byte[] deflated(byte[] bytes) {
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION);
        deflater.setInput(bytes);
        deflater.finish();
        byte[] out = new byte[bytes.length + 1024];
        int length = deflater.deflate(out);
        if (!deflater.finished()) {
            throw new AssertionError("does not compress");
        }
        deflater.end();
        return Arrays.copyOf(out, length);
    }

    static byte[] sha512(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-512").digest(bytes);
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
