package io.sealwright.kms.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Files that environment variables name for a secret, as {@code MASTER_ENCRYPTION_KEY_FILE}. */
final class SecretFilesCheck implements Check {
    private static final List<String> OTHERS =
            List.of("KMS_STORE_PASSWORD", "KMS_PKCS11_PIN", "VAULT_TOKEN", "VAULT_SECRET_ID", "VAULT_PASSWORD");

    @Override
    public String subject() {
        return "secret files";
    }

    @Override
    public void look(Patient patient, Report report) {
        int before = report.findings();
        int looked = 0;
        Map<String, String> environment = patient.place().environment();
        for (String secret : secrets(environment)) {
            String file = environment.getOrDefault(secret + "_FILE", "");
            if (!file.isEmpty()) {
                looked++;
                look(secret, file, patient, report);
            }
        }
        if (report.cleanSince(before)) {
            report.healthy(
                    looked == 0 ? "no variable names one" : "all " + looked + " are there, and not for all to read");
        }
    }

    /** The library's own secrets. Other programs' variables, as POSTGRES_PASSWORD_FILE, are not ours to judge. */
    private static Set<String> secrets(Map<String, String> environment) {
        Set<String> secrets = new TreeSet<>(OTHERS);
        Variable.masterKeys(environment).forEach(key -> secrets.addAll(List.of(key, key + "_NEXT", key + "_PREVIOUS")));
        return secrets;
    }

    private static void look(String direct, String value, Patient patient, Report report) {
        String variable = direct + "_FILE";
        boolean masterKey = Variable.holdsMasterKey(direct, patient.place().environment());
        if (!patient.place().environment().getOrDefault(direct, "").isEmpty()) {
            String both = "Both " + direct + " and " + variable + " are set.";
            if (masterKey) {
                report.advise(both, "Unset the one that does not hold the key. " + Variable.KEEP);
            } else {
                report.mend(both, "unset " + direct);
            }
        }
        Path file;
        try {
            file = Path.of(value);
        } catch (InvalidPathException e) {
            report.mend(variable + " holds no file name.", "unset " + variable);
            return;
        }
        if (!Files.isRegularFile(file) && masterKey) {
            report.advise(
                    variable + " names " + file + ", and there is no such file.",
                    "Mount the secret there, or correct the name; the first key of all is made by: "
                            + patient.kms("master-key bootstrap --create") + ". " + Variable.KEEP);
        } else if (!Files.isRegularFile(file)) {
            report.mend(
                    variable + " names " + file + ", and there is no such file.",
                    "unset " + variable,
                    "Or mount the secret there.");
        } else if (!Files.isReadable(file)) {
            Ownership.tell(report, "This user may not read " + file + ", which " + variable + " names.", file, patient);
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
