package io.sealwright.kms.spi;

import java.util.Objects;

/**
 * A wrap and what it is bound to: what {@link MasterKey#unwrap} is given.
 *
 * @param recipient kind, id and wrap; not authenticated
 * @param binding purpose and context
 */
public record WrappedKey(Recipient recipient, WrapBinding binding) {
    /** Refuses null. */
    public WrappedKey {
        Objects.requireNonNull(recipient, "recipient");
        Objects.requireNonNull(binding, "binding");
    }
}
