package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {
    @Test
    void text_plain_isTheSameObject() {
        String text = "tenant=Ächme Ω 漢字";
        assertThat(Printable.text(text)).isSameAs(text);
    }

    @Test
    void text_terminalSequence_isEscaped() {
        assertThat(Printable.text("a\u001b[2Jb\rc\u009bd\n")).isEqualTo("a\\x1b[2Jb\\x0dc\\x9bd\\x0a");
    }

    @Test
    void text_reversedWriting_isEscaped() {
        assertThat(Printable.text("a\u202egpj.exe\u2028")).isEqualTo("a\\u202egpj.exe\\u2028");
    }

    @Test
    void text_unpairedSurrogate_isEscaped() {
        assertThat(Printable.text("x\ud800y")).isEqualTo("x\\ud800y");
    }

    @Test
    void text_beyondTheBasicPlane_staysWhole() {
        assertThat(Printable.text("\u0007\ud83d\ude00")).isEqualTo("\\x07\ud83d\ude00");
    }

    @Test
    void json_quotesBackslashesAndControls_areEscaped() {
        assertThat(Printable.json("a\"b\\c\n\t\u0000\u001b\u202e"))
                .isEqualTo("\"a\\\"b\\\\c\\n\\t\\u0000\\u001b\\u202e\"");
    }

    @Test
    void json_formatCharacterBeyondTheBasicPlane_isTwoUnits() {
        assertThat(Printable.json(new String(Character.toChars(0xE0001)))).isEqualTo("\"\\udb40\\udc01\"");
    }

    @Test
    void json_object_hasAllKindsOfMembers() {
        String json = Json.object(out -> out.put("a", "x")
                .put("b", 1)
                .put("c", (Long) null)
                .put("d", true)
                .put("e", (String) null)
                .putNumbers("f", java.util.List.of(1, 2))
                .putObjects("g", java.util.List.of("p", "q"), (one, text) -> one.put("t", text))
                .putObject("h", one -> {})
                .putNull("i"));
        assertThat(json)
                .isEqualTo("{\"a\":\"x\",\"b\":1,\"c\":null,\"d\":true,\"e\":null,\"f\":[1,2],"
                        + "\"g\":[{\"t\":\"p\"},{\"t\":\"q\"}],\"h\":{},\"i\":null}");
    }
}
