package io.sealwright.kms;

import java.util.List;

/**
 * What re-wrapping did.
 *
 * @param changed false if nothing was to do and the message's bytes are as before
 * @param bodyEncryptedAnew true if not only the header but the body was made new (direct messages, compromised keys)
 * @param renewed recipients that now carry the newest version of their key, or are new
 * @param removed recipients that are none any more
 * @param kept recipients left as they were, since no configured key can renew them
 */
public record RewrapResult(
        boolean changed, boolean bodyEncryptedAnew, List<String> renewed, List<String> removed, List<String> kept) {
    /** Copies the lists. */
    public RewrapResult {
        renewed = List.copyOf(renewed);
        removed = List.copyOf(removed);
        kept = List.copyOf(kept);
    }
}
