package io.sealwright.kms.cli;

import io.sealwright.kms.Encryption;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.migrate.Migration;
import io.sealwright.kms.migrate.RawAesGcm;
import io.sealwright.kms.spi.Variables;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms migrate}. */
@picocli.CommandLine.Command(
        name = "migrate",
        description = "Moves a database column, or files, to other master keys; makes messages of raw AES-GCM data.",
        sortOptions = false)
final class MigrateCommand extends Command {
    @Parameters(paramLabel = "PATH", arity = "0..*", description = "Files, and folders with all files under them.")
    private List<String> paths = new ArrayList<>();

    @Option(
            names = "--jdbc",
            paramLabel = "URL",
            description = "A database instead of files; user and password by KMS_MIGRATE_USER, KMS_MIGRATE_PASSWORD.")
    private @Nullable String url;

    @Option(names = "--table", paramLabel = "T", description = "Its table, as TABLE or SCHEMA.TABLE.")
    private @Nullable String table;

    @Option(names = "--id", paramLabel = "K", description = "The table's primary key.")
    private @Nullable String id;

    @Option(names = "--column", paramLabel = "C", description = "The column that is moved.")
    private @Nullable String column;

    @Mixin
    private final MovingOptions moving = new MovingOptions();

    @Mixin
    private final RawOptions raw = new RawOptions();

    @Option(
            names = {"-k", "--key"},
            paramLabel = "KEY",
            description = "Encrypt raw data for this named key instead of the master keys.")
    private @Nullable String key;

    @Option(names = "--direct", description = "Derive its keys from the named key: shortest, without recipients.")
    private boolean direct;

    @Mixin
    private final BindingOptions bindings = new BindingOptions();

    @Option(
            names = "--bind-id",
            description =
                    "Bind what is encrypted to the row's key as text, or the file's absolute name, as associated data.")
    private boolean bindId;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        boolean ofColumn = demandOneSource();
        EncryptionContext context = bindings.context();
        Function<String, byte[]> data = associatedData();
        Home home = store.home(here());
        try (RawAesGcm old = raw.open(here(), home.folder());
                KeyManager kms = new Managers(home).movingAll(moving.to(), moving.from())) {
            Migration job = moving.set(source(kms, ofColumn));
            if (old != null) {
                job.convert(old).sealing(encryption -> seal(encryption, context));
            }
            if (data != null) {
                job.associatedData(data);
            }
            moving.run(this, job);
        }
        return 0;
    }

    private boolean demandOneSource() {
        boolean ofColumn = url != null || table != null || id != null || column != null;
        boolean whole = url != null && table != null && id != null && column != null;
        if (ofColumn ? !whole || !paths.isEmpty() : paths.isEmpty()) {
            throw Failure.usage(
                    "It is not clear what is to be moved.",
                    "It is either files, or a column.",
                    "Give PATH..., or --jdbc URL --table T --id K --column C.");
        }
        if (direct && key == null) {
            throw Failure.usage("--direct needs -k.", "Keys are derived from a named key.", "Give one, as -k orders.");
        }
        if (moving.to().isEmpty()
                && key == null
                && moving.given() != null
                && moving.given().equals("--from")) {
            throw Failure.usage(
                    "--from needs --to.",
                    "Where to is not said.",
                    "Give the new master key, as --to aws-kms://alias/app.");
        }
        return ofColumn;
    }

    private Migration source(KeyManager kms, boolean ofColumn) {
        Migration job = Migration.of(kms);
        if (!ofColumn) {
            return job.files(paths(paths));
        }
        try {
            return job.column(
                    DriverDataSource.of(String.valueOf(url), Variables.of(here().environment())),
                    String.valueOf(table),
                    String.valueOf(id),
                    String.valueOf(column));
        } catch (IllegalArgumentException e) {
            throw Failure.usage("A name cannot be one.", e.getMessage() + ".", "Correct it.");
        }
    }

    static List<Path> paths(List<String> names) {
        return names.stream().map(Failure::path).toList();
    }

    private void seal(Encryption encryption, EncryptionContext context) {
        encryption.context(context);
        if (key != null) {
            encryption.key(key);
        }
        if (direct) {
            encryption.direct();
        }
    }

    private @Nullable Function<String, byte[]> associatedData() {
        byte[] given = bindings.associatedData();
        if (given != null && bindId) {
            throw Failure.usage("-a and --bind-id exclude each other.", "Both are associated data.", "Give one.");
        }
        byte[] data = moving.associatedData(given);
        return bindId ? name -> name.getBytes(StandardCharsets.UTF_8) : data == null ? null : name -> data;
    }
}
