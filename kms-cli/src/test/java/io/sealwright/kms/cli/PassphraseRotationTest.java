package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A master key that is a passphrase, exchanged for another one. Each command is a process's worth of its own: it draws its own salt. */
class PassphraseRotationTest {
    private static final String FIRST = "the first long passphrase of this program, over 32";
    private static final String SECOND = "the second long passphrase of this program, over 32";

    @TempDir
    Path folder;

    private Path message;
    private Path named;

    @BeforeEach
    void seal() throws Exception {
        Path plain = Files.writeString(folder.resolve("a.txt"), "hello");
        message = folder.resolve("m.sealed");
        named = folder.resolve("b.sealed");
        for (String name : new String[] {"a", "b", "c"}) {
            succeed(first().kms("key", "create", name));
        }
        succeed(first().kms("encrypt", plain, "-k", "b", "-o", named));
        succeed(first().kms("encrypt", plain, "-m", "env://ENCRYPTION_KEY", "-o", message));
    }

    private Run first() {
        return with(FIRST);
    }

    private Run both() {
        return with(SECOND).with("ENCRYPTION_KEY_PREVIOUS", FIRST);
    }

    private Run with(String passphrase) {
        return Run.at(folder.resolve("home"))
                .with("ENCRYPTION_KEY", passphrase)
                .with("KMS_PASSPHRASE_ITERATIONS", "210000")
                .with("KMS_DEADLINE", "2m"); // stretching takes long on a loaded machine
    }

    private static Result succeed(Result result) {
        assertThat(result.code()).as(result.out() + result.err()).isZero();
        return result;
    }

    @Test
    void rotate_keysOfSeveralProcesses_allComeUnderTheNewPassphrase_andStay() {
        assertThat(both().kms("doctor").out())
                .contains("4 of 4 stored keys are not under the newest version")
                .doesNotContain("(newest)");
        assertThat(succeed(both().kms("master-key", "rotate")).out()).contains("4 re-wrapped, 0 already newest");
        assertThat(succeed(both().kms("rewrap", message)).err()).doesNotContain("already newest");

        assertThat(succeed(both().kms("doctor")).out()).contains("(newest)");
        assertThat(both().kms("master-key", "rotate").out())
                .as("another process, which has to open them to know")
                .startsWith("The last rotation is done");
        assertThat(succeed(both().kms("master-key", "rotate", "--to", "env://ENCRYPTION_KEY"))
                        .out())
                .contains("0 re-wrapped, 4 already newest");
        assertThat(succeed(both().kms("rewrap", message)).err()).contains("already newest");

        Run alone = with(SECOND);
        assertThat(succeed(alone.kms("decrypt", named, "-o", "-")).out()).isEqualTo("hello");
        assertThat(succeed(alone.kms("decrypt", message, "-o", "-")).out()).isEqualTo("hello");
        assertThat(succeed(alone.kms("doctor")).out()).doesNotContain("finding");
    }

    @Test
    void rewrap_ofAFolder_movesWhatIsUnderTheOldPassphrase_andNothingTwice() {
        Result moved = succeed(both().kms("rewrap", "--to", "env://ENCRYPTION_KEY", message));
        assertThat(moved.out()).containsPattern("moved +1");
        assertThat(succeed(with(SECOND).kms("decrypt", message, "-o", "-")).out())
                .isEqualTo("hello");
        Result again = succeed(both().kms("rewrap", "--to", "env://ENCRYPTION_KEY", message));
        assertThat(again.out()).containsPattern("needed nothing +1");
    }

    @Test
    void inspect_resolve_claimsNothingOfTheVersion() {
        assertThat(succeed(first().kms("inspect", message, "--resolve")).out())
                .contains(" = master key env://ENCRYPTION_KEY\n");
    }

    /** That a passphrase does not open what is stored proves no damage: the store must not be put away for it. */
    @Test
    void doctor_mistypedPassphrase_saysSo_andMovesNothingAway() {
        Run mistyped = with(FIRST.replace("first", "frist"));
        Result result = mistyped.kms("doctor");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out())
                .contains("No configured passphrase opens")
                .doesNotContain("damaged-")
                .doesNotContain("run: mkdir");
        assertThat(mistyped.kms("decrypt", named, "-o", "-").err())
                .contains("No configured passphrase opens")
                .contains("[KMS_NO_MATCHING_RECIPIENT]");
        assertThat(succeed(first().kms("decrypt", named, "-o", "-")).out()).isEqualTo("hello");
    }
}
