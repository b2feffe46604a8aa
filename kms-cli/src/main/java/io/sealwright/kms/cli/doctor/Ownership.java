package io.sealwright.kms.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What to do about a file that this user may not use: most likely it is a service's, and is to stay that. */
final class Ownership {
    private Ownership() {}

    /** Tells of it, with the line that asks again as its owner. */
    static void tell(Report report, String text, Path path, Patient patient) {
        Path home = patient.place().folder();
        String owner = owner(path);
        String asking = "env KMS_HOME=" + Shell.word(home) + " " + patient.kms("doctor");
        tell(report, text, path, asking, owner != null ? owner : owner(home), System.getProperty("user.name", ""));
    }

    static void tell(Report report, String text, Path path, String asking, @Nullable String owner, String user) {
        String take = "sudo chown \"$(id -un)\" " + Shell.word(path);
        if (owner == null || owner.equals(user)) {
            report.advise(text, "Ask as the user whose it is. If it is to be yours, and no service's: " + take);
            return;
        }
        report.mend(
                text,
                "sudo -u " + Shell.word(owner.matches("[0-9]+") ? "#" + owner : owner) + " " + asking,
                "It belongs to " + owner + ". Only if it is to be yours, and no service's: " + take);
    }

    private static @Nullable String owner(Path path) {
        try {
            return Files.getOwner(path).getName();
        } catch (IOException | UnsupportedOperationException e) {
            return null;
        }
    }
}
