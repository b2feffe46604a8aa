package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.RestoreSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms backup restore}. */
@picocli.CommandLine.Command(
        name = "restore",
        description = "Puts the keys of a backup into the store; destroyed keys stay destroyed.",
        sortOptions = false)
final class BackupRestoreCommand extends Command {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);

    @Parameters(paramLabel = "FILE", description = "The backup.")
    private String input = "";

    @Option(names = "--force", description = "Also into a store that has keys, which is saved first.")
    private boolean force;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        Path backup = Failure.path(input);
        // Says what is wrong with the file before anything is made.
        Source.open(here(), input).close();
        Home home = store.home(here());
        Path old = home.beside("before-restore-" + TIME.format(Instant.now()) + ".backup");
        try (KeyManager kms = new FirstUse(home).restoring()) {
            RestoreSummary done = restore(kms, backup, old);
            if (Files.exists(old)) {
                here().say("kms: the store as it was is in " + old
                        + ": it is restored as any backup is; delete it when it is not needed any more");
            }
            for (String name : done.replaced()) {
                here().say("kms: key '" + name + "' could not be used as it was, and is as the backup has it");
            }
            for (String name : done.damaged()) {
                here().say("kms: key '" + name + "' cannot be used, and the backup does not have it: it is as it was");
            }
            for (String name : done.leftOut()) {
                here().say("kms: key '" + name + "' was damaged when this file was made, and was left out");
            }
            print("restored " + KeyTexts.count(done.restored()) + " of the backup made " + done.madeAt()
                    + (done.kept() == 0 ? "" : "; kept " + KeyTexts.count(done.kept()) + " that it does not have")
                    + (done.leftOut().isEmpty()
                            ? ""
                            : "; left out " + KeyTexts.count(done.leftOut().size()))
                    + "\n");
        }
        return 0;
    }

    private RestoreSummary restore(KeyManager kms, Path backup, Path old) {
        try {
            return force ? kms.keys().restoreOver(backup, old) : kms.keys().restore(backup);
        } catch (IOException e) {
            throw Files.isReadable(backup) ? Failure.writing(old.toString(), e) : Failure.reading(input, e);
        }
    }
}
