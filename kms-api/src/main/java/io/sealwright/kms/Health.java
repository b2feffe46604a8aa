package io.sealwright.kms;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The answer of {@link KeyManager#health()}.
 *
 * @param healthy whether every part is
 * @param checkedAt when it was asked
 * @param parts each master key and the store
 */
public record Health(boolean healthy, Instant checkedAt, List<Part> parts) {
    /** Copies the list. */
    public Health {
        parts = List.copyOf(parts);
    }

    /**
     * One part.
     *
     * @param name the master key's URI, or {@code store}
     * @param healthy whether it answered as it should
     * @param detail what it is, or why it failed and what to do
     * @param latency how long the answer took
     */
    public record Part(String name, boolean healthy, String detail, Duration latency) {}
}
