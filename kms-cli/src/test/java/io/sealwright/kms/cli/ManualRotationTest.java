package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A command that rotated nothing must not look like one that did. */
class ManualRotationTest {
    private static final String FIRST = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private static final String SECOND = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    private static final String THIRD = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    @TempDir
    Path folder;

    private Path direct;

    @BeforeEach
    void seal() throws Exception {
        Path plain = Files.writeString(folder.resolve("a"), "attack at dawn");
        direct = folder.resolve("direct");
        assertThat(with(FIRST).kms("encrypt", plain).code()).isZero();
        assertThat(with(FIRST)
                        .kms("encrypt", plain, "-m", "env://MASTER_ENCRYPTION_KEY", "-o", direct)
                        .code())
                .isZero();
    }

    private Run with(String key) {
        return Run.at(folder.resolve("home")).with("MASTER_ENCRYPTION_KEY", key);
    }

    private static void demandSteps(Result result) {
        assertThat(result.code()).as(result.out()).isEqualTo(1);
        assertThat(result.out()).contains("1. Make a new key", "MASTER_ENCRYPTION_KEY_NEXT");
        assertThat(result.err()).contains("[KMS_OPERATION_REFUSED]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"MASTER_ENCRYPTION_KEY_PREVIOUS", "MASTER_ENCRYPTION_KEY_PREVIOUS_FILE"})
    void rotate_previousIsSetToNothing_saysTheStepsAndFails(String variable) {
        Result result = with(FIRST).with(variable, "").kms("master-key", "rotate");
        demandSteps(result);
        assertThat(result.out()).startsWith("The key in MASTER_ENCRYPTION_KEY is rotated where");
    }

    @Test
    void rotate_previousIsKeptFromTheLastRotation_saysTheStepsAndFails() {
        Run second = with(SECOND).with("MASTER_ENCRYPTION_KEY_PREVIOUS", FIRST);
        Result done = second.kms("master-key", "rotate");
        assertThat(done.code()).as(done.err()).isZero();
        assertThat(done.out()).contains("2 re-wrapped, 0 already newest");
        Result again = second.kms("master-key", "rotate");
        demandSteps(again);
        assertThat(again.out()).startsWith("The last rotation is done: ");
    }

    @Test
    void rotate_noStore_saysTheStepsAndFails() {
        demandSteps(Run.at(folder.resolve("empty"))
                .with("MASTER_ENCRYPTION_KEY", SECOND)
                .with("MASTER_ENCRYPTION_KEY_PREVIOUS", FIRST)
                .kms("master-key", "rotate"));
    }

    @Test
    void rotate_secondTime_whatTheStepsSayKeepsTheFirstKeysMessagesOpen() {
        assertThat(with(SECOND)
                        .with("MASTER_ENCRYPTION_KEY_PREVIOUS", FIRST)
                        .kms("master-key", "rotate")
                        .out())
                .contains("2 re-wrapped");
        Run third = with(THIRD)
                .with("MASTER_ENCRYPTION_KEY_PREVIOUS", SECOND)
                .with("OLD_KEY", FIRST)
                .with("KMS_ALSO_OPEN_WITH", "env://OLD_KEY");
        assertThat(third.kms("master-key", "rotate").out()).contains("2 re-wrapped, 0 already newest");
        Result opened = third.kms("decrypt", direct, "-o", "-");
        assertThat(opened.code()).as(opened.err()).isZero();
        assertThat(opened.out()).isEqualTo("attack at dawn");
    }

    @Test
    void rotate_anotherStoreIsNamed_theStepsNameItToo() {
        String url = "jdbc:sqlite:" + folder.resolve("it's.db");
        assertThat(with(FIRST).kms("key", "create", "orders", "--store", url).code())
                .isZero();
        assertThat(with(FIRST).kms("master-key", "rotate", "--store", url).out())
                .contains("\n     kms master-key rotate --store 'jdbc:sqlite:" + folder + "/it'\\''s.db'\n");
    }
}
