package io.sealwright.kms.cli;

import picocli.CommandLine.ParameterException;

/** {@code kms master-key …}. */
@picocli.CommandLine.Command(
        name = "master-key",
        description = "Makes, verifies and rotates the master key.",
        subcommands = {BootstrapCommand.class, MasterKeyRotateCommand.class})
final class MasterKeyCommand extends Command {
    @Override
    public Integer call() {
        throw new ParameterException(spec().commandLine(), "Missing: a command");
    }
}
