package io.sealwright.kms;

import java.util.List;

/**
 * What a manager counts. Hits in memory are not counted: that would cost each opening more than the look-up does.
 *
 * @param masterKeys each master key's counters, in the order of the configuration; not modifiable
 * @param openingMisses how often a data key to open with was not in memory, so that a master key was asked or a named key
 *     computed it; only grows. One opening can miss once for each recipient it tries
 * @param openingKeys about how many data keys to open with are in memory now
 * @param sealingKeys how many data keys to seal with are in use now: one for each set of recipients and encryption context
 */
public record KeyManagerMetrics(
        List<MasterKeyMetrics> masterKeys, long openingMisses, long openingKeys, long sealingKeys) {
    /** Copies the list. */
    public KeyManagerMetrics {
        masterKeys = List.copyOf(masterKeys);
    }
}
