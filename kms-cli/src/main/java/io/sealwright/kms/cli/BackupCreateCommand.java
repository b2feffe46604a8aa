package io.sealwright.kms.cli;

import io.sealwright.kms.BackupSummary;
import io.sealwright.kms.KeyManager;
import java.io.IOException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kms backup create}. */
@picocli.CommandLine.Command(
        name = "create",
        description = "Writes all named keys as one message under the master key; the key file is not in it.",
        sortOptions = false)
final class BackupCreateCommand extends Command {
    @Parameters(paramLabel = "FILE", description = "File to write, mode 0600, or - for standard output.")
    private String output = "";

    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        Home home = store.home(here());
        Target target = output.equals("-") ? OutputOption.pipe(here()) : Target.file(here(), output, null, false);
        try (target;
                KeyManager kms = new Managers(home).existing()) {
            BackupSummary made = write(kms, target);
            here().say("kms: " + home.backUpMasterKeys(made.masterKeys()));
            if (!target.isStandardOutput()) {
                print("backed up " + KeyTexts.count(made.keys()) + " as of " + made.madeAt() + "\n");
            }
        }
        return 0;
    }

    private static BackupSummary write(KeyManager kms, Target target) {
        try {
            BackupSummary made = kms.keys().backup(target.open());
            target.finish(null);
            return made;
        } catch (IOException e) {
            throw target.isBrokenPipe() ? new BrokenPipe(e) : target.failure(e);
        }
    }
}
