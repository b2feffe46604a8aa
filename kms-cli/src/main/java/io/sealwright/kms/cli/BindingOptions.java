package io.sealwright.kms.cli;

import io.sealwright.kms.EncryptionContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a message is bound to. */
final class BindingOptions {
    @Option(
            names = {"-c", "--context"},
            paramLabel = "NAME=VALUE",
            description = "A pair that the message is bound to; it stands in it in the clear, and opening must give all"
                    + " of them again, and no other.")
    private List<String> context = new ArrayList<>();

    @Option(
            names = {"-a", "--associated-data"},
            paramLabel = "HEX|@FILE",
            description = "Bytes that the message is bound to; they are not stored, and opening must give them again.")
    private @Nullable String associatedData;

    EncryptionContext context() {
        return Bindings.context(context);
    }

    /** The bytes, or null if none were given. */
    byte @Nullable [] associatedData() {
        return Bindings.associatedData(associatedData);
    }
}
