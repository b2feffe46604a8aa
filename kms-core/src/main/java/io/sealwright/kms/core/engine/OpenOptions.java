package io.sealwright.kms.core.engine;

import io.sealwright.kms.DecryptionOptions;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.core.engine.Contexts.Known;
import io.sealwright.kms.core.opening.OpenPolicy;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The options of every form of decrypting. */
abstract class OpenOptions<T extends DecryptionOptions<T>> implements DecryptionOptions<T> {
    final DefaultKeyManager kms;
    private Known known;
    private byte @Nullable [] associatedData;
    private @Nullable Set<SecurityLevel> levels;
    private boolean allowUnencrypted;
    private boolean allowCompromised;

    OpenOptions(DefaultKeyManager kms) {
        this.kms = kms;
        this.known = kms.contexts().empty;
    }

    abstract T self();

    /** These pairs and those. */
    static Known joined(Known known, EncryptionContext more) {
        if (more.hasReservedNames()) {
            throw new IllegalArgumentException(
                    "context names that begin with '" + EncryptionContext.RESERVED_PREFIX + "' are the library's own");
        }
        if (known.context.isEmpty()) {
            return new Known(more);
        }
        EncryptionContext both = known.context;
        for (Map.Entry<String, String> pair : more.pairs().entrySet()) {
            both = both.and(pair.getKey(), pair.getValue());
        }
        return new Known(both);
    }

    @Override
    public final T context(String name, String value) {
        known = known == kms.contexts().empty
                ? kms.contexts().of(name, value)
                : new Known(known.context.and(name, value));
        return self();
    }

    @Override
    public final T context(EncryptionContext context) {
        known = joined(known, context);
        return self();
    }

    @Override
    public final T associatedData(byte[] data) {
        if (associatedData != null) {
            throw new IllegalStateException("associatedData given twice");
        }
        associatedData = Objects.requireNonNull(data, "associatedData");
        return self();
    }

    @Override
    public final T requireLevel(SecurityLevel... accepted) {
        if (levels != null) {
            throw new IllegalStateException("requireLevel given twice");
        }
        if (accepted.length == 0) {
            throw new IllegalArgumentException("requireLevel needs at least one level");
        }
        EnumSet<SecurityLevel> set = EnumSet.noneOf(SecurityLevel.class);
        for (SecurityLevel level : accepted) {
            switch (level) {
                case STANDARD -> set.addAll(OpenPolicy.ENCRYPTED);
                case QUANTUM_AIDED, QUANTUM_OTP, POST_QUANTUM -> set.add(level);
                case NONE -> throw new IllegalArgumentException("level NONE is accepted by allowUnencrypted() alone");
                case LEGACY -> throw new IllegalArgumentException("level LEGACY has a door of its own");
            }
        }
        levels = Set.copyOf(set);
        return self();
    }

    @Override
    public final T allowUnencrypted() {
        allowUnencrypted = true;
        return self();
    }

    @Override
    public final T allowCompromised() {
        allowCompromised = true;
        return self();
    }

    final byte[] associatedData() {
        byte[] data = associatedData;
        return data == null ? SealOptions.NO_DATA : data;
    }

    /** What the caller accepts. */
    final OpenPolicy policy() {
        return levels == null && !allowUnencrypted && !allowCompromised
                ? known.plainPolicy
                : new OpenPolicy(
                        known.context,
                        levels == null ? OpenPolicy.ENCRYPTED : levels,
                        allowUnencrypted,
                        allowCompromised);
    }
}
