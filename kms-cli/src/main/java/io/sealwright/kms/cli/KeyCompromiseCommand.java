package io.sealwright.kms.cli;

import io.sealwright.kms.NamedKey;

/** {@code kms key compromise}. */
@picocli.CommandLine.Command(
        name = "compromise",
        description = "Marks a key or version compromised: it opens only with --allow-compromised.",
        sortOptions = false)
final class KeyCompromiseCommand extends KeyChangeCommand {
    @Override
    String verb() {
        return "Mark as compromised";
    }

    @Override
    String consequence() {
        return "Its messages open only with --allow-compromised.";
    }

    @Override
    void whole(NamedKey key) {
        key.compromise();
    }

    @Override
    void version(NamedKey key, int number) {
        key.compromise(number);
    }
}
