package io.sealwright.kms.migrate.replacement;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StampTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void file() throws Exception {
        file = Files.writeString(folder.resolve("file"), "content");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    }

    /** As a clock shows it that stands between two changes. */
    private static Stamp untimed(Stamp stamp) {
        Map<String, Object> unix = new HashMap<>(stamp.unix());
        assertThat(unix.remove("ctime")).isNotNull();
        return new Stamp(stamp.key(), stamp.bytes(), 0, unix, stamp.regular());
    }

    @Test
    void of_nothingChanged_isTheSame() throws Exception {
        assertThat(Stamp.of(file)).isEqualTo(Stamp.of(file));
    }

    @Test
    void of_modeChangedWithinOneTickOfTheClock_isAnother() throws Exception {
        Stamp before = untimed(Stamp.of(file));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(untimed(Stamp.of(file))).isNotEqualTo(before);
    }

    @Test
    void names_secondName_isCounted() throws Exception {
        assertThat(Stamp.of(file).names()).isEqualTo(1);
        Files.createLink(folder.resolve("other"), file);
        assertThat(Stamp.of(file).names()).isEqualTo(2);
    }
}
