package io.sealwright.kms.cli;

import picocli.CommandLine.ParameterException;

/** {@code kms key …}. */
@picocli.CommandLine.Command(
        name = "key",
        description = "Makes, shows and changes named keys.",
        subcommands = {
            KeyCreateCommand.class,
            KeyListCommand.class,
            KeyShowCommand.class,
            KeyRotateCommand.class,
            KeyDeactivateCommand.class,
            KeyCompromiseCommand.class,
            KeyDestroyCommand.class,
            KeyCancelDestroyCommand.class,
            KeyScheduleCommand.class,
            KeyExportCommand.class,
            KeyImportCommand.class
        })
final class KeyCommand extends Command {
    @Override
    public Integer call() {
        throw new ParameterException(spec().commandLine(), "Missing: a command");
    }
}
