package io.sealwright.kms.cli.doctor;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Who may read and write the home, its key files and the store, by their modes. */
final class PermissionsCheck implements Check {
    @Override
    public String subject() {
        return "permissions";
    }

    @Override
    public void look(Patient patient, Report report) {
        Path folder = patient.place().folder();
        if (!Files.isDirectory(folder)) {
            report.skip("there is no home at " + folder);
            return;
        }
        if (!folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            report.skip("this file system has no modes: see that only you may read " + folder);
            return;
        }
        int before = report.findings();
        Path local = patient.place().keyFile().getParent();
        lookAtFolder(folder, patient, report);
        if (local != null && Files.isDirectory(local)) {
            lookAtFolder(local, patient, report);
            for (Path keyFile : keyFiles(local, patient, report)) {
                lookAtFile(keyFile, patient, report, false);
            }
        }
        Path store = patient.place().storeFile();
        if (store != null) {
            for (String suffix : List.of("", "-wal", "-shm")) {
                Path file = store.resolveSibling(store.getFileName() + suffix);
                if (Files.exists(file)) {
                    lookAtFile(file, patient, report, true);
                }
            }
        }
        if (report.cleanSince(before)) {
            report.healthy("home, key files and store are their owner's alone");
        }
    }

    private static List<Path> keyFiles(Path local, Patient patient, Report report) {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(local, "*.key")) {
            found.forEach(files::add);
        } catch (IOException e) {
            Ownership.tell(report, local + " cannot be listed.", local, patient);
        }
        return files;
    }

    private static void lookAtFolder(Path folder, Patient patient, Report report) {
        look(
                folder,
                patient,
                report,
                "rwx------",
                Set.of(),
                Set.of("OWNER_READ", "OWNER_WRITE", "OWNER_EXECUTE"),
                "chmod 700 ");
    }

    /** Key files may be a group's to read, as where a service's user is not their owner, and nobody's to write. */
    private static void lookAtFile(Path file, Patient patient, Report report, boolean writable) {
        if (Files.isDirectory(file)) {
            return; // no mode mends that: the checks of master key and store say what is wrong
        }
        look(
                file,
                patient,
                report,
                "rw-------",
                Set.of("GROUP_READ"),
                writable ? Set.of("OWNER_READ", "OWNER_WRITE") : Set.of("OWNER_READ"),
                "chmod 600 ");
    }

    private static void look(
            Path path,
            Patient patient,
            Report report,
            String best,
            Set<String> alsoAllowed,
            Set<String> needed,
            String command) {
        Set<PosixFilePermission> modes;
        try {
            modes = Files.getPosixFilePermissions(path);
        } catch (NoSuchFileException e) {
            if (Files.isSymbolicLink(path)) {
                report.advise(path + " is a link to a file that is not there.", "Mount or put back what it leads to.");
            }
            return;
        } catch (IOException e) {
            Ownership.tell(report, path + " cannot be looked at.", path, patient);
            return;
        }
        Set<PosixFilePermission> allowed = PosixFilePermissions.fromString(best);
        boolean open = modes.stream().anyMatch(mode -> !allowed.contains(mode) && !alsoAllowed.contains(mode.name()));
        boolean shut = needed.stream().anyMatch(mode -> !modes.contains(PosixFilePermission.valueOf(mode)));
        String text = path + " has mode " + PosixFilePermissions.toString(modes);
        if (open) {
            report.mend(text + ", so others than its owner may use it.", command + Shell.word(path));
        } else if (shut) {
            report.mend(text + ", so its owner cannot use it.", command + Shell.word(path));
        } else if (!Files.isReadable(path)) {
            Ownership.tell(report, "This user may not read " + path + ".", path, patient);
        }
    }
}
