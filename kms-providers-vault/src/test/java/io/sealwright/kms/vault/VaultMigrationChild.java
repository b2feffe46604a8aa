package io.sealwright.kms.vault;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.MasterKeyMetrics;
import io.sealwright.kms.RewrapOptions;
import io.sealwright.kms.migrate.Migration;
import io.sealwright.kms.migrate.MigrationReport;
import io.sealwright.kms.spi.Variables;
import java.util.HashMap;
import java.util.Map;
import org.postgresql.ds.PGSimpleDataSource;

/** A process that moves the rows of {@link VaultMigrationStress}, and says what it is doing. */
final class VaultMigrationChild {
    static final String ENV = "env://MOVE_KEY";
    static final String TABLE = "cards";

    private VaultMigrationChild() {}

    /** The variables of every process of the test, as one argument. */
    static Map<String, String> variables(String argument) {
        Map<String, String> variables = new HashMap<>();
        for (String line : argument.split("\n")) {
            variables.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
        }
        return variables;
    }

    static KeyManagerBuilder manager(Map<String, String> variables) {
        return KeyManager.builder().fromEnvironment(Variables.of(variables), name -> null);
    }

    /** @param args variables, database, from, to, batch, after how many rows to wait to be killed (-1: never) */
    public static void main(String[] args) throws Exception {
        PGSimpleDataSource at = new PGSimpleDataSource();
        at.setUrl(args[1]);
        long killAt = Long.parseLong(args[5]);
        int[] batches = new int[1];
        try (KeyManager kms = manager(variables(args[0]))
                .masterKey(args[3])
                .alsoOpenWith(args[2])
                .build()) {
            MigrationReport report = Migration.of(kms)
                    .column(at, TABLE, "id", "data")
                    .batch(Integer.parseInt(args[4]))
                    .checkpointTable("progress")
                    .change(VaultMigrationChild::change)
                    .progress(now -> {
                        say("at " + now.read());
                        if (killAt >= 0 && now.read() >= killAt) {
                            awaitKill(batches);
                        }
                    })
                    .run();
            StringBuilder calls = new StringBuilder();
            for (MasterKeyMetrics metrics : kms.metrics().masterKeys()) {
                calls.append(' ').append(metrics.masterKey()).append('=').append(metrics.calls());
            }
            System.out.println("done " + (report.clean() ? "clean" : "unclean " + report.failures()) + " moved="
                    + report.moved() + " already=" + report.already() + " lost=" + report.lostRaces() + " millis="
                    + report.took().toMillis() + " perSecond=" + Math.round(report.perSecond()) + " before="
                    + report.before() + " after=" + report.after()
                    + " calls" + calls);
        }
    }

    private static void change(RewrapOptions<?> options) {
        say("begin");
        options.toMasterKeys();
    }

    /** Goes on for a few batches, in one of which the kill falls, and then does no more. */
    private static void awaitKill(int[] batches) {
        if (batches[0]++ == 0) {
            say("kill");
        }
        if (batches[0] > 4) {
            try {
                Thread.sleep(120_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
