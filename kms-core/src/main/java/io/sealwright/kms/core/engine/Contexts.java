package io.sealwright.kms.core.engine;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.core.sealing.SealingTarget;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what one context pair becomes, since encoding it for every message would cost more than finding its key. A
 * small table in which a newcomer replaces whoever was there; nothing depends on what it holds.
 */
final class Contexts {
    private static final int SIZE = 512;

    private final AtomicReferenceArray<@Nullable Pair> pairs = new AtomicReferenceArray<>(SIZE);

    /** No pairs. */
    final Known empty = new Known(EncryptionContext.empty());

    /** The context of one pair. */
    Known of(String name, String value) {
        int hash = 31 * name.hashCode() + value.hashCode();
        int index = (hash ^ hash >>> 16) & SIZE - 1;
        Pair there = pairs.getAcquire(index);
        if (there != null && there.value.equals(value) && there.name.equals(name)) {
            return there.known;
        }
        Pair fresh = new Pair(name, value, new Known(EncryptionContext.of(name, value)));
        pairs.setRelease(index, fresh);
        return fresh.known;
    }

    /** One remembered pair. */
    private record Pair(String name, String value, Known known) {}

    /** A context with what was last found for it. */
    static final class Known {
        final EncryptionContext context;
        final OpenPolicy plainPolicy;

        /** The target of the manager's default recipients; may be closed meanwhile. */
        @Nullable
        SealingTarget target;

        Known(EncryptionContext context) {
            this.context = context;
            this.plainPolicy = OpenPolicy.plain(context);
        }
    }
}
