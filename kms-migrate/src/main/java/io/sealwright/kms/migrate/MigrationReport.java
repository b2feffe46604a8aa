package io.sealwright.kms.migrate;

import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.KmsException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * What a {@link Migration} did and found. Numbers count items: rows that are not null, or files. Those of a job that was
 * resumed include what the runs before it did, up to their last checkpoint; an item that was moved after it counts as one
 * that lay there already.
 *
 * @param complete whether everything was looked at, and once more after the last move
 * @param dryRun whether nothing was to be changed; {@code moved}, {@code converted} and {@code encryptedAnew} then say what
 *     would be
 * @param read how many items were looked at
 * @param moved how many got another header before the same body
 * @param converted how many were raw AES-GCM and are messages now
 * @param encryptedAnew how many got another body too: direct messages, and those of compromised keys
 * @param already how many needed nothing
 * @param skipped how many files of a folder are no messages, and were left alone; one that begins as a message or a token
 *     does counts as failed instead
 * @param links how many symbolic links in folders were not followed: what they point to was looked at only if it lies under
 *     the folders itself
 * @param severalNames how many files that were replaced had other names (hard links): under these lies what was there before,
 *     until they are moved themselves
 * @param lostRaces how often an item changed between reading and writing, and was read again
 * @param vanished how many items were gone when they were to be written
 * @param failed how many could not be moved, and stay as they were
 * @param failures the first of those of this run, at most {@link #MOST_FAILURES}
 * @param before which versions of which keys the items lay under when they were read
 * @param after which they lie under now, read once more after the last move; empty unless the job is complete, and in a dry
 *     run the same as {@code before}
 * @param rawAfter how many items are no messages when read once more
 * @param leftAfter how many messages would have to be moved when read once more: somebody seals under an old key still
 * @param missingAfter how many fewer items the second look saw than the first, those that were gone then left out: they
 *     were deleted since, or are out of sight, as on a disk that is not mounted; 0 unless the job is complete
 * @param took how long this run took
 * @param perSecond how many items a second this run looked at to move them, from its beginning to the end of the last batch
 *     of them, pauses included; 0 if there was none, as where only the second look was left. The second look is not in it
 * @param lastBatchPerSecond how many items a second its last batch had, from reading it until it was written and the
 *     checkpoint with it; the second look's batches too. 0 before the first
 */
public record MigrationReport(
        boolean complete,
        boolean dryRun,
        long read,
        long moved,
        long converted,
        long encryptedAnew,
        long already,
        long skipped,
        long links,
        long severalNames,
        long lostRaces,
        long vanished,
        long failed,
        List<Failure> failures,
        List<KeyCount> before,
        List<KeyCount> after,
        long rawAfter,
        long leftAfter,
        long missingAfter,
        Duration took,
        double perSecond,
        double lastBatchPerSecond) {
    /** More failures than these are counted only. */
    public static final int MOST_FAILURES = 1_000;

    /** Copies the lists. */
    public MigrationReport {
        failures = List.copyOf(failures);
        before = List.copyOf(before);
        after = List.copyOf(after);
        Objects.requireNonNull(took, "took");
    }

    /**
     * Which versions nothing lies under any more, of those that something lay under before: these can be retired, as far as
     * the items of this job are concerned. Empty unless the job is {@link #clean}, and in a dry run. It holds
     * if no process has sealed under them since the job began: let every process seal under the new keys, and wait for the
     * data keys' {@code maxAge}, before the last run.
     */
    public List<KeyCount> retirable() {
        if (!clean() || dryRun) {
            return List.of();
        }
        return before.stream()
                .filter(old -> old.kind() != Kind.UNKNOWN && after.stream().noneMatch(old::isSameVersion))
                .toList();
    }

    /**
     * Whether nothing is left: complete, without failures, and when all was read once more, nothing was found to move, and
     * nothing was missing.
     */
    public boolean clean() {
        return complete && failed == 0 && rawAfter == 0 && leftAfter == 0 && missingAfter == 0;
    }

    /**
     * How many recipients one version of a key has.
     *
     * @param kind what the key is
     * @param key its URI, its name, or the recipient's id if no key of the manager recognises it
     * @param version the version as the key calls it
     * @param items how many items have it as a recipient
     */
    public record KeyCount(Kind kind, String key, String version, long items) {
        private boolean isSameVersion(KeyCount other) {
            return kind == other.kind && key.equals(other.key) && version.equals(other.version);
        }
    }

    /**
     * An item that could not be moved.
     *
     * @param item the row's key, or the file
     * @param error why, and what to do
     */
    public record Failure(String item, KmsException error) {
        /** Checks that both are there. */
        public Failure {
            Objects.requireNonNull(item, "item");
            Objects.requireNonNull(error, "error");
        }
    }
}
