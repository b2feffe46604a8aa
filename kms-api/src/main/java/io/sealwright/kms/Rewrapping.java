package io.sealwright.kms;

/**
 * A message about to be re-wrapped: its recipients get the newest versions of their keys, its body stays as it is. The
 * context comes from the header. Re-wrapping is not revocation: whoever held the old key may have kept the root. Not
 * safe for concurrent use.
 */
public interface Rewrapping {
    /**
     * Gives the associated data, needed only where the body must be encrypted anew (direct messages, compromised
     * keys).
     */
    Rewrapping associatedData(byte[] associatedData);

    /** Accepts a message under a compromised key; its body is encrypted anew. Causes an event. */
    Rewrapping allowCompromised();

    /** Re-wraps; returns a copy of the message as it was if nothing was to do. */
    byte[] toBytes();

    /** As {@link #toBytes}, and tells what was done. */
    RewrapResult into(java.util.function.Consumer<byte[]> message);
}
