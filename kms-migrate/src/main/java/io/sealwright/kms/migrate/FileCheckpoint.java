package io.sealwright.kms.migrate;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** A checkpoint in a file of one job: written beside it, synced, renamed. */
final class FileCheckpoint implements Checkpoint {
    private final Path file;

    FileCheckpoint(Path file) {
        this.file = file.toAbsolutePath();
    }

    @Override
    public Optional<State> load(String job) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed("cannot be read", e);
        }
        State state = State.parse(text)
                .orElseThrow(() -> new ConfigurationException(
                        "The file " + file + " is no checkpoint.",
                        "It is not what a migration writes: another file, or of a newer release.",
                        "Name another file, or remove it: a job that begins anew finds done what is done."));
        if (!state.job.equals(job)) {
            throw new ConfigurationException(
                    "The checkpoint " + file + " belongs to another job.",
                    "It was written for other items (another database, table or disk, or a copy of it), other master keys or"
                            + " another form of old data.",
                    "Name another file, or remove it if that job is not to go on: one that begins anew finds done what is"
                            + " done.");
        }
        return Optional.of(state);
    }

    @Override
    public void save(State state) {
        byte[] text = state.text().getBytes(StandardCharsets.UTF_8);
        try (Replacement replacement = Replacement.of(file, new Stop())) {
            replacement.output().write(text);
            replacement.finish(Replacement.Disk.REAL);
        } catch (IOException e) {
            throw failed("cannot be written", e);
        }
    }

    @Override
    public void clear(String job) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw failed("cannot be removed", e);
        }
    }

    private StoreException failed(String how, IOException cause) {
        return FileErrors.failed("The checkpoint " + file + " " + how + ".", cause);
    }
}
