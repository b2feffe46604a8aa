package io.sealwright.kms.core.sealing;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.spi.MasterKey;
import java.util.List;

/**
 * For whom a message is sealed: master keys and named keys in order, or one named key directly. Equal plans and contexts
 * share a data key; no other messages do.
 *
 * @param entries in order; the first makes the root
 * @param direct whether the root is derived from the one named key instead
 */
public record RecipientPlan(List<Entry> entries, boolean direct) {
    public RecipientPlan {
        entries = List.copyOf(entries);
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("a message needs a recipient");
        }
        if (direct && !(entries.size() == 1 && entries.get(0) instanceof NamedEntry)) {
            throw new IllegalArgumentException("a direct message needs exactly one named key and no master key");
        }
    }

    /** One recipient to be. */
    public sealed interface Entry {}

    /** A master key; by identity. */
    public record MasterEntry(MasterKey key) implements Entry {}

    /** A named key's newest version. */
    public record NamedEntry(String name) implements Entry {}

    /** Whether a named key takes part. */
    boolean usesNamedKey(String name) {
        return entries.contains(new NamedEntry(name));
    }

    /** What a data key belongs to. */
    record Target(RecipientPlan plan, EncryptionContext context) {}
}
