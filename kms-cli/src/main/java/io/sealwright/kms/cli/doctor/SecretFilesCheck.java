package io.sealwright.kms.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Files that environment variables name for a secret, as {@code MASTER_ENCRYPTION_KEY_FILE}. */
final class SecretFilesCheck implements Check {
    private static final Pattern SECRET = Pattern.compile(".*(KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE).*_FILE");

    @Override
    public String subject() {
        return "secret files";
    }

    @Override
    public void look(Patient patient, Report report) {
        int before = report.findings();
        int looked = 0;
        for (Map.Entry<String, String> variable : new TreeMap<>(patient.place().environment()).entrySet()) {
            if (SECRET.matcher(variable.getKey()).matches()
                    && !variable.getValue().isEmpty()) {
                looked++;
                look(variable.getKey(), variable.getValue(), patient.place().environment(), report);
            }
        }
        if (report.cleanSince(before)) {
            report.healthy(
                    looked == 0 ? "no variable names one" : "all " + looked + " are there, and not for all to read");
        }
    }

    private static void look(String variable, String value, Map<String, String> environment, Report report) {
        String direct = variable.substring(0, variable.length() - "_FILE".length());
        if (!environment.getOrDefault(direct, "").isEmpty()) {
            report.mend("Both " + direct + " and " + variable + " are set.", "unset " + direct);
        }
        Path file;
        try {
            file = Path.of(value);
        } catch (InvalidPathException e) {
            report.mend(variable + " holds no file name.", "unset " + variable);
            return;
        }
        if (!Files.isRegularFile(file)) {
            report.mend(
                    variable + " names " + file + ", and there is no such file.",
                    "unset " + variable,
                    "Or mount the secret there.");
        } else if (!Files.isReadable(file)) {
            report.mend(
                    "This user may not read " + file + ", which " + variable + " names.",
                    "sudo chown \"$(id -un)\" " + Shell.word(file));
        } else if (isOpenToAll(file)) {
            report.mend(
                    file + ", which " + variable + " names, may be read or written by everybody.",
                    "chmod o= " + Shell.word(file),
                    "In Kubernetes, mount the secret with defaultMode: 0400.");
        }
    }

    private static boolean isOpenToAll(Path file) {
        try {
            Set<PosixFilePermission> modes = Files.getPosixFilePermissions(file);
            return modes.contains(PosixFilePermission.OTHERS_READ) || modes.contains(PosixFilePermission.OTHERS_WRITE);
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
