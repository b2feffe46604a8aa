package io.sealwright.kms;

import java.time.Duration;

/**
 * Counters of one master key since its manager was built; they only grow. Keys whose calls only compute ({@code local://})
 * count nothing but their checks, rotations and reloads.
 *
 * @param masterKey the key's URI
 * @param calls calls that ended, each with all of its attempts
 * @param errors calls that failed, whatever with
 * @param noAnswers calls that failed since no usable answer came
 * @param retries attempts after the first
 * @param refusedByBreaker calls that were not made, since the key's breaker is open
 * @param overloaded calls that were not made, since too many were under way
 * @param totalTime how long all calls took together
 * @param longestTime how long the longest took
 * @param breakerOpen whether the breaker is open now
 * @param servingWithout whether keys serve past their age now, since this one does not answer
 */
public record MasterKeyMetrics(
        String masterKey,
        long calls,
        long errors,
        long noAnswers,
        long retries,
        long refusedByBreaker,
        long overloaded,
        Duration totalTime,
        Duration longestTime,
        boolean breakerOpen,
        boolean servingWithout) {}
