package io.sealwright.kms;

import java.util.function.Consumer;

/**
 * A message about to be re-wrapped: its recipients get the newest versions of their keys, or become others; its body stays
 * as it is. The context comes from the header. Re-wrapping is not revocation: whoever held the old key may have kept the
 * root. Not safe for concurrent use.
 */
public interface Rewrapping extends RewrapOptions<Rewrapping> {
    /** Re-wraps; returns a copy of the message as it was if nothing was to do. */
    byte[] toBytes();

    /** As {@link #toBytes}, and tells what was done. */
    RewrapResult into(Consumer<byte[]> message);

    /**
     * Tells whether {@link #toBytes} would change anything; asks no master key to unwrap or wrap. The message's header is
     * enough.
     */
    boolean needed();
}
