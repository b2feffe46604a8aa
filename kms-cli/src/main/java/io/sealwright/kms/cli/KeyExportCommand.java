package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.spi.SecretSource;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code kms key export}. */
@picocli.CommandLine.Command(
        name = "export",
        description = "Takes a named key out of the store, wrapped by a master key or, with --in-clear, by nothing.",
        sortOptions = false)
final class KeyExportCommand extends OneKeyCommand {
    @Option(
            names = "--version",
            paramLabel = "N",
            description = "Only this version; default: all, or with --in-clear the newest.")
    private @Nullable Integer version;

    @Option(
            names = {"-m", "--master-key"},
            paramLabel = "URI",
            description = "Wrap the export by this master key, as local://courier; whoever has that one has the key.")
    private @Nullable String masterKey;

    @Option(
            names = "--in-clear",
            description = "Write the bare bytes of one version: whoever reads the file has the key.")
    private boolean inClear;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "File to write, mode 0600, or - for standard output.")
    private String output = "";

    @Option(
            names = "--passphrase-file",
            paramLabel = "F",
            description = "Wrap the export by the passphrase in this file, - for standard input.")
    private @Nullable String passphraseFile;

    @Override
    public Integer call() {
        String name = name();
        Integer number = Names.version(name, version);
        if ((inClear ? 1 : 0) + (masterKey != null ? 1 : 0) + (passphraseFile != null ? 1 : 0) != 1) {
            throw Failure.usage(
                    "An export needs either -m URI, --passphrase-file F or --in-clear.",
                    "It is wrapped by that master key, by that passphrase, or by nothing.",
                    "Give one of them; -m unless bare bytes are wanted.");
        }
        SecretSource passphrase = passphraseFile == null ? null : PassphraseFile.source(here(), passphraseFile);
        String uri = passphrase != null ? passphrase.uri() : masterKey == null ? null : Home.canonical(masterKey);
        Managers managers = new Managers(home());
        Target target = target();
        try (target;
                KeyManager kms = passphrase != null ? managers.exporting(passphrase) : managers.exporting(uri)) {
            NamedKey key = kms.keys().get(name);
            byte[] bytes =
                    uri == null ? bare(key, number) : number == null ? key.exportTo(uri) : key.exportTo(uri, number);
            write(target, bytes);
            if (!target.isStandardOutput()) {
                print("exported " + (number == null ? "" : "version " + number + " of ") + KeyTexts.sentence(key));
            }
        }
        return 0;
    }

    private Target target() {
        if (output.equals("-")) {
            return OutputOption.pipe(here());
        }
        return Target.file(here(), output, null, false);
    }

    private static byte[] bare(NamedKey key, @Nullable Integer number) {
        int wanted = number != null ? number : key.versions().size();
        try (SecretBytes bare = key.exportInClear(wanted)) {
            return bare.copy();
        }
    }

    private static void write(Target target, byte[] bytes) {
        try {
            target.open().write(bytes);
            target.finish(null);
        } catch (IOException e) {
            throw target.isBrokenPipe() ? new BrokenPipe(e) : target.failure(e);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }
}
