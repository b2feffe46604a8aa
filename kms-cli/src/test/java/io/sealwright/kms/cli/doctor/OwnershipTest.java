package io.sealwright.kms.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class OwnershipTest {
    private static final Path HOME = Path.of("/var/lib/it's");
    private static final String TAKE = "sudo chown \"$(id -un)\" '/var/lib/it'\\''s/local/default.key'";

    private static Report.Line told(@Nullable String owner) {
        Report report = new Report();
        Path file = HOME.resolve("local").resolve("default.key");
        Ownership.tell(report, "May not be read.", file, "env KMS_HOME=/home/shop kms doctor", owner, "ann");
        return report.lines().get(0);
    }

    @Test
    void tell_fileOfAnotherUser_asksAsItsOwnerAndTakesNothingAway() {
        assertThat(told("shop")).satisfies(line -> {
            assertThat(line.command()).isEqualTo("sudo -u 'shop' env KMS_HOME=/home/shop kms doctor");
            assertThat(line.advice()).startsWith("It belongs to shop.").endsWith(TAKE);
        });
        assertThat(told("1001").command()).startsWith("sudo -u '#1001' env ");
    }

    @Test
    void tell_ownFileOrNobodyKnowsWhose_givesNoLineToRun() {
        for (String owner : new String[] {"ann", null}) {
            assertThat(told(owner)).satisfies(line -> {
                assertThat(line.command()).isNull();
                assertThat(line.advice()).endsWith(TAKE);
            });
        }
    }
}
