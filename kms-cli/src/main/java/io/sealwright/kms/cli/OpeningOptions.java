package io.sealwright.kms.cli;

import io.sealwright.kms.spi.SecretSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What commands open with, beside the keys of the home. */
final class OpeningOptions {
    @Option(
            names = {"-m", "--master-key"},
            paramLabel = "URI",
            description = "Open with this master key as well, as local://other.")
    private List<String> masterKeys = new ArrayList<>();

    @Option(names = "--passphrase-file", hidden = true, arity = "0..1", fallbackValue = "")
    private @Nullable String passphraseFile;

    /** Refuses what this release does not have; before any work. */
    void check() {
        Command.refuse("--passphrase-file", passphraseFile);
    }

    boolean hasPassphrase() {
        return passphraseFile != null;
    }

    /** The passphrase that was given, which a builder takes over; null if none was. */
    @Nullable
    SecretSource passphrase(Surroundings here) {
        return passphraseFile == null ? null : PassphraseFile.source(here, passphraseFile);
    }

    List<String> masterKeys() {
        return masterKeys;
    }
}
