package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's Java is this test's, line by line. */
class ReadmeTest {
    @TempDir
    Path home;

    @Test
    void readme_example_runs() {
        byte[] rowId = "row 17".getBytes(StandardCharsets.UTF_8);
        String result;
        // README begin
        try (KeyManager kms = KeyManager.embedded(home)) {
            kms.keys().createIfAbsent("orders", KeySpec.AES_256);
            byte[] sealed = kms.encrypt("4111 1111 1111 1111")
                    .key("orders")
                    .context("tenant", "acme")
                    .associatedData(rowId)
                    .toBytes();
            String opened = kms.decrypt(sealed)
                    .context("tenant", "acme")
                    .associatedData(rowId)
                    .toText();
            // README end
            result = opened;
        }
        assertThat(result).isEqualTo("4111 1111 1111 1111");
    }

    @Test
    void readme_javaBlock_isTheTestedOne() throws Exception {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("README.md"))) {
            root = root.getParent();
        }
        String readme = Files.readString(root.resolve("README.md"));
        String block = readme.substring(readme.indexOf("```java") + 7);
        String source = Files.readString(root.resolve("kms-cli/src/test/java/io/sealwright/kms/cli/ReadmeTest.java"));
        String tested = source.substring(source.indexOf("// README begin") + 15, source.indexOf("// README end"));
        assertThat(tokens(block.substring(0, block.indexOf("```"))))
                .isEqualTo(tokens(tested + "}"))
                .hasSizeGreaterThan(20);
    }

    /** Line breaks are the formatter's. */
    private static List<String> tokens(String code) {
        List<String> tokens = new ArrayList<>();
        for (String word : code.replaceAll("([.;(){}])", " $1 ").trim().split("\\s+")) {
            tokens.add(word);
        }
        return tokens;
    }
}
