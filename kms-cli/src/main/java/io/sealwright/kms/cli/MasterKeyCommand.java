package io.sealwright.kms.cli;

import picocli.CommandLine.ParameterException;

/** {@code kms master-key …}. */
@picocli.CommandLine.Command(
        name = "master-key",
        description = "Makes and verifies the master key.",
        subcommands = BootstrapCommand.class)
final class MasterKeyCommand extends Command {
    @Override
    public Integer call() {
        throw new ParameterException(spec().commandLine(), "Missing: a command");
    }
}
