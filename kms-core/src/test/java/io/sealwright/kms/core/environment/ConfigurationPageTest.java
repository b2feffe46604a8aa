package io.sealwright.kms.core.environment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/CONFIGURATION.md} has each setting's row as the table in the code has it, and no other. */
class ConfigurationPageTest {
    @Test
    void page_rows_areTheTableOfSettings() throws Exception {
        List<String> rows;
        try (Stream<String> lines = Files.lines(Path.of("../docs/CONFIGURATION.md"))) {
            rows = lines.filter(line ->
                            line.startsWith("| `kms.") || line.startsWith("| `aws.") || line.startsWith("| – | `"))
                    .toList();
        }
        List<String> expected =
                Settings.ALL.stream().map(ConfigurationPageTest::row).toList();
        assertThat(rows).as(String.join("\n", expected)).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void settings_names_areEachThereOnce() {
        assertThat(Settings.ALL.stream()
                        .flatMap(setting ->
                                Stream.concat(Stream.ofNullable(setting.property()), setting.variables().stream())))
                .doesNotHaveDuplicates();
        long declared = Arrays.stream(Settings.class.getDeclaredFields())
                .filter(field -> field.getType() == Setting.class)
                .count();
        assertThat(Settings.ALL).as("each declared one is in the table").hasSize((int) declared);
    }

    private static String row(Setting<?> setting) {
        String variables = setting.variables().stream()
                .flatMap(name -> setting.secret() ? Stream.of(name, name + "_FILE") : Stream.of(name))
                .map(name -> "`" + name + "`")
                .collect(Collectors.joining(", "));
        return "| " + (setting.property() == null ? "–" : "`" + setting.property() + "`") + " | " + variables + " | "
                + (setting.builder().isEmpty() ? "–" : "`" + setting.builder() + "`") + " | "
                + setting.parser().allowed().replace("|", "\\|") + " | " + setting.fallback() + " |";
    }
}
