package io.sealwright.kms.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The clock: keys become active and are destroyed by it, and vendors refuse requests whose time is wrong. */
final class ClockCheck implements Check {
    /** Before this release was written. */
    private static final Instant EARLIEST = Instant.parse("2026-01-01T00:00:00Z");

    private static final Instant LATEST = Instant.parse("2100-01-01T00:00:00Z");
    private static final Duration TOLERANCE = Duration.ofMinutes(5);
    private static final String SET_THE_CLOCK = "sudo timedatectl set-ntp true";

    @Override
    public String subject() {
        return "clock";
    }

    @Override
    public void look(Patient patient, Report report) {
        Instant now = patient.clock().instant();
        if (now.isBefore(EARLIEST) || now.isAfter(LATEST)) {
            report.mend("It says " + now + ", which cannot be.", SET_THE_CLOCK);
            return;
        }
        int before = report.findings();
        Instant latest = now.plus(TOLERANCE);
        for (Path file : files(patient)) {
            if (modified(file).isAfter(latest)) {
                report.mend(
                        file + " was written at " + modified(file) + ", and now it is " + now + ".",
                        "touch -c " + Shell.word(file),
                        "If the time of now is wrong, set the clock instead: " + SET_THE_CLOCK);
            }
        }
        if (patient.hasStore() && patient.hasMasterKey() && patient.storeOpens()) {
            lookAtKeys(patient, report, latest, now);
        }
        if (report.cleanSince(before)) {
            report.healthy("it says " + now);
        }
    }

    private static void lookAtKeys(Patient patient, Report report, Instant latest, Instant now) {
        List<String> late = new ArrayList<>();
        try {
            patient.both().keys().list().stream()
                    .filter(key -> key.rotatedAt().isAfter(latest))
                    .forEach(key -> late.add(key.name() + " at " + key.rotatedAt()));
        } catch (RuntimeException e) {
            return; // the check of the stored keys says what is wrong with them
        }
        if (!late.isEmpty()) {
            report.mend(
                    "Keys were made later than now, which is " + now + ": " + String.join(", ", late) + ".",
                    SET_THE_CLOCK,
                    "Here or on the machine that made them the clock is or was wrong. Once both are right, rotate each: "
                            + patient.kms("key rotate NAME"));
        }
    }

    private static List<Path> files(Patient patient) {
        List<Path> files = new ArrayList<>(List.of(patient.place().keyFile()));
        Path store = patient.place().storeFile();
        if (store != null) {
            files.add(store);
        }
        files.removeIf(Files::notExists);
        return files;
    }

    private static Instant modified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            return Instant.EPOCH; // the check of permissions says why it cannot be looked at
        }
    }
}
