package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.RewrapTransfer;
import io.sealwright.kms.error.AuthenticationFailedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms rewrap}. */
@picocli.CommandLine.Command(
        name = "rewrap",
        description = "Puts a message under the newest versions of its keys, in place; - is standard input to output.",
        sortOptions = false)
final class RewrapCommand extends Command {
    @Parameters(paramLabel = "IN", description = "Message to re-wrap, or - for standard input.")
    private String input = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "OUT",
            description = "File to write instead of replacing IN, or - for standard output.")
    private @Nullable String output;

    @Option(
            names = {"-m", "--master-key"},
            paramLabel = "URI",
            description = "Open with this master key as well.")
    private List<String> masterKeys = new ArrayList<>();

    @Option(
            names = {"-a", "--associated-data"},
            paramLabel = "HEX|@FILE",
            description = "The bytes that the message was bound to, where its body must be encrypted anew.")
    private @Nullable String associatedData;

    @Option(names = "--store", paramLabel = "URL", description = "Store of named keys, as jdbc:sqlite:PATH.")
    private @Nullable String store;

    @Option(names = "--passphrase-file", hidden = true, arity = "0..1", fallbackValue = "")
    private @Nullable String passphraseFile;

    @Override
    public Integer call() {
        refuse("--passphrase-file", passphraseFile);
        byte[] given = Bindings.associatedData(associatedData);
        // Without -a there was none: a message that was bound to some does not open then, and the error names -a.
        byte[] data = given == null ? new byte[0] : given;
        Home home = Home.of(here(), store);
        RewrapResult[] result = new RewrapResult[1];
        try (Source source = Source.open(here(), input);
                Target target = target(source);
                KeyManager kms = home.opening(masterKeys)) {
            try {
                Work.between(source, target, () -> {
                    RewrapTransfer rewrapping = kms.rewrap(source.stream(new byte[0]))
                            .allowCompromised()
                            .associatedData(data);
                    result[0] = rewrapping.to(target.open());
                });
            } catch (AuthenticationFailedException e) {
                throw new Explained(
                        e.code(),
                        "'" + source.name() + "' cannot be re-wrapped.",
                        "Its associated data (-a) is not what was given, or the message or a key was changed, cut or"
                                + " extended; which of these cannot be told.",
                        "Give the associated data it was made with by -a, since its body must be encrypted anew, or put a"
                                + " copy back that is whole.",
                        e);
            }
            boolean inPlace = output == null && !target.isStandardOutput();
            if (result[0].changed() || !inPlace) {
                target.finish(source.file());
            }
            tell(source.name(), result[0]);
        }
        return 0;
    }

    private Target target(Source source) {
        Path file = source.file();
        if (output != null) {
            return output.equals("-") ? Target.standardOutput(here()) : Target.file(here(), output, source, false);
        }
        if (file == null) {
            if (here().terminals().out()) {
                throw new Failure(
                        Failure.Code.KMS_CLI_TERMINAL,
                        "The message is not written to the terminal.",
                        "It is binary, and would spoil the display.",
                        "Give a file with -o, send the output into a pipe, or say -o - to see it all the same.");
            }
            return Target.standardOutput(here());
        }
        if (!source.isRegularFile()) {
            throw Failure.usage(
                    "'" + source.name() + "' needs -o.",
                    "It is a device or pipe, which cannot be replaced.",
                    "Give a file with -o, or - for standard output.");
        }
        return Target.inPlaceOf(here(), source, file);
    }

    private void tell(String name, RewrapResult result) {
        String kept = result.kept().isEmpty() ? "" : "; kept as they were: " + String.join(", ", result.kept());
        if (!result.changed()) {
            here().say("kms: " + name + " is already newest" + kept);
            return;
        }
        String renewed = result.renewed().isEmpty() ? "" : ", renewed: " + String.join(", ", result.renewed());
        here().say("kms: re-wrapped " + name + renewed + kept
                + (result.bodyEncryptedAnew()
                        ? "; the body was encrypted anew, since re-wrapping alone would have left it under the old key"
                        : ""));
    }
}
