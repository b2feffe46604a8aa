package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreSchema;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The store: opens, is of this release, and its database finds no damage in it. */
final class StoreCheck implements Check {
    private static final DateTimeFormatter NAME_OF_TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    @Override
    public String subject() {
        return "store";
    }

    @Override
    public void look(Patient patient, Report report) {
        KmsException cut = patient.place().opening().cutStore();
        if (cut != null) {
            report.advise(
                    cut.what() + " " + cut.why() + " [" + cut.code() + "]",
                    "If it had keys, restore them: " + patient.kms("backup restore FILE")
                            + ". If it never had any, go on with: " + patient.kms("key create NAME"));
            return;
        }
        if (!patient.hasStore()) {
            report.skip("there is none yet; the first key makes it");
            return;
        }
        try {
            Optional<StoreSchema> older = patient.olderSchema();
            if (older.isPresent()) {
                report.mend(
                        (older.get().found() == 0
                                        ? "Nothing was made in it yet"
                                        : "Its tables are of schema "
                                                + older.get().found())
                                + "; this release has schema " + older.get().current()
                                + ". It was not opened, since whatever opens it brings it up to date, for good.",
                        patient.kms("health"),
                        "That does it, as would any other command or program of this release. An older release then"
                                + " refuses the store: renew all programs that use it first.");
                return;
            }
            NamedKeyStore store = patient.store();
            long revision = store.revision();
            List<String> damages = store.damages();
            if (damages.isEmpty()) {
                report.healthy(store.describe() + ", " + revision + " changes, no damage");
            } else {
                putAside(patient, report, "The database says: " + String.join("; ", damages));
            }
        } catch (StoreException e) {
            if (e.code() != ErrorCode.KMS_STORE_CORRUPT) {
                throw e;
            }
            putAside(patient, report, e.what() + " " + e.why() + " [" + e.code() + "]");
        }
    }

    /** What a database finds in its own files is not mended by writing into them. */
    static void putAside(Patient patient, Report report, String text) {
        Path file = patient.place().storeFile();
        if (file == null) {
            report.advise(
                    text,
                    "Have the database's own tools mend it, or restore into an empty one: "
                            + patient.kms("backup restore FILE"));
            return;
        }
        Path aside = file.resolveSibling(file.getFileName() + ".damaged-"
                + NAME_OF_TIME.format(patient.clock().instant()));
        // The log goes with it: it may hold what the file lacks. By their names: what else is called alike stays.
        String files = Stream.of("", "-wal", "-shm", "-turn")
                .map(suffix -> Shell.word(file.resolveSibling(file.getFileName() + suffix)))
                .collect(Collectors.joining(" "));
        report.mend(
                text,
                "mkdir -m 700 " + Shell.word(aside) + " && for f in " + files + "; do [ ! -e \"$f\" ] || mv -- \"$f\" "
                        + Shell.word(aside) + "/; done",
                "Stop what uses the store before. Then restore it: " + patient.kms("backup restore FILE"));
    }

    /** What to do where the rows of single keys are damaged. */
    static String restore(Patient patient) {
        return "Stop what uses the store, keep it as it is for whoever looks into it, and restore it: "
                + patient.kms("backup restore FILE --force");
    }
}
