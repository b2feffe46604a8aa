package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InspectTest extends FreshHome {
    private static final ObjectMapper JSON = new ObjectMapper();

    @BeforeEach
    void message() {
        done("encrypt", plain, "-c", "tenant=\"acme\"", "-c", "b=");
    }

    @Test
    void inspect_json_hasExactlyTheMembersOfTheContract() throws Exception {
        Result result =
                Run.at(folder.resolve("empty")).kms("inspect", sealed, "--json").done();
        JsonNode message = JSON.readTree(result.out());
        assertThat(message.fieldNames())
                .toIterable()
                .containsExactly(
                        "version",
                        "suite",
                        "suiteId",
                        "level",
                        "levelName",
                        "form",
                        "keyId",
                        "recipients",
                        "belowQuorum",
                        "context",
                        "extensions",
                        "headerBytes",
                        "bodyBytes",
                        "plaintextBytes",
                        "chunks",
                        "verified");
        assertThat(message.get("version").asInt()).isEqualTo(1);
        assertThat(message.get("suite").asText()).isEqualTo("AES_256_GCM");
        assertThat(message.get("suiteId").asInt()).isEqualTo(1);
        assertThat(message.get("level").isInt()).isTrue();
        assertThat(message.get("level").asInt()).isEqualTo(1);
        assertThat(message.get("levelName").asText()).isEqualTo("STANDARD");
        assertThat(message.get("form").asText()).isEqualTo("envelope");
        assertThat(message.get("keyId").isNull()).isTrue();
        assertThat(message.get("belowQuorum").isBoolean()).isTrue();
        assertThat(message.get("belowQuorum").asBoolean()).isFalse();
        assertThat(message.get("context").toString())
                .isEqualTo("[{\"name\":\"b\",\"value\":\"\"},{\"name\":\"tenant\",\"value\":\"\\\"acme\\\"\"}]");
        assertThat(message.get("extensions")).isEmpty();
        assertThat(message.get("headerBytes").asLong()
                        + message.get("bodyBytes").asLong())
                .isEqualTo(Files.size(sealed));
        assertThat(message.get("plaintextBytes").asInt()).isEqualTo(14);
        assertThat(message.get("chunks").asInt()).isZero();
        assertThat(message.get("verified").asBoolean()).isFalse();
        JsonNode recipient = message.get("recipients").get(0);
        assertThat(recipient.fieldNames()).toIterable().containsExactly("kind", "id", "keyCheck", "wrapBytes");
        assertThat(recipient.get("kind").asText()).isEqualTo("named-key");
        assertThat(recipient.get("wrapBytes").asInt()).isEqualTo(72);
        assertThat(folder.resolve("empty")).doesNotExist();
    }

    @Test
    void inspect_pipe_hasNoSizes() throws Exception {
        Result result = here().in(Files.readAllBytes(sealed)).kms("inspect", "-", "--json");
        JsonNode message = JSON.readTree(result.out());
        for (String size : new String[] {"bodyBytes", "plaintextBytes", "chunks"}) {
            assertThat(message.get(size).isNull()).as(size).isTrue();
        }
        assertThat(message.get("headerBytes").isInt()).isTrue();
    }

    @Test
    void inspect_text_endsWithNotVerified() {
        Result result = here().kms("inspect", sealed);
        assertThat(result.out()).contains("14 bytes of plaintext").endsWith("not verified: no key was used\n");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void inspect_resolve_addsNames() throws Exception {
        JsonNode message = JSON.readTree(
                here().kms("inspect", sealed, "--json", "--resolve").out());
        assertThat(message.get("recipients").get(0).get("key").toString())
                .isEqualTo("{\"name\":\"default\",\"version\":1}");
        assertThat(here().kms("inspect", sealed, "--resolve").out()).contains("key 'default', version 1");
    }

    @Test
    void inspect_resolveMasterKeys_addsUriAndVersion() throws Exception {
        Path file = Files.writeString(folder.resolve("b"), "attack at dusk");
        here().kms("master-key", "rotate").done();
        here().kms("encrypt", file, "-m", "local://default", "-k", "default").done();
        Path message = folder.resolve("b.sealed");
        JsonNode read = JSON.readTree(
                here().kms("inspect", message, "--json", "--resolve").out());
        assertThat(read.get("recipients").get(0).get("key").toString())
                .isEqualTo("{\"name\":\"local://default\",\"version\":2}");
        assertThat(read.get("recipients").get(1).get("key").toString())
                .isEqualTo("{\"name\":\"default\",\"version\":1}");
        Files.writeString(home.resolve("local/broken.key"), "no key file");
        assertThat(here().kms("inspect", message, "--resolve").out())
                .contains("= master key local://default, version 2");
    }

    @Test
    void inspect_resolveWithoutAStore_isRefusedAndJsonStaysEmpty() {
        Result result = Run.at(folder.resolve("empty")).kms("inspect", sealed, "--json", "--resolve");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err()).contains("[KMS_CLI_NOTHING_MADE]");
        assertThat(folder.resolve("empty")).doesNotExist();
    }

    @Test
    void inspect_noMessage_isMalformedAndJsonStaysEmpty() throws Exception {
        Files.writeString(sealed, "no message at all, but long enough for the shortest of headers to fit in here");
        Result result = here().kms("inspect", sealed, "--json");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.errLines()).singleElement().asString().endsWith("[KMS_MESSAGE_MALFORMED]");
    }

    @Test
    void inspect_cutBody_saysSo() throws Exception {
        byte[] message = Files.readAllBytes(sealed);
        Files.write(sealed, java.util.Arrays.copyOf(message, message.length - 20));
        assertThat(here().kms("inspect", sealed).out()).contains("fits no plaintext");
        assertThat(here().kms("inspect", sealed, "--json").out()).contains("\"plaintextBytes\":null");
    }

    @Test
    void inspect_masterKeyInTheEnvironment_doesNotMatter() {
        here().with("KMS_PROVIDER", "aws").kms("inspect", sealed).done();
    }
}
