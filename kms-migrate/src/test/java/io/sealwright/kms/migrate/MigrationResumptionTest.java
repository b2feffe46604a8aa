package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.migrate.MigrationReport.KeyCount;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.time.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A job that is stopped and started again, and how fast its runs are. */
@Timeout(120)
class MigrationResumptionTest extends MovedOrders {
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void run_stoppedAndStartedAgain_goesOnWithItsCounts(boolean table) throws Exception {
        DataSource at = filled(Database.SQLITE, 70, 7);
        Path checkpoint = folder.resolve("checkpoint");
        KeyManager kms = moving();
        Migration[] job = new Migration[1];
        job[0] = checkpointed(orders(kms, at), table, checkpoint).batch(10).progress(now -> {
            if (now.read() == 30) {
                job[0].stop();
            }
        });
        MigrationReport first = job[0].run();
        assertThat(first.complete()).isFalse();
        assertThat(first.moved()).isEqualTo(30);
        assertThat(first.after()).isEmpty();
        assertThat(first.retirable()).isEmpty();
        // Other keys than before: going on would leave what lies before it where it is.
        FaultyMasterKey other = new FaultyMasterKey("other");
        if (!table) {
            KeyManager otherWay = kms(b -> b.masterKey(other).alsoOpenWith(from.twin()));
            assertThatThrownBy(() -> checkpointed(orders(otherWay, at), false, checkpoint)
                            .run())
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("another job");
        }
        List<Long> read = new ArrayList<>();
        MigrationReport second = checkpointed(orders(kms, at), table, checkpoint)
                .batch(10)
                .progress(now -> read.add(now.read()))
                .run();
        assertThat(read.get(0)).as("goes on").isEqualTo(40);
        assertThat(second.complete()).isTrue();
        assertThat(second.moved()).isEqualTo(60);
        assertThat(second.before()).containsExactly(new KeyCount(Kind.MASTER_KEY, OLD, "1", 60));
        assertThat(second.after()).containsExactly(new KeyCount(Kind.MASTER_KEY, NEW, "1", 60));
        if (table) {
            assertThat(Database.column(at, "SELECT job FROM progress")).isEmpty();
        } else {
            assertThat(checkpoint).doesNotExist();
        }
    }

    private static Migration checkpointed(Migration job, boolean table, Path file) {
        return table ? job.checkpointTable("progress") : job.checkpoint(file);
    }

    @Test
    void speed_ofTheRunAndOfEachBatch_isTold() throws Exception {
        DataSource at = filled(Database.SQLITE, 6, 6);
        ManualTime time = new ManualTime();
        to.answerLate(() -> time.advance(Duration.ofMillis(500)), Operation.WRAP); // half a second a header
        List<Double> run = new ArrayList<>();
        List<Double> batches = new ArrayList<>();
        MigrationReport report = orders(moving(), at)
                .time(time)
                .parallelism(1)
                .batch(4)
                .progress(now -> {
                    run.add(now.perSecond());
                    batches.add(now.lastBatchPerSecond());
                    time.advance(Duration.ofSeconds(now.read() == 4 ? 2 : 1)); // somebody else is at it
                })
                .run();
        // 4 in 2 s; 2 s; 2 in 1 s; 1 s; then the second look, which asks for nothing.
        assertThat(run.subList(0, 2)).containsExactly(2.0, 6 / 5.0);
        assertThat(batches.subList(0, 2)).containsExactly(2.0, 2.0);
        assertThat(run.subList(2, 4)).as("the second look is no move").containsExactly(6 / 5.0, 6 / 5.0);
        assertThat(batches.get(2)).as("but has a speed").isGreaterThan(1e6);
        assertThat(report.perSecond()).isEqualTo(6 / 5.0);
        assertThat(report.took()).isEqualTo(Duration.ofSeconds(8));
    }

    @Test
    void speed_ofAResumedRun_isItsOwn() throws Exception {
        DataSource at = filled(Database.SQLITE, 6, 6);
        Path checkpoint = folder.resolve("checkpoint");
        KeyManager kms = moving();
        ManualTime time = new ManualTime();
        to.answerLate(() -> time.advance(Duration.ofSeconds(1)), Operation.WRAP);
        Migration[] first = new Migration[1];
        first[0] = orders(kms, at)
                .time(time)
                .parallelism(1)
                .batch(4)
                .checkpoint(checkpoint)
                .progress(now -> first[0].stop());
        assertThat(first[0].run().perSecond()).isEqualTo(1.0);
        to.answerLate(() -> time.advance(Duration.ofSeconds(4)), Operation.WRAP);
        MigrationReport second = orders(kms, at)
                .time(time)
                .parallelism(1)
                .batch(4)
                .checkpoint(checkpoint)
                .run();
        assertThat(second.read()).as("of both").isEqualTo(6);
        assertThat(second.perSecond()).as("two of them in eight seconds").isEqualTo(0.25);
        MigrationReport nothing = orders(kms, at).time(time).dryRun().batch(1).run();
        assertThat(nothing.took()).isZero();
        assertThat(nothing.perSecond()).as("finite").isGreaterThan(1e6).isLessThan(1e12);
    }
}
