package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class FailureCodesTest {
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(KMS_CLI_\\w+)` \\| (\\d+)");

    @Test
    void codes_areThoseOfTheDocumentation() throws Exception {
        Map<String, Integer> documented = new TreeMap<>();
        Matcher row = ROW.matcher(Files.readString(Path.of("..", "docs", "CLI.md")));
        while (row.find()) {
            documented.put(row.group(1), Integer.valueOf(row.group(2)));
        }
        Map<String, Integer> codes = new TreeMap<>();
        Arrays.stream(Failure.Code.values()).forEach(code -> codes.put(code.name(), code.exitCode()));
        assertThat(documented).isEqualTo(codes);
    }
}
