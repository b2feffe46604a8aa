package io.sealwright.kms.core.opening;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.spi.Recipient;

/**
 * What a root was unwrapped from.
 *
 * @param recipient kind, id and wrap
 * @param context what the wrap is bound to
 */
record RootKey(Recipient recipient, EncryptionContext context) {
    /** Rough size in memory, for the cache's bound. */
    int weight() {
        return 512 + recipient.wrap().length + recipient.id().length + context.encodedLength();
    }
}
