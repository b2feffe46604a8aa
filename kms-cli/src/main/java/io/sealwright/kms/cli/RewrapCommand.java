package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.RewrapTransfer;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.migrate.Migration;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms rewrap}. */
@picocli.CommandLine.Command(
        name = "rewrap",
        description = "Puts a message under the newest versions of its keys, in place; - is standard input to output.",
        sortOptions = false)
final class RewrapCommand extends Command {
    @Parameters(
            paramLabel = "IN",
            arity = "1..*",
            description = "Message to re-wrap, or - for standard input; with --to files and folders.")
    private List<String> inputs = new ArrayList<>();

    @Mixin
    private final OutputOption output = new OutputOption();

    @Mixin
    private final OpeningOptions opening = new OpeningOptions();

    @Option(
            names = {"-a", "--associated-data"},
            paramLabel = "HEX|@FILE",
            description = "The bytes that the message was bound to, where its body must be encrypted anew.")
    private @Nullable String associatedData;

    @Mixin
    private final MovingOptions moving = new MovingOptions();

    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        opening.check();
        byte[] given = Bindings.associatedData(associatedData);
        // Without -a there was none: a message that was bound to some does not open then, and the error names -a.
        byte[] data = given == null ? new byte[0] : given;
        if (!moving.to().isEmpty()) {
            return move(moving.associatedData(given));
        }
        String input = one();
        Managers managers = new Managers(store.home(here()));
        RewrapResult[] result = new RewrapResult[1];
        try (Source source = Source.open(here(), input);
                Target target = target(source);
                KeyManager kms = managers.opening(opening.masterKeys())) {
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
            } catch (NoMatchingRecipientException e) {
                throw managers.withoutStore(source.name(), e);
            }
            managers.tellOfStore();
            boolean inPlace = !output.isGiven() && !target.isStandardOutput();
            if (result[0].changed() || !inPlace) {
                target.finish(source.file());
            }
            tell(source.name(), result[0]);
        }
        return 0;
    }

    /** The one message that is renewed in its place. */
    private String one() {
        String only = moving.given();
        if (only != null || inputs.size() > 1) {
            throw Failure.usage(
                    only == null ? "Only one message is renewed at a time." : only + " needs --to.",
                    "Where to is not said.",
                    "Give one message, or the master key to move all of them to, as --to aws-kms://alias/app.");
        }
        return inputs.get(0);
    }

    private int move(byte @Nullable [] associatedData) {
        if (output.isGiven() || inputs.contains("-")) {
            throw Failure.usage(
                    "With --to files are moved where they are.",
                    "Standard input and -o have no place.",
                    "Give files and folders.");
        }
        List<String> from = new ArrayList<>(moving.from());
        from.addAll(opening.masterKeys());
        try (KeyManager kms = new Managers(store.home(here())).movingAll(moving.to(), from)) {
            Migration job = moving.set(Migration.of(kms).files(MigrateCommand.paths(inputs)));
            if (associatedData != null) {
                job.associatedData(name -> associatedData);
            }
            moving.run(this, job);
        }
        return 0;
    }

    private Target target(Source source) {
        Target named = output.named(here(), source, false);
        if (named != null) {
            return named;
        }
        Path file = source.file();
        if (file == null) {
            return OutputOption.pipe(here());
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
