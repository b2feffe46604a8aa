package io.sealwright.kms.cli;

import io.sealwright.kms.NamedKey;

/** {@code kms key deactivate}. */
@picocli.CommandLine.Command(
        name = "deactivate",
        description = "Ends encrypting under a key or version; it goes on opening.",
        sortOptions = false)
final class KeyDeactivateCommand extends KeyChangeCommand {
    @Override
    String verb() {
        return "Deactivate";
    }

    @Override
    String consequence() {
        return "Nothing can be encrypted under it any more.";
    }

    @Override
    void whole(NamedKey key) {
        key.deactivate();
    }

    @Override
    void version(NamedKey key, int number) {
        key.deactivate(number);
    }
}
