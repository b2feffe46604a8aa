package io.sealwright.kms.migrate;

import io.sealwright.kms.Encryption;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.RewrapOptions;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.spi.BuilderChecks;
import io.sealwright.kms.spi.TimeSource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Moves everything that is sealed in a database column or in files to the master keys that a manager wraps with, while
 * applications go on using it.
 *
 * <pre>{@code
 * try (KeyManager kms = KeyManager.builder()
 *         .masterKey("vault-transit://transit/app")            // where to
 *         .alsoOpenWith("env://MASTER_ENCRYPTION_KEY")         // where from
 *         .build()) {
 *     MigrationReport report = Migration.of(kms)
 *             .column(dataSource, "orders", "id", "card")
 *             .checkpoint(Path.of("orders.checkpoint"))
 *             .run();
 * }
 * }</pre>
 *
 * <p><b>What it promises.</b> An item is replaced as a whole, and only if it still holds what was read: what an application
 * writes meanwhile is never overwritten, but read again. An item that was moved is not touched again, so a job may be
 * killed at any moment and started again. New wraps are unwrapped and compared before they replace anything. Bodies are
 * not opened (unless they must change), so damaged ones stay damaged. What cannot be moved stays as it was, is reported,
 * and does not stop the others. Master keys are asked once for each distinct header, not for each item; no key is asked
 * while a row is locked, and no row that somebody else has locked is waited for.
 *
 * <p>It revokes nothing: whoever could open an item before may have kept what it needs.
 *
 * <p>Collect the settings, then call {@link #run} once. Not safe for concurrent use, except {@link #stop}.
 */
public final class Migration {
    /** 500: a transaction of some milliseconds. */
    public static final int DEFAULT_BATCH = 500;

    /** Four: what a provider hardly notices. */
    public static final int DEFAULT_PARALLELISM = 4;

    /** 1,000: something is wrong with all of them then. */
    public static final int DEFAULT_MOST_FAILURES = 1_000;

    private final KeyManager kms;
    private final Stop stop = new Stop();
    private @Nullable DataSource dataSource;
    private @Nullable ColumnNames names;
    private @Nullable List<Path> files;
    private @Nullable RawAesGcm raw;
    private @Nullable Consumer<RewrapOptions<?>> change;
    private @Nullable Consumer<Encryption> sealing;
    private @Nullable Function<String, byte[]> associatedData;
    private @Nullable Path checkpointFile;
    private @Nullable String checkpointTable;
    private @Nullable Integer batch;
    private @Nullable Integer perSecond;
    private @Nullable Integer parallelism;
    private @Nullable Integer mostFailures;
    private @Nullable Consumer<MigrationReport> progress;
    private TimeSource time = TimeSource.system();
    private boolean allowCompromised;
    private boolean dryRun;
    private boolean begun;

    private Migration(KeyManager kms) {
        this.kms = kms;
    }

    /**
     * Begins a job.
     *
     * @param kms wraps with the keys that data is to be moved to, and opens with those it lies under; not closed
     */
    public static Migration of(KeyManager kms) {
        return new Migration(Objects.requireNonNull(kms, "kms"));
    }

    /**
     * Moves a column of a PostgreSQL or SQLite table: messages as bytes, or as tokens in a column of text. Nulls stay.
     * Names are taken as the catalogue has them; a schema may stand before the table with a dot. One connection is held for
     * the whole job.
     *
     * @param key the primary key, or another column that is unique and NOT NULL: of whole numbers, numeric, text or UUID
     * @param column what is moved
     * @throws IllegalArgumentException if a name cannot be one
     */
    public Migration column(DataSource dataSource, String table, String key, String column) {
        demandOneSource();
        this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        this.names = ColumnNames.of(table, key, column);
        return this;
    }

    /**
     * Moves files, and all files under folders. Mode, owner and group stay; names that are links stay links. In a folder
     * what is no message is left alone, unless raw data is converted.
     */
    public Migration files(List<Path> paths) {
        demandOneSource();
        if (paths.isEmpty()) {
            throw new IllegalArgumentException("no path is given");
        }
        this.files = List.copyOf(paths);
        return this;
    }

    private void demandOneSource() {
        if (dataSource != null || files != null) {
            throw new IllegalStateException("a job moves one column, or files: make another job for more");
        }
    }

    /** Makes messages of what is no message but opens as this. The caller closes it after the job. */
    public Migration convert(RawAesGcm raw) {
        BuilderChecks.once("convert", this.raw);
        this.raw = Objects.requireNonNull(raw, "raw");
        return this;
    }

    /**
     * Sets how what is converted is sealed: encryption context, named key, direct form. Default: for the manager's master
     * keys, without context.
     */
    public Migration sealing(Consumer<Encryption> sealing) {
        BuilderChecks.once("sealing", this.sealing);
        this.sealing = Objects.requireNonNull(sealing, "sealing");
        return this;
    }

    /** Sets what becomes of messages' recipients; default {@link RewrapOptions#toMasterKeys}. Called once a header, by several threads. */
    public Migration change(Consumer<RewrapOptions<?>> change) {
        BuilderChecks.once("change", this.change);
        this.change = Objects.requireNonNull(change, "change");
        return this;
    }

    /**
     * Sets the associated data of what is converted, and of what must be encrypted anew; default none.
     *
     * @param associatedData gives it for a row's key as text (numbers in decimal, UUIDs in their usual form), or for a
     *     file's absolute name; called by several threads
     */
    public Migration associatedData(Function<String, byte[]> associatedData) {
        BuilderChecks.once("associatedData", this.associatedData);
        this.associatedData = Objects.requireNonNull(associatedData, "associatedData");
        return this;
    }

    /** Keeps in this file how far the job is, after each batch, so that it goes on there when it is started again. */
    public Migration checkpoint(Path file) {
        BuilderChecks.once("checkpoint", checkpointFile);
        this.checkpointFile = Objects.requireNonNull(file, "file");
        return this;
    }

    /** As {@link #checkpoint}, in a table beside the column's, which is made if it is missing. */
    public Migration checkpointTable(String table) {
        BuilderChecks.once("checkpointTable", checkpointTable);
        this.checkpointTable = ColumnNames.of(table, "job", "state").table();
        return this;
    }

    /** Sets how many items are read at a time, and written in one transaction; default 500, 1 to 10,000. */
    public Migration batch(int items) {
        BuilderChecks.once("batch", batch);
        this.batch = within("batch", items, 1, 10_000);
        return this;
    }

    /** Sets how many items a second are read at most; default as many as go, 1 to 1,000,000. */
    public Migration rate(int itemsPerSecond) {
        BuilderChecks.once("rate", perSecond);
        this.perSecond = within("rate", itemsPerSecond, 1, 1_000_000);
        return this;
    }

    /** Sets how many headers are asked about at the same time; default 4, 1 to 16. */
    public Migration parallelism(int threads) {
        BuilderChecks.once("parallelism", parallelism);
        this.parallelism = within("parallelism", threads, 1, 16);
        return this;
    }

    /** Sets after how many failures the job ends; default 1,000. It then begins anew when it is started again. */
    public Migration mostFailures(int failures) {
        BuilderChecks.once("mostFailures", mostFailures);
        this.mostFailures = within("mostFailures", failures, 1, Integer.MAX_VALUE);
        return this;
    }

    /**
     * Accepts messages under compromised keys, which fail otherwise: whoever has the key can have made them. Their bodies are
     * encrypted anew, for which {@link #associatedData} is needed. Each causes an event.
     */
    public Migration allowCompromised() {
        allowCompromised = true;
        return this;
    }

    /** Changes nothing, neither items nor checkpoints: counts what would be done, and opens raw data to see that it opens. */
    public Migration dryRun() {
        dryRun = true;
        return this;
    }

    /** Is told how far the job is after each batch, on the job's thread. */
    public Migration progress(Consumer<MigrationReport> progress) {
        BuilderChecks.once("progress", this.progress);
        this.progress = Objects.requireNonNull(progress, "progress");
        return this;
    }

    /** For tests: the clock that speed and pace are told by. */
    Migration time(TimeSource time) {
        this.time = time;
        return this;
    }

    /** Lets the job end after the batch it is at. May be called by any thread, at any time. */
    public void stop() {
        stop.request();
    }

    /**
     * Does the job; returns when everything was looked at and, unless nothing was to be changed, once more after the last
     * move, or when it was stopped or failed too often.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if table, columns or checkpoint are not what they should be
     * @throws io.sealwright.kms.error.StoreException if the database or a folder does not answer for half a minute; the
     *     checkpoint is as of the batch before
     * @throws io.sealwright.kms.error.CallInterruptedException if the thread is interrupted; likewise
     * @throws IllegalStateException if it was called before, or neither column nor files are given
     */
    public MigrationReport run() {
        if (begun) {
            throw new IllegalStateException("a job runs once: make another");
        }
        begun = true;
        if (checkpointFile != null && checkpointTable != null) {
            throw new IllegalStateException("a checkpoint is kept in a file or in a table, not in both");
        }
        DataSource database = dataSource;
        ColumnNames column = names;
        if (database == null || column == null) {
            if (files == null) {
                throw new IllegalStateException("nothing is to be moved: call column(...) or files(...)");
            }
            if (checkpointTable != null) {
                throw new IllegalStateException("files have no table beside them: call checkpoint(...) with a file");
            }
            try (FileItems source = new FileItems(files, stop)) {
                return run(source, file());
            }
        }
        try (JdbcSession session = new JdbcSession(database, stop);
                JdbcColumn source = new JdbcColumn(session, column, stop)) {
            return run(
                    source, checkpointTable == null || dryRun ? file() : new TableCheckpoint(session, checkpointTable));
        }
    }

    private Checkpoint file() {
        return checkpointFile == null || dryRun ? Checkpoint.NONE : new FileCheckpoint(checkpointFile);
    }

    private <I extends Item> MigrationReport run(Source<I> source, Checkpoint checkpoint) {
        Consumer<RewrapOptions<?>> chosen = change == null ? RewrapOptions::toMasterKeys : change;
        chosen.accept(kms.rewrap(new byte[0])); // a key that this manager does not have is told before any item is
        ExecutorService threads = threads(parallelism == null ? DEFAULT_PARALLELISM : parallelism);
        try {
            Mover mover = new Mover(
                    kms,
                    chosen,
                    raw,
                    sealing == null ? encryption -> {} : sealing,
                    associatedData,
                    allowCompromised,
                    dryRun,
                    threads);
            String job = job(source);
            State state = checkpoint.load(job).orElseGet(() -> new State(job));
            return new Job<>(source, mover, checkpoint, state, limits()).run();
        } finally {
            threads.shutdownNow();
        }
    }

    private Job.Limits limits() {
        return new Job.Limits(
                batch == null ? DEFAULT_BATCH : batch,
                mostFailures == null ? DEFAULT_MOST_FAILURES : mostFailures,
                perSecond,
                progress == null ? report -> {} : progress,
                stop,
                time);
    }

    private static ExecutorService threads(int most) {
        AtomicInteger number = new AtomicInteger();
        return Executors.newFixedThreadPool(most, task -> {
            Thread thread = new Thread(task, "sealwright-migration-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** What a checkpoint must fit: going on with other keys would leave what lies before it where it is. */
    private String job(Source<?> source) {
        String text = String.join(
                "\n",
                source.identity(),
                String.join(" ", kms.masterKeys().uris()),
                raw == null ? "" : raw.form(),
                change == null ? "" : "other recipients");
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new KmsBugException("every JCA has SHA-256", e);
        }
    }

    private static int within(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " must be " + least + " to " + most + ", not " + value);
        }
        return value;
    }
}
