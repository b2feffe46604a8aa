package io.sealwright.kms;

import java.util.List;

/**
 * What a manager counts. Messages are counted where their cipher is, by its holder alone, so that no core waits for another;
 * their numbers may lag behind by the messages under way, and never go back.
 *
 * <p>The share of messages that were opened without a look-up elsewhere, the hit rate, is
 * {@code 1 - openingMisses / messagesOpened}.
 *
 * @param masterKeys each master key's counters, in the order of the configuration; not modifiable
 * @param messagesSealed how many messages were sealed under data keys, or directly under named keys
 * @param messagesOpened how many messages were opened with a key, or found forged with it
 * @param openingMisses how often a data key to open with was not in memory, so that a master key was asked or a named key
 *     computed it; only grows. One opening can miss once for each recipient it tries
 * @param openingKeys about how many data keys to open with are in memory now
 * @param sealingKeys how many data keys to seal with are in use now: one for each set of recipients and encryption context
 */
public record KeyManagerMetrics(
        List<MasterKeyMetrics> masterKeys,
        long messagesSealed,
        long messagesOpened,
        long openingMisses,
        long openingKeys,
        long sealingKeys) {
    /** Copies the list. */
    public KeyManagerMetrics {
        masterKeys = List.copyOf(masterKeys);
    }
}
