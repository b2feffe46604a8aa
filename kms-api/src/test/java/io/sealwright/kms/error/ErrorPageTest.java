package io.sealwright.kms.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code docs/ERRORS.md} and {@link ErrorCode} say the same, in the same order. */
class ErrorPageTest {
    private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\| ([^|]+) \\| ([^|]+) \\| ([^|]+) \\|");

    private record Row(String code, String when, String retry, String remedy) {}

    @Test
    void table_hasEachCodeOnce_andNoOther() throws IOException {
        assertThat(rows().stream().map(Row::code))
                .containsExactlyElementsOf(
                        Arrays.stream(ErrorCode.values()).map(Enum::name).toList());
    }

    @Test
    void table_saysWhetherRetryHelps_asTheCodeDoes() throws IOException {
        for (Row row : rows()) {
            boolean retryable = ErrorCode.valueOf(row.code()).retryable();
            assertThat(row.retry()).as(row.code()).isEqualTo(retryable ? "yes" : "no");
        }
    }

    @Test
    void table_saysWhenAndWhatToDo_inSentences() throws IOException {
        for (Row row : rows()) {
            assertThat(row.when()).as(row.code()).endsWith(".").hasSizeGreaterThan(20);
            assertThat(row.remedy()).as(row.code()).endsWith(".").hasSizeGreaterThan(10);
        }
    }

    private static List<Row> rows() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("..", "docs", "ERRORS.md")).stream()
                .filter(line -> line.startsWith("| `"))
                .toList();
        assertThat(lines).isNotEmpty();
        return lines.stream().map(ErrorPageTest::row).toList();
    }

    private static Row row(String line) {
        Matcher matcher = ROW.matcher(line);
        assertThat(matcher.matches()).as(line).isTrue();
        return new Row(matcher.group(1), matcher.group(2), matcher.group(3), matcher.group(4));
    }
}
