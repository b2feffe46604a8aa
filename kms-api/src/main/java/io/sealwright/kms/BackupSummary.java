package io.sealwright.kms;

import java.time.Instant;
import java.util.List;

/**
 * What a backup holds. No secret in it.
 *
 * @param madeAt when it was made
 * @param keys how many named keys are in it, tombstones included
 * @param masterKeys URIs of the master keys that open it, any one of them; they are not in it
 */
public record BackupSummary(Instant madeAt, long keys, List<String> masterKeys) {
    /** Copies the list. */
    public BackupSummary {
        masterKeys = List.copyOf(masterKeys);
    }
}
