package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeys;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Problem;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.cli.doctor.Shell;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.MasterKeyUri;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kms master-key rotate}. */
@picocli.CommandLine.Command(
        name = "rotate",
        description =
                "Makes a new version of the master key and puts every stored key under it; goes on where a run that"
                        + " was killed has stopped.",
        sortOptions = false)
class MasterKeyRotateCommand extends Command {
    @Option(
            names = "--to",
            paramLabel = "URI",
            description = "Make no version, but put every stored key under this master key instead.")
    private @Nullable String to;

    @Mixin
    private final OpeningOptions opening = new OpeningOptions();

    @Mixin
    private final StoreOption store = new StoreOption();

    /** The name that scripts of older systems call. */
    @picocli.CommandLine.Command(
            name = "rotate_encryption_keys",
            description = "The same as: master-key rotate",
            sortOptions = false)
    static final class Alias extends MasterKeyRotateCommand {}

    @Override
    public final Integer call() {
        opening.check();
        String target = to == null ? null : MasterKeyUri.parse(to).toString();
        Home home = store.home(here());
        if (target == null) {
            demandNoOther(home.masterKey());
        }
        Managers managers = new Managers(home);
        try (KeyManager kms = target == null ? managers.present() : managers.moving(target, opening.masterKeys())) {
            HealthCommand.demandHealthy(kms.health());
            MasterKeys masterKeys = kms.masterKeys();
            // The first wraps; the others, if there are any, only open.
            String uri = masterKeys.uris().get(0);
            RotationMark mark = home.rotationMark(uri);
            if (target == null) {
                begin(masterKeys, uri, mark, home);
            }
            if (home.hasStore()) {
                rewrap(masterKeys, uri);
            }
            mark.clear();
        }
        return 0;
    }

    /** Without {@code --to} nothing is opened with another key, and whoever names one means that it is rotated. */
    private void demandNoOther(String rotated) {
        for (String given : opening.masterKeys()) {
            String uri = Home.canonical(given);
            if (!uri.equals(rotated)) {
                boolean provider =
                        !here().environment().getOrDefault("KMS_PROVIDER", "").isEmpty();
                throw Failure.usage(
                        "-m " + uri + " does not say which master key is rotated.",
                        "That is the one that commands use, here " + rotated + "; -m only opens, and needs --to.",
                        "To rotate the other one, and put what is stored under it: "
                                + (provider ? "KMS_PROVIDER= " : "")
                                + "KMS_MASTER_KEY=" + Shell.uri(uri) + " kms master-key rotate; to put what lies under"
                                + " it under the one in use: kms master-key rotate --to " + Shell.uri(rotated) + " -m "
                                + Shell.uri(uri) + ".");
            }
        }
    }

    private void begin(MasterKeys masterKeys, String uri, RotationMark mark, Home home) {
        if (mark.isSet()) {
            here().say("kms: going on with the rotation of " + uri + " that was not finished");
            return;
        }
        try {
            String version = masterKeys.rotate(uri);
            mark.set();
            print("master key " + uri + ": made version " + version + "\n");
        } catch (RefusedException e) {
            if (e.code() != ErrorCode.KMS_OPERATION_REFUSED) {
                throw e;
            }
            rotatedByHand(masterKeys, uri, home, mark, e);
        }
    }

    /** A key of which nothing here can make versions: whoever keeps it puts the new one beside the old one first. */
    private void rotatedByHand(
            MasterKeys masterKeys, String uri, Home home, RotationMark mark, RefusedException refused) {
        ManualRotation manual = ManualRotation.of(uri, here().environment());
        if (home.hasStore()) {
            Examined examined = masterKeys.examineStored(MasterKeys.Progress.NONE);
            boolean sound = examined.problems().isEmpty();
            // With the old key beside the new one, what keeps a stored key from being put under it is what to tell.
            if (examined.outdated() > 0 || !sound && manual != null && manual.isBegun()) {
                return;
            }
            if (sound) {
                mark.clear(); // of a rotation that was ended when everything was done
            }
        }
        if (manual != null) {
            print(manual.steps("kms master-key rotate" + store.forCommands(home)));
        }
        throw refused;
    }

    private void rewrap(MasterKeys masterKeys, String uri) {
        Rewrapped result;
        try (KeyProgress progress = new KeyProgress(here())) {
            result = masterKeys.rewrapStored(progress);
        }
        List<Problem> failed = result.failed();
        if (!failed.isEmpty()) {
            Problem first = failed.get(0);
            throw new Failure(
                    Failure.Code.KMS_CLI_NOT_REWRAPPED,
                    failed.size() + " of " + (result.done() + result.alreadyNewest() + failed.size())
                            + " stored keys were not re-wrapped: "
                            + String.join(
                                    ", ",
                                    failed.stream()
                                            .map(Problem::subject)
                                            .limit(10)
                                            .toList())
                            + (failed.size() > 10 ? ", …" : "") + ".",
                    "The first of them: " + first.error().what() + " "
                            + first.error().why(),
                    first.error().remedy()
                            + " Then run the same command again: what is done stays done, and old versions"
                            + " go on opening.");
        }
        print("stored keys under " + uri + ": " + result.done() + " re-wrapped, " + result.alreadyNewest()
                + " already newest\n");
    }
}
