package io.sealwright.kms.core.engine;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.core.engine.Contexts.Known;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What sealing and opening can both be told: what the message is bound to. */
abstract class CallOptions<T> {
    static final byte[] NO_DATA = new byte[0];

    final DefaultKeyManager kms;
    private Known known;
    private byte @Nullable [] associatedData;

    CallOptions(DefaultKeyManager kms) {
        this.kms = kms;
        this.known = kms.contexts().empty;
    }

    abstract T self();

    public final T context(String name, String value) {
        known = known == kms.contexts().empty
                ? kms.contexts().of(name, value)
                : new Known(known.context.and(name, value));
        return self();
    }

    public final T context(EncryptionContext context) {
        if (context.hasReservedNames()) {
            throw new IllegalArgumentException(
                    "context names that begin with '" + EncryptionContext.RESERVED_PREFIX + "' are the library's own");
        }
        EncryptionContext both = known.context;
        if (both.isEmpty()) {
            both = context;
        } else {
            for (Map.Entry<String, String> pair : context.pairs().entrySet()) {
                both = both.and(pair.getKey(), pair.getValue());
            }
        }
        known = new Known(both);
        return self();
    }

    /** The context of what is no message of a user. */
    final void reservedContext(EncryptionContext context) {
        known = new Known(context);
    }

    public final T associatedData(byte[] data) {
        if (associatedData != null) {
            throw new IllegalStateException("associatedData given twice");
        }
        associatedData = Objects.requireNonNull(data, "associatedData");
        return self();
    }

    final Known known() {
        return known;
    }

    /** Whether any was given, be it empty. */
    final boolean hasAssociatedData() {
        return associatedData != null;
    }

    final byte[] associatedData() {
        byte[] data = associatedData;
        return data == null ? NO_DATA : data;
    }
}
