package io.sealwright.kms.cli;

import io.sealwright.kms.spi.Variables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Which folder the home is, and how folders of it are made: for the owner alone. */
final class HomeFolder {
    private HomeFolder() {}

    /**
     * {@code KMS_HOME}, else {@code ${XDG_DATA_HOME:-~/.local/share}/sealwright}; touches nothing.
     *
     * @throws Failure if there is none, or it is a file
     */
    static Path of(Surroundings here) {
        Path folder = find(here);
        if (Files.isRegularFile(folder)) {
            throw new Failure(
                    Failure.Code.KMS_CLI_ENVIRONMENT,
                    "The home '" + folder + "' is no folder.",
                    "A file has that name.",
                    "Set KMS_HOME to a folder for key file and store.");
        }
        return folder;
    }

    private static Path find(Surroundings here) {
        String home = Configured.by(Variables.of(here.environment()), "kms.home", "KMS_HOME");
        if (home != null) {
            return Failure.path(home).toAbsolutePath();
        }
        Path data = absolute(here.environment().get("XDG_DATA_HOME"));
        if (data != null) {
            return data.resolve("sealwright");
        }
        // The order of the engine, whose embedded() must find the same folder: the shell's ~, then the user database.
        Path user = absolute(here.environment().get("HOME"));
        if (user == null || !Files.isDirectory(user)) {
            user = absolute(here.userHome());
        }
        if (user == null || !Files.isDirectory(user)) {
            throw new Failure(
                    Failure.Code.KMS_CLI_ENVIRONMENT,
                    "There is no home directory.",
                    "Neither KMS_HOME nor XDG_DATA_HOME is set, and the user has none.",
                    "Set KMS_HOME to a folder for key file and store.");
        }
        return user.resolve(Path.of(".local", "share", "sealwright"));
    }

    private static @Nullable Path absolute(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        try {
            Path path = Path.of(text);
            return path.isAbsolute() ? path : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }

    /** Makes the folder that a file is to lie in, if it is missing; null for no file. */
    static void makeFor(@Nullable Path file) {
        Path wanted = file == null ? null : file.toAbsolutePath().getParent();
        if (wanted == null || Files.isDirectory(wanted)) {
            return;
        }
        try {
            Files.createDirectories(wanted, OwnerOnly.folder(wanted));
        } catch (IOException e) {
            throw Failure.writing(wanted.toString(), e);
        }
    }
}
