package io.sealwright.kms.core.message;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sealwright.kms.Decryption;
import io.sealwright.kms.DecryptionOptions;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.namedkey.PreparedStore;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Opens every vector of {@code vectors/} through the facade: cold, again with whatever caches hold by then, and as a
 * stream, cold too.
 */
class MessageVectorTest {
    private static final Path FOLDER = Path.of("..", "vectors");
    private static final HexFormat HEX = HexFormat.of();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final byte[] STORE_MASTER_ID = MessageBuilder.range(0xF0, 16);
    private static final byte[] STORE_MASTER = MessageBuilder.range(0x33, 32);

    @TempDir
    Path home;

    @Test
    void folder_isWhatTheIndexSays() throws IOException {
        JsonNode index = json("index.json");
        TreeSet<String> listed = new TreeSet<>();
        int total = 0;
        for (JsonNode file : index.get("files")) {
            String name = file.get("file").textValue();
            assertThat(listed.add(name)).as(name).isTrue();
            assertThat(json(name).get("vectors"))
                    .as(name)
                    .hasSize(file.get("vectors").intValue());
            total += file.get("vectors").intValue();
        }
        assertThat(index.get("vectors").intValue()).isEqualTo(total);
        listed.add("index.json");
        listed.add("README.md");
        try (Stream<Path> files = Files.list(FOLDER)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(listed);
        }
    }

    /** What compresses is compared inflated: another zlib may write other bytes. */
    @Test
    void generator_givesWhatIsInTheFolder() throws IOException {
        Map<String, List<Vector>> made = VectorGenerator.all();
        List<String> listed = new ArrayList<>();
        json("index.json")
                .get("files")
                .forEach(file -> listed.add(file.get("file").textValue()));
        assertThat(made.keySet()).containsExactlyElementsOf(listed);
        for (Map.Entry<String, List<Vector>> file : made.entrySet()) {
            JsonNode now = JSON.readTree(VectorGenerator.json(file.getValue())).get("vectors");
            JsonNode there = json(file.getKey()).get("vectors");
            assertThat(there).as(file.getKey()).hasSameSizeAs(now);
            for (int i = 0; i < now.size(); i++) {
                assertThat(comparable(there.get(i))).isEqualTo(comparable(now.get(i)));
            }
        }
    }

    @Test
    void vectors_coverEachErrorThatOpeningADamagedMessageHas() throws IOException {
        TreeSet<String> results = new TreeSet<>();
        for (JsonNode file : json("index.json").get("files")) {
            json(file.get("file").textValue())
                    .get("vectors")
                    .forEach(v -> results.add(v.get("result").textValue()));
        }
        assertThat(results)
                .containsExactlyInAnyOrder(
                        Vector.OK,
                        ErrorCode.KMS_MESSAGE_MALFORMED.name(),
                        ErrorCode.KMS_VERSION_UNSUPPORTED.name(),
                        ErrorCode.KMS_SUITE_UNSUPPORTED.name(),
                        ErrorCode.KMS_EXTENSION_UNSUPPORTED.name(),
                        ErrorCode.KMS_LEVEL_UNSUPPORTED.name(),
                        ErrorCode.KMS_LEVEL_REFUSED.name(),
                        ErrorCode.KMS_ORIGIN_REFUSED.name(),
                        ErrorCode.KMS_NO_MATCHING_RECIPIENT.name(),
                        ErrorCode.KMS_AUTHENTICATION_FAILED.name());
    }

    @TestFactory
    List<DynamicTest> vector_openedTwiceAndAsStream_givesItsResult() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode file : json("index.json").get("files")) {
            for (JsonNode vector : json(file.get("file").textValue()).get("vectors")) {
                tests.add(DynamicTest.dynamicTest(vector.get("name").textValue(), () -> open(vector)));
            }
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    /** The worked examples of the page are the vectors of the same name, to the byte. */
    @Test
    void formatPage_showsEachValueOfItsExamples() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "FORMAT.md")).replaceAll("\\s", "");
        int shown = 0;
        for (String file : List.of("envelope.json", "direct.json")) {
            JsonNode vector = json(file).get("vectors").get(0);
            List<JsonNode> values = new ArrayList<>();
            vector.get("steps").forEach(values::add);
            vector.get("messageFields").forEach(values::add);
            values.add(vector.get("message"));
            values.add(vector.get("plaintext"));
            for (JsonNode value : values) {
                assertThat(page).as(file + " " + value).contains(value.textValue());
                shown++;
            }
        }
        assertThat(shown).isGreaterThan(40);
    }

    private void open(JsonNode vector) throws Exception {
        try (KeyManager kms = manager(vector)) {
            for (String run : List.of("cold", "hot")) {
                String result = Vector.OK;
                byte[] plaintext = new byte[0];
                try {
                    plaintext = decryption(kms, vector).toBytes();
                } catch (KmsException e) {
                    result = e.code().name();
                }
                assertThat(result).as(run).isEqualTo(vector.get("result").textValue());
                if (result.equals(Vector.OK)) {
                    assertPlaintext(vector, plaintext);
                }
            }
        }
        byte[] message = streamed(vector);
        if (message != null) {
            try (KeyManager kms = manager(vector)) {
                openStream(kms, vector, message);
            }
        }
    }

    private static void openStream(KeyManager kms, JsonNode vector, byte[] message) throws Exception {
        String result = Vector.OK;
        ByteArrayOutputStream plaintext = new ByteArrayOutputStream();
        try {
            long written = stated(kms.decrypt(new ByteArrayInputStream(message)), vector)
                    .to(plaintext);
            assertThat(written).as("stream").isEqualTo(plaintext.size());
        } catch (KmsException e) {
            result = e.code().name();
        }
        assertThat(result).as("stream").isEqualTo(vector.get("result").textValue());
        if (result.equals(Vector.OK)) {
            assertPlaintext(vector, plaintext.toByteArray());
        } else if (message.length <= Format.SUITE_OFFSET || message[Format.SUITE_OFFSET] != 4) {
            // Only of suite 4 may a part come out before the failure: chunks that were right.
            assertThat(plaintext.size()).as("bytes handed out").isZero();
        }
    }

    /** What a stream would carry: the message itself, or that of a right token; null if there is none in a wrong token. */
    private static byte @Nullable [] streamed(JsonNode vector) throws DataFormatException {
        if (!vector.has("token")) {
            return message(vector);
        }
        return vector.get("result").textValue().equals(Vector.OK)
                ? Base64.getUrlDecoder().decode(vector.get("token").textValue())
                : null;
    }

    private static void assertPlaintext(JsonNode vector, byte[] plaintext) throws Exception {
        if (vector.has("plaintext")) {
            assertThat(HEX.formatHex(plaintext))
                    .isEqualTo(vector.get("plaintext").textValue());
        } else {
            assertThat(plaintext).hasSize(vector.get("plaintextLength").intValue());
            assertThat(HEX.formatHex(MessageDigest.getInstance("SHA-512").digest(plaintext)))
                    .isEqualTo(vector.get("plaintextSha512").textValue());
        }
    }

    private static Decryption decryption(KeyManager kms, JsonNode vector) throws DataFormatException {
        return stated(
                vector.has("token") ? kms.decrypt(vector.get("token").textValue()) : kms.decrypt(message(vector)),
                vector);
    }

    private static <T extends DecryptionOptions<T>> T stated(T call, JsonNode vector) {
        Map<String, String> pairs = new LinkedHashMap<>();
        vector.get("context")
                .forEach(pair -> pairs.put(pair.get(0).textValue(), pair.get(1).textValue()));
        call.context(EncryptionContext.of(pairs)).associatedData(hex(vector.get("associatedData")));
        return vector.get("allowUnencrypted").booleanValue() ? call.allowUnencrypted() : call;
    }

    private KeyManager manager(JsonNode vector) throws Exception {
        Path folder = Files.createTempDirectory(home, "vector");
        KeyManagerBuilder builder = KeyManager.builder().home(folder);
        int number = 0;
        for (JsonNode key : vector.get("masterKeys")) {
            String name = "master" + number++;
            writeKey(folder, name, hex(key.get("versionId")), hex(key.get("key")));
            builder.alsoOpenWith("local://" + name);
        }
        for (JsonNode passphrase : vector.path("passphrases")) {
            builder.alsoOpenWith(SecretSource.of(
                    "passphrase:" + number++,
                    SecretVersion.passphrase("vector", SecretBytes.owning(hex(passphrase)), null)));
        }
        boolean named = !vector.get("namedKeys").isEmpty();
        if (named || number == 0) {
            // No vector has this key: it guards the store, and stands in where the opener has no master key.
            writeKey(folder, "store", STORE_MASTER_ID, STORE_MASTER);
            builder.alsoOpenWith("local://store");
        }
        if (named) {
            try (SecretBytes key = SecretBytes.copyOf(STORE_MASTER);
                    WrappingKey master = new WrappingKey(STORE_MASTER_ID, key)) {
                PreparedStore store = new PreparedStore(master);
                for (JsonNode each : vector.get("namedKeys")) {
                    store.with("key" + number++, hex(each.get("versionId")), hex(each.get("key")));
                }
                builder.store(store.store());
            }
        }
        return builder.build();
    }

    /** A key file as {@code docs/KEY-FILE.md} says. */
    private static void writeKey(Path folder, String name, byte[] id, byte[] key) throws Exception {
        String text = "sealwright-key 1\nversion 1 " + HEX.formatHex(id) + " active 2026-01-31T12:00:00Z key:"
                + Base64.getUrlEncoder().withoutPadding().encodeToString(key) + "\n";
        byte[] sum = MessageDigest.getInstance("SHA-256").digest(MessageBuilder.ascii(text));
        Path file = folder.resolve("local").resolve(name + ".key");
        Files.createDirectories(file.getParent());
        Files.writeString(file, text + "checksum " + HEX.formatHex(sum) + "\n");
        if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
            Files.setPosixFilePermissions(file, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
        }
    }

    private static byte[] message(JsonNode vector) throws DataFormatException {
        return vector.has("message") ? hex(vector.get("message")) : inflated(hex(vector.get("messageZlib")));
    }

    private static byte[] inflated(byte[] deflated) throws DataFormatException {
        Inflater inflater = new Inflater();
        inflater.setInput(deflated);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        while (!inflater.finished()) {
            int length = inflater.inflate(buffer);
            if (length == 0) {
                throw new DataFormatException("ends too early");
            }
            out.write(buffer, 0, length);
        }
        inflater.end();
        return out.toByteArray();
    }

    private static Map<String, Object> comparable(JsonNode vector) {
        Map<String, Object> fields = new HashMap<>();
        vector.properties().forEach(field -> fields.put(field.getKey(), field.getValue()));
        if (vector.has("messageZlib")) {
            try {
                fields.put("messageZlib", HEX.formatHex(message(vector)));
            } catch (DataFormatException e) {
                throw new AssertionError(vector.get("name").textValue(), e);
            }
        }
        return fields;
    }

    private static byte[] hex(JsonNode text) {
        return HEX.parseHex(text.textValue());
    }

    private static JsonNode json(String name) throws IOException {
        return JSON.readTree(Files.readString(FOLDER.resolve(name)));
    }
}
