package io.sealwright.kms.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What to do about a file that this user may not use: most likely it is a service's, and is to stay that. */
final class Ownership {
    private Ownership() {}

    /** Tells of it, with the line that asks again as its owner. */
    static void tell(Report report, String text, Path path, Path home) {
        String owner = owner(path);
        tell(report, text, path, home, owner != null ? owner : owner(home), System.getProperty("user.name", ""));
    }

    static void tell(Report report, String text, Path path, Path home, @Nullable String owner, String user) {
        String take = "sudo chown \"$(id -un)\" " + Shell.word(path);
        if (owner == null || owner.equals(user)) {
            report.advise(text, "Ask as the user whose it is. If it is to be yours, and no service's: " + take);
            return;
        }
        report.mend(
                text,
                "sudo -u " + Shell.word(owner.matches("[0-9]+") ? "#" + owner : owner) + " env KMS_HOME="
                        + Shell.word(home) + " kms doctor",
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
