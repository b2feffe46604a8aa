package io.sealwright.kms.migrate;

import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.migrate.MigrationReport.Failure;
import io.sealwright.kms.migrate.MigrationReport.KeyCount;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a job counts; goes into its checkpoints. Safe for concurrent use. */
final class Tally {
    /** What can become of an item; the names stand in checkpoints. */
    enum Count {
        READ,
        MOVED,
        CONVERTED,
        ANEW,
        ALREADY,
        SKIPPED,
        LINKS,
        SEVERAL_NAMES,
        LOST,
        VANISHED,
        FAILED,
        SEEN_AFTER,
        RAW_AFTER,
        LEFT_AFTER
    }

    /** One version of a key. */
    record Version(Kind kind, String key, String version) {
        static Version of(RecipientKey key) {
            return new Version(key.kind(), key.key(), key.version());
        }
    }

    private final Map<Count, Long> counts = new EnumMap<>(Count.class); // guarded by this
    private final Map<Version, Long> before = new LinkedHashMap<>(); // guarded by this
    private final Map<Version, Long> after = new LinkedHashMap<>(); // guarded by this
    private final List<Failure> failures = new ArrayList<>(); // guarded by this

    synchronized void add(Count count, long items) {
        counts.merge(count, items, Long::sum);
    }

    void one(Count count) {
        add(count, 1);
    }

    synchronized long of(Count count) {
        return counts.getOrDefault(count, 0L);
    }

    synchronized void failed(String item, KmsException error) {
        one(Count.FAILED);
        if (failures.size() < MigrationReport.MOST_FAILURES) {
            failures.add(new Failure(item, error));
        }
    }

    /** An item lay under these when it was read. */
    void found(List<RecipientKey> keys) {
        use(before, keys);
    }

    /** An item lies under these when it is read once more. */
    void left(List<RecipientKey> keys) {
        use(after, keys);
    }

    private synchronized void use(Map<Version, Long> uses, List<RecipientKey> keys) {
        // Two recipients of one version count once: items are counted.
        for (Version version : new HashSet<>(keys.stream().map(Version::of).toList())) {
            uses.merge(version, 1L, Long::sum);
        }
    }

    /** Begins the second look. */
    synchronized void forgetSecondLook() {
        counts.keySet().removeAll(Set.of(Count.SEEN_AFTER, Count.RAW_AFTER, Count.LEFT_AFTER));
        after.clear();
    }

    synchronized void put(boolean afterwards, Version version, long items) {
        (afterwards ? after : before).put(version, items);
    }

    synchronized Map<Version, Long> uses(boolean afterwards) {
        return new LinkedHashMap<>(afterwards ? after : before);
    }

    synchronized MigrationReport report(boolean complete, boolean dryRun, Speed speed) {
        return new MigrationReport(
                complete,
                dryRun,
                of(Count.READ),
                of(Count.MOVED),
                of(Count.CONVERTED),
                of(Count.ANEW),
                of(Count.ALREADY),
                of(Count.SKIPPED),
                of(Count.LINKS),
                of(Count.SEVERAL_NAMES),
                of(Count.LOST),
                of(Count.VANISHED),
                of(Count.FAILED),
                failures,
                told(before),
                complete ? told(dryRun ? before : after) : List.of(),
                of(Count.RAW_AFTER),
                of(Count.LEFT_AFTER),
                complete && !dryRun ? Math.max(0, of(Count.READ) - of(Count.VANISHED) - of(Count.SEEN_AFTER)) : 0,
                speed.took(),
                speed.perSecond(),
                speed.lastBatchPerSecond());
    }

    private static List<KeyCount> told(Map<Version, Long> uses) {
        List<KeyCount> told = new ArrayList<>();
        uses.forEach(
                (version, items) -> told.add(new KeyCount(version.kind(), version.key(), version.version(), items)));
        return told;
    }
}
