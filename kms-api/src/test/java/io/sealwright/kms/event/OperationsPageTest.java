package io.sealwright.kms.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/OPERATIONS.md} explains every event there is, and names no test that is not there. */
class OperationsPageTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern ALARM = Pattern.compile("(?m)^\\| `([A-Z]\\w+)` \\|");
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT|Stress))`");

    @Test
    void alarms_areTheEventsThereAre() throws IOException {
        Set<String> events = Arrays.stream(KmsEvent.class.getPermittedSubclasses())
                .map(Class::getSimpleName)
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(found(ALARM)).isEqualTo(events);
    }

    @Test
    void tests_namedByThePage_exist() throws IOException {
        Set<String> tests;
        try (Stream<Path> modules = Files.list(ROOT)) {
            tests = modules.map(module -> module.resolve("src").resolve("test"))
                    .filter(Files::isDirectory)
                    .flatMap(OperationsPageTest::sources)
                    .collect(Collectors.toSet());
        }

        assertThat(found(TEST)).isNotEmpty().isSubsetOf(tests);
    }

    private static Stream<String> sources(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".java"))
                    .map(name -> name.substring(0, name.length() - ".java".length()))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Set<String> found(Pattern pattern) throws IOException {
        return pattern.matcher(Files.readString(ROOT.resolve("docs").resolve("OPERATIONS.md")))
                .results()
                .map(result -> result.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
