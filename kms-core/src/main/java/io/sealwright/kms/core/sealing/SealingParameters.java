package io.sealwright.kms.core.sealing;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.core.epoch.Salts;
import io.sealwright.kms.core.lease.Terms;
import io.sealwright.kms.core.time.CoarseTime;
import java.security.Provider;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What all data keys of a manager have in common.
 *
 * @param policy their bounds
 * @param terms how long they serve
 * @param salts where salts come from
 * @param time the clock of the hot path
 * @param sealedByEnded how many messages were sealed by epochs that have ended
 * @param provider where AES-GCM comes from, or null for the platform's first
 */
public record SealingParameters(
        DataKeyPolicy policy,
        Terms terms,
        Salts salts,
        CoarseTime time,
        LongAdder sealedByEnded,
        @Nullable Provider provider) {}
