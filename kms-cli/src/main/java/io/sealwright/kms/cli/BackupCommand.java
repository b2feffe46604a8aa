package io.sealwright.kms.cli;

import picocli.CommandLine.ParameterException;

/** {@code kms backup …}. */
@picocli.CommandLine.Command(
        name = "backup",
        description = "Makes a backup of the store, and puts it back.",
        subcommands = {BackupCreateCommand.class, BackupRestoreCommand.class})
final class BackupCommand extends Command {
    @Override
    public Integer call() {
        throw new ParameterException(spec().commandLine(), "Missing: a command");
    }
}
