package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.MasterKeys.Examined;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What a process that was killed left: partial files, temporary key files, a rotation half done. */
final class LeftoversCheck implements Check {
    private static final Pattern PARTIAL = Pattern.compile("\\..+\\.kms-partial", Pattern.DOTALL);
    private static final Pattern KEY_FILE = Pattern.compile("\\..+\\.key\\.[0-9a-f]{16}\\.tmp", Pattern.DOTALL);

    /** A key file is written in milliseconds. */
    private static final Duration SURELY_WRITTEN = Duration.ofMinutes(1);

    @Override
    public String subject() {
        return "left-overs";
    }

    @Override
    public void look(Patient patient, Report report) {
        int before = report.findings();
        Set<Path> folders = new LinkedHashSet<>();
        folders.add(patient.place().workingFolder().toAbsolutePath());
        folders.add(patient.place().folder());
        Path local = patient.place().keyFile().getParent();
        if (local != null) {
            folders.add(local);
        }
        for (Path folder : folders) {
            for (Path file : files(folder)) {
                look(file, patient, report);
            }
        }
        if (Files.exists(patient.place().rotationMark())) {
            rotation(patient, report);
        }
        if (report.cleanSince(before)) {
            report.healthy("none in the home and in this folder");
        }
    }

    private static void look(Path file, Patient patient, Report report) {
        String name = String.valueOf(file.getFileName());
        if (PARTIAL.matcher(name).matches() && !isBeingWritten(file)) {
            report.mend(file + " was not finished, and nobody is writing it.", "rm -- " + Shell.word(file));
        } else if (KEY_FILE.matcher(name).matches()
                && isOld(file, patient.clock().instant())) {
            report.mend(
                    file + " is a key file that was not finished: it holds keys, and nobody needs it.",
                    "rm -- " + Shell.word(file));
        }
    }

    private static void rotation(Patient patient, Report report) {
        String text = "A rotation of the master key was not finished: some stored keys are under an older version.";
        try {
            List<String> lines = Files.readAllLines(patient.place().rotationMark());
            String begun = lines.size() == 2 ? lines.get(1) : patient.place().store();
            if (begun.equals(patient.place().store())) {
                String present = patient.place().masterKey();
                report.mend(
                        allNewest(patient)
                                ? "A rotation of the master key was ended before it could say that it was finished: all"
                                        + " stored keys are under the newest version, and the file that marks it is left."
                                : text,
                        // Of another master key no version is to be made: the stored keys are put under this one.
                        lines.size() < 2 || lines.get(0).equals(present)
                                ? patient.kms("master-key rotate")
                                : patient.kms("master-key rotate --to " + Shell.uri(present)));
            } else if (new File(begun).isAbsolute()) {
                report.mend(text, "kms master-key rotate --store " + Shell.word("jdbc:sqlite:" + begun));
            } else {
                report.advise(
                        text,
                        "It was begun for the store " + begun + ": set KMS_STORE_URL to that one, and its password as"
                                + " KMS_STORE_PASSWORD, then: kms master-key rotate");
            }
        } catch (IOException e) {
            report.mend(text, patient.kms("master-key rotate"));
        }
    }

    private static boolean allNewest(Patient patient) {
        if (!patient.hasStore() || !patient.hasMasterKey() || !patient.storeOpens()) {
            return false;
        }
        try {
            Examined examined = patient.examined();
            return examined.outdated() == 0 && examined.problems().isEmpty();
        } catch (RuntimeException e) {
            return false; // the check of the stored keys says why
        }
    }

    private static List<Path> files(Path folder) {
        Set<Path> files = new LinkedHashSet<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> found =
                    Files.newDirectoryStream(folder, path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))) {
                found.forEach(files::add);
            } catch (IOException e) {
                return List.of(); // the check of permissions says why it cannot be listed
            }
        }
        return List.copyOf(files);
    }

    /** Whoever writes a partial file holds a lock on it. */
    private static boolean isBeingWritten(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.tryLock()) {
            return lock == null;
        } catch (OverlappingFileLockException e) {
            return true;
        } catch (IOException e) {
            return true; // not ours to open, or no locks there: somebody may be writing it
        }
    }

    private static boolean isOld(Path file, Instant now) {
        try {
            return Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(SURELY_WRITTEN));
        } catch (IOException e) {
            return false; // gone meanwhile: somebody was writing it
        }
    }
}
