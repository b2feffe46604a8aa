package io.sealwright.kms.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * An end of a command that is the command line's own; errors of the library keep their type. What, why, what to do:
 * one sentence each, without secrets.
 */
final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Codes beside those of {@link io.sealwright.kms.error.ErrorCode}; explained in {@code docs/CLI.md}. */
    enum Code {
        /** Wrong arguments. */
        KMS_CLI_USAGE(2),
        /** This release does not have it. */
        KMS_CLI_LATER_RELEASE(2),
        /** Something of the environment that this release cannot read yet. */
        KMS_CLI_ENVIRONMENT(1),
        /** The input is missing or cannot be read. */
        KMS_CLI_INPUT(1),
        /** The output cannot be written. */
        KMS_CLI_OUTPUT(1),
        /** The output is there already. */
        KMS_CLI_TARGET_EXISTS(1),
        /** Output and input are one file. */
        KMS_CLI_SAME_FILE(1),
        /** Bytes would go to a terminal. */
        KMS_CLI_TERMINAL(1),
        /** There is no key and no store yet. */
        KMS_CLI_NOTHING_MADE(1),
        /** The store is there, its key file is not. */
        KMS_CLI_KEY_FILE_LOST(1),
        /** A part of health is not well. */
        KMS_CLI_UNHEALTHY(1),
        /** Some stored keys could not be put under the master key. */
        KMS_CLI_NOT_REWRAPPED(1),
        /** Some rows or files could not be moved to other keys. */
        KMS_CLI_NOT_MOVED(1),
        /** The person at the terminal said no. */
        KMS_CLI_NOT_CONFIRMED(1),
        /** A signal stopped the command; 143 for SIGTERM. */
        KMS_CLI_STOPPED(130),
        /** A fault of the program. */
        KMS_CLI_BUG(1);

        private final int exitCode;

        Code(int exitCode) {
            this.exitCode = exitCode;
        }

        int exitCode() {
            return exitCode;
        }
    }

    private final Code code;

    Failure(Code code, String what, String why, String remedy) {
        this(code, what, why, remedy, null);
    }

    Failure(Code code, String what, String why, String remedy, @Nullable Throwable cause) {
        super(what + " " + why + " " + remedy + " [" + code + "]", cause);
        this.code = code;
    }

    Code code() {
        return code;
    }

    static Failure usage(String what, String why, String remedy) {
        return new Failure(Code.KMS_CLI_USAGE, what, why, remedy);
    }

    static Failure laterRelease(String what) {
        return new Failure(
                Code.KMS_CLI_LATER_RELEASE,
                "This release does not have " + what + ".",
                "It comes with a later release.",
                "See what there is with: kms help");
    }

    static Failure reading(String name, IOException cause) {
        return new Failure(
                Code.KMS_CLI_INPUT,
                "'" + name + "' cannot be read.",
                reason(cause),
                "Check the name and the permissions.",
                cause);
    }

    static Failure writing(String name, IOException cause) {
        return new Failure(
                Code.KMS_CLI_OUTPUT,
                "'" + name + "' cannot be written.",
                reason(cause),
                "Check the folder, its permissions and the room on the disk; nothing was left there.",
                cause);
    }

    static String reason(IOException e) {
        if (e instanceof NoSuchFileException missing) {
            return "There is no '" + missing.getFile() + "'.";
        }
        if (e instanceof FileAlreadyExistsException there) {
            return "'" + there.getFile() + "' is there and is no folder.";
        }
        if (e instanceof AccessDeniedException denied) {
            return "Permission denied for '" + denied.getFile() + "'.";
        }
        String text = e instanceof FileSystemException system && system.getReason() != null
                ? system.getReason()
                : e.getMessage();
        if (text == null || text.isEmpty()) {
            return "The system gave no reason (" + e.getClass().getSimpleName() + ").";
        }
        return text.endsWith(".") ? text : text + ".";
    }

    /** A path from an argument. */
    static Path path(String text) {
        if (text.isEmpty()) {
            throw usage("A file name is empty.", "Perhaps a variable of the script was not set.", "Give a file.");
        }
        try {
            return Path.of(text);
        } catch (java.nio.file.InvalidPathException e) {
            throw usage(
                    "'" + text + "' is no file name.",
                    "The system's character set (see: locale) cannot write it.",
                    "Set LC_ALL to a UTF-8 locale, as C.UTF-8.");
        }
    }
}
