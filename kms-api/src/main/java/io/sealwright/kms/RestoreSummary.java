package io.sealwright.kms;

import java.time.Instant;
import java.util.List;

/**
 * What a restore did.
 *
 * @param madeAt when the backup had been made
 * @param restored how many keys were written
 * @param kept how many keys of the store the backup does not have; they stay as they were
 * @param replaced names of keys whose rows in the store could not be used (damaged, or of another spec) and are in the
 *     saved copy of the old store only
 */
public record RestoreSummary(Instant madeAt, long restored, long kept, List<String> replaced) {
    /** Copies the list. */
    public RestoreSummary {
        replaced = List.copyOf(replaced);
    }
}
