package io.sealwright.kms.core.engine;

import io.sealwright.kms.DecryptionOptions;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.core.opening.OpenPolicy;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The options of every form of decrypting. */
abstract class OpenOptions<T extends DecryptionOptions<T>> extends CallOptions<T> implements DecryptionOptions<T> {
    private @Nullable Set<SecurityLevel> levels;
    private boolean allowUnencrypted;
    private boolean allowCompromised;

    OpenOptions(DefaultKeyManager kms) {
        super(kms);
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

    /** What the caller accepts. */
    final OpenPolicy policy() {
        return levels == null && !allowUnencrypted && !allowCompromised
                ? known().plainPolicy
                : new OpenPolicy(
                        known().context,
                        levels == null ? OpenPolicy.ENCRYPTED : levels,
                        allowUnencrypted,
                        allowCompromised);
    }
}
