package io.sealwright.kms.cli.doctor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Room on the disks of home and store: a change that finds none fails. */
final class DiskCheck implements Check {
    /** A store of 100,000 keys has some 100 MiB; less than this is gone in a day of any log. */
    private static final long LEAST_BYTES = 64L << 20;

    @Override
    public String subject() {
        return "disk";
    }

    @Override
    public void look(Patient patient, Report report) {
        int before = report.findings();
        Set<Path> folders = new LinkedHashSet<>();
        add(folders, patient.place().folder());
        Path store = patient.place().storeFile();
        add(folders, store == null ? null : store.getParent());
        for (Path folder : folders) {
            long bytes = patient.usableBytesAt(folder);
            if (bytes < LEAST_BYTES) {
                report.advise(
                        (bytes >> 20) + " MiB are free at " + folder + "; at least " + (LEAST_BYTES >> 20)
                                + " should be.",
                        "Make room on that disk (this shows what is large: du -xh " + Shell.word(folder)
                                + " | sort -h | tail), or move the home to another one and set KMS_HOME.");
            }
        }
        if (report.cleanSince(before)) {
            report.healthy("there is room");
        }
    }

    private static void add(Set<Path> folders, @Nullable Path folder) {
        Path there = folder;
        while (there != null && Files.notExists(there)) {
            there = there.getParent();
        }
        if (there != null) {
            folders.add(there);
        }
    }
}
