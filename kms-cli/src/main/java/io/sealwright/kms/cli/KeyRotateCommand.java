package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.NamedKey;

/** {@code kms key rotate}. */
@picocli.CommandLine.Command(
        name = "rotate",
        description = "Makes a new version, which encrypts from now on; the older ones go on opening.",
        sortOptions = false)
final class KeyRotateCommand extends OneKeyCommand {
    @Override
    public Integer call() {
        try (KeyManager kms = existing()) {
            NamedKey key = kms.keys().get(name());
            key.rotate();
            print("rotated " + KeyTexts.sentence(key));
            Overdue.catchUp(here(), kms);
        }
        return 0;
    }
}
