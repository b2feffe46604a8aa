package io.sealwright.kms.core.opening;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import org.jspecify.annotations.Nullable;

/**
 * What a root was unwrapped from, and with what.
 *
 * @param master the master key, or null if a named key's version: what one made of a wrap is not another's answer
 * @param recipient kind, id and wrap
 * @param context what the wrap is bound to
 */
record RootKey(@Nullable MasterKey master, Recipient recipient, EncryptionContext context) {
    /** Rough size in memory, for the cache's bound. */
    int weight() {
        return 512 + recipient.wrap().length + recipient.id().length + context.encodedLength();
    }
}
