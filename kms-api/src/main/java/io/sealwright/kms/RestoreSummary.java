package io.sealwright.kms;

import java.time.Instant;
import java.util.List;

/**
 * What a restore did.
 *
 * @param madeAt when the backup had been made
 * @param restored how many keys were written
 * @param kept how many keys of the store the backup does not have; they stay as they were
 * @param replaced names of keys whose rows in the store could not be used as they were: damaged, of another spec, or rolled
 *     back behind what this process had seen of them. Those rows are in the saved copy of the old store only
 * @param leftOut names of keys that were not restored, since they were damaged already when what was restored was made: it
 *     is the copy of a store from before another restore
 * @param damaged names of keys of the store that could not be used, and that the backup does not have; they are as they
 *     were
 */
public record RestoreSummary(
        Instant madeAt, long restored, long kept, List<String> replaced, List<String> leftOut, List<String> damaged) {
    /** Copies the lists. */
    public RestoreSummary {
        replaced = List.copyOf(replaced);
        leftOut = List.copyOf(leftOut);
        damaged = List.copyOf(damaged);
    }
}
