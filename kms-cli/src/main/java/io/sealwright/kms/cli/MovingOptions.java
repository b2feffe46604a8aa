package io.sealwright.kms.cli;

import io.sealwright.kms.RewrapOptions;
import io.sealwright.kms.migrate.Migration;
import io.sealwright.kms.migrate.MigrationReport;
import io.sealwright.kms.migrate.MigrationReport.KeyCount;
import io.sealwright.kms.spi.TimeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How data is moved in bulk, and what is told of it. */
final class MovingOptions {
    /** So long a signal waits for what is being worked on: a provider's call may take its deadline. */
    private static final int GRACE_SECONDS = 15;

    private static final int MOST_NAMED = 10;

    @Option(
            names = "--from",
            paramLabel = "URI",
            description = "Open with this master key, where the data lies under one that is not configured.")
    private List<String> from = new ArrayList<>();

    @Option(
            names = "--to",
            paramLabel = "URI",
            description = "Move to this master key; given several times, to all of them, any one of which opens.")
    private List<String> to = new ArrayList<>();

    @Option(names = "--remove-unknown", description = "Remove recipients whose keys are not here, too.")
    private boolean removeUnknown;

    @Option(
            names = "--allow-compromised",
            description = "Move messages under compromised keys too; their bodies are encrypted anew.")
    private boolean allowCompromised;

    @Option(names = "--dry-run", description = "Change nothing; say what would be done.")
    private boolean dryRun;

    @Option(names = "--json", description = "Write JSON.")
    private boolean json;

    @Option(
            names = "--checkpoint",
            paramLabel = "FILE",
            description = "Keep there how far the work is, and go on there when it is started again.")
    private @Nullable String checkpoint;

    @Option(names = "--batch", paramLabel = "N", description = "Read and write so many at a time; default 500.")
    private @Nullable Integer batch;

    @Option(names = "--rate", paramLabel = "N", description = "Look at no more than so many a second.")
    private @Nullable Integer rate;

    @Option(names = "--most-failures", paramLabel = "N", description = "End after so many failures; default 1000.")
    private @Nullable Integer mostFailures;

    List<String> from() {
        return from;
    }

    List<String> to() {
        return to;
    }

    /** What bodies are bound to that are encrypted anew: without -a nothing, as {@code kms rewrap} takes it. */
    byte @Nullable [] associatedData(byte @Nullable [] given) {
        return given == null && allowCompromised ? new byte[0] : given;
    }

    /** An option that was given and means nothing without {@code --to}. */
    @Nullable
    String given() {
        if (!from.isEmpty()) {
            return "--from";
        }
        if (removeUnknown) {
            return "--remove-unknown";
        }
        if (allowCompromised) {
            return "--allow-compromised";
        }
        if (dryRun) {
            return "--dry-run";
        }
        if (json) {
            return "--json";
        }
        if (checkpoint != null) {
            return "--checkpoint";
        }
        if (batch != null) {
            return "--batch";
        }
        return rate != null ? "--rate" : mostFailures != null ? "--most-failures" : null;
    }

    /** Sets what was given; a number out of bounds is wrong usage. */
    Migration set(Migration job) {
        try {
            if (removeUnknown) {
                job.change(MovingOptions::toMasterKeysAlone);
            }
            if (allowCompromised) {
                job.allowCompromised();
            }
            if (dryRun) {
                job.dryRun();
            }
            if (checkpoint != null) {
                job.checkpoint(Failure.path(checkpoint));
            }
            if (batch != null) {
                job.batch(batch);
            }
            if (rate != null) {
                job.rate(rate);
            }
            if (mostFailures != null) {
                job.mostFailures(mostFailures);
            }
            return job;
        } catch (IllegalArgumentException e) {
            throw Failure.usage("A number is out of bounds.", e.getMessage() + ".", "Give another one.");
        }
    }

    private static void toMasterKeysAlone(RewrapOptions<?> options) {
        options.toMasterKeys().removeUnknown();
    }

    /** Runs the job and tells what became of it: progress and failures on standard error, the result on standard output. */
    void run(Command command, Migration job) {
        Surroundings here = command.here();
        CountDownLatch ended = new CountDownLatch(1);
        here.unfinished().beforeStop(() -> {
            job.stop();
            try {
                boolean unused = ended.await(GRACE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        MigrationReport report;
        try (MovingProgress progress = new MovingProgress(here, TimeSource.system())) {
            report = job.progress(progress).run();
        } finally {
            ended.countDown();
        }
        boolean whole = report.clean();
        if (!whole && here.unfinished().stopped()) {
            throw failure(report); // the signal says it all
        }
        if (!json) {
            command.print(text(report));
        } else if (whole) {
            command.print(json(report) + "\n");
        }
        if (!whole) {
            throw failure(report);
        }
    }

    private static Failure failure(MigrationReport report) {
        String named = report.failures().stream()
                .limit(MOST_NAMED)
                .map(MigrationReport.Failure::item)
                .collect(Collectors.joining(", "));
        if (report.complete() && report.failed() == 0) {
            return unsettled(report);
        }
        String why = report.failures().isEmpty()
                ? "The work was stopped before its end."
                : "The first of them: " + report.failures().get(0).error().what() + " "
                        + report.failures().get(0).error().why();
        String remedy = report.failures().isEmpty()
                ? "Start the command again."
                : report.failures().get(0).error().remedy() + " Then start the command again: what is done stays done.";
        return new Failure(
                Failure.Code.KMS_CLI_NOT_MOVED,
                report.failed() + " of " + report.read() + " were not moved"
                        + (named.isEmpty() ? "" : ": " + named + (report.failed() > MOST_NAMED ? ", …" : "")) + ".",
                why,
                remedy);
    }

    /** All went well, but the second look saw something else than what was left. */
    private static Failure unsettled(MigrationReport report) {
        boolean missing = report.missingAfter() > 0;
        return new Failure(
                Failure.Code.KMS_CLI_NOT_MOVED,
                report.leftAfter() + " are still to be moved, " + report.rawAfter() + " are no messages, and "
                        + report.missingAfter() + " were missing, when all were looked at once more.",
                missing
                        ? "They were deleted meanwhile, or are out of sight, as on a disk that is not mounted."
                        : "Somebody sealed under an old key meanwhile, or put an older copy back.",
                (missing ? "Look whether all of them are there," : "Let every program seal under the new keys,")
                        + " then start the command again.");
    }

    private static String text(MigrationReport report) {
        StringBuilder out = new StringBuilder();
        String verb = report.dryRun() ? "would be " : "";
        String speed = report.perSecond() > 0 ? ": " + MovingProgress.rate(report.perSecond()) + " a second" : "";
        line(out, "looked at", report.read(), speed);
        line(out, verb + "moved", report.moved(), "");
        line(out, verb + "made messages", report.converted(), ": raw data of an older system");
        line(out, verb + "encrypted anew", report.encryptedAnew(), ": header and body");
        line(out, "needed nothing", report.already(), "");
        line(out, "skipped", report.skipped(), ": no messages");
        line(out, "links", report.links(), ": not followed");
        line(out, "of several names", report.severalNames(), ": their other names keep what was there before");
        line(out, "read again", report.lostRaces(), ": changed meanwhile");
        line(out, "gone", report.vanished(), ": deleted meanwhile");
        line(out, "failed", report.failed(), ": as they were");
        line(out, "no messages now", report.rawAfter(), "");
        line(out, "still to be moved", report.leftAfter(), ": somebody seals under an old key, or they failed");
        line(out, "missing now", report.missingAfter(), ": deleted meanwhile, or out of sight");
        uses(out, "before", report.before());
        if (!report.dryRun()) {
            uses(out, "now", report.after());
        }
        for (KeyCount count : report.retirable()) {
            out.append(Printable.text(name(count) + " can be retired, as far as these are concerned"))
                    .append('\n');
        }
        return out.toString();
    }

    private static void line(StringBuilder out, String what, long number, String remark) {
        if (number > 0 || what.equals("looked at")) {
            out.append(String.format(Locale.ROOT, "%-24s %d%s%n", what, number, remark));
        }
    }

    private static void uses(StringBuilder out, String when, List<KeyCount> uses) {
        for (KeyCount count : uses) {
            out.append(Printable.text(
                            String.format(Locale.ROOT, "%-24s %d under %s", when, count.items(), name(count))))
                    .append('\n');
        }
    }

    private static String name(KeyCount count) {
        return switch (count.kind()) {
            case MASTER_KEY -> count.key() + " version " + count.version();
            case NAMED_KEY -> "key '" + count.key() + "' version " + count.version();
            case UNKNOWN -> "a key that is not here: " + count.key();
        };
    }

    private static String json(MigrationReport report) {
        return Json.object(all -> {
            all.put("complete", report.complete())
                    .put("dryRun", report.dryRun())
                    .put("read", (Long) report.read())
                    .put("moved", (Long) report.moved())
                    .put("converted", (Long) report.converted())
                    .put("encryptedAnew", (Long) report.encryptedAnew())
                    .put("already", (Long) report.already())
                    .put("skipped", (Long) report.skipped())
                    .put("links", (Long) report.links())
                    .put("severalNames", (Long) report.severalNames())
                    .put("lostRaces", (Long) report.lostRaces())
                    .put("vanished", (Long) report.vanished())
                    .put("failed", (Long) report.failed())
                    .put("rawAfter", (Long) report.rawAfter())
                    .put("leftAfter", (Long) report.leftAfter())
                    .put("missingAfter", (Long) report.missingAfter())
                    .put("millis", (Long) report.took().toMillis())
                    .putDecimal("perSecond", report.perSecond())
                    .putDecimal("lastBatchPerSecond", report.lastBatchPerSecond());
            counts(all, "before", report.before());
            counts(all, "after", report.after());
            counts(all, "retirable", report.retirable());
        });
    }

    private static void counts(Json all, String name, List<KeyCount> counts) {
        all.putObjects(
                name,
                counts,
                (out, count) -> out.put(
                                "kind",
                                count.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                        .put("key", count.key())
                        .put("version", count.version())
                        .put("items", (Long) count.items()));
    }
}
