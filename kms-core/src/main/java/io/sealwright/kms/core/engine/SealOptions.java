package io.sealwright.kms.core.engine;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.EncryptionOptions;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.engine.Contexts.Known;
import io.sealwright.kms.core.sealing.RecipientPlan;
import io.sealwright.kms.core.sealing.RecipientPlan.Entry;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.core.sealing.RecipientPlan.NamedEntry;
import io.sealwright.kms.core.sealing.SealingTarget;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.UnsupportedMessageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The options of every form of encrypting. */
abstract class SealOptions<T extends EncryptionOptions<T>> extends CallOptions<T> implements EncryptionOptions<T> {
    private @Nullable List<Entry> entries;
    private boolean direct;
    private @Nullable SecurityLevel level;
    private @Nullable Suite suite;

    SealOptions(DefaultKeyManager kms) {
        super(kms);
    }

    @Override
    public final T key(String name) {
        return add(new NamedEntry(Objects.requireNonNull(name, "name")));
    }

    @Override
    public final T masterKey(String uri) {
        return add(new MasterEntry(kms.wrapping(uri)));
    }

    private T add(Entry entry) {
        if (entries == null) {
            entries = new ArrayList<>(2);
        }
        if (entries.contains(entry)) {
            throw new IllegalStateException("recipient given twice");
        }
        entries.add(entry);
        return self();
    }

    /** Seals for exactly these: a message that is encrypted anew keeps its recipients. */
    final T recipients(List<Entry> wanted, boolean directly) {
        entries = new ArrayList<>(wanted);
        direct = directly;
        return self();
    }

    @Override
    public final T direct() {
        direct = true;
        return self();
    }

    @Override
    public final T level(SecurityLevel wanted) {
        if (level != null) {
            throw new IllegalStateException("level given twice: " + level + ", then " + wanted);
        }
        level = Objects.requireNonNull(wanted, "level");
        return self();
    }

    @Override
    public final T suite(Suite wanted) {
        if (suite != null) {
            throw new IllegalStateException("suite given twice: " + suite + ", then " + wanted);
        }
        suite = Objects.requireNonNull(wanted, "suite");
        return self();
    }

    final EncryptionContext context() {
        return known().context;
    }

    /** Whether the body stays in the clear; refuses what this release cannot do, and what level 0 would drop. */
    final boolean clear() {
        if (level == null || level == SecurityLevel.STANDARD) {
            return false;
        }
        if (level != SecurityLevel.NONE) {
            throw new UnsupportedMessageException(
                    ErrorCode.KMS_LEVEL_UNSUPPORTED,
                    "Security level " + level.id() + " (" + level + ") is not part of this release.",
                    "Its module is not built yet.",
                    "Use the default level, or a release that has it.");
        }
        if (hasAssociatedData() || entries != null || direct || suite != null) {
            throw new IllegalStateException(
                    "level NONE protects nothing: key, suite and associated data cannot be given with it");
        }
        return true;
    }

    /** The suite of a body of that length. */
    final Suite suiteFor(long length) {
        Suite chosen = suite == null ? kms.suite() : suite;
        return switch (chosen) {
            case AES_256_GCM, XAES_256_GCM -> length <= Bodies.MOST_SMALL_BYTES ? chosen : Suite.CHUNKED_AES_256_GCM;
            case CHUNKED_AES_256_GCM -> chosen;
            case CHACHA20_POLY1305, ONE_TIME_PAD ->
                throw new UnsupportedMessageException(
                        ErrorCode.KMS_SUITE_UNSUPPORTED,
                        "Suite " + chosen + " cannot be chosen.",
                        "It is reserved, or belongs to a security level that this release does not have.",
                        "Leave the suite out, or use AES_256_GCM or XAES_256_GCM.");
        };
    }

    /** The suite of a stream: chunked, unless the caller asked for one that no stream can have. */
    final void demandStreamSuite() {
        if (suite != null && suite != Suite.CHUNKED_AES_256_GCM) {
            throw new UnsupportedMessageException(
                    ErrorCode.KMS_SUITE_UNSUPPORTED,
                    "A stream cannot have suite " + suite + ".",
                    "Streams are chunked, so that no byte is released before it is authenticated.",
                    "Leave the suite out, or use CHUNKED_AES_256_GCM.");
        }
    }

    /** Where the data key comes from. */
    final SealingTarget target() {
        if (entries == null && !direct) {
            Known known = known();
            SealingTarget target = known.target;
            if (target == null || target.closed()) {
                target = kms.targets().get(kms.defaultPlan(), known.context);
                known.target = target;
            }
            return target;
        }
        return kms.targets().get(plan(), known().context);
    }

    private RecipientPlan plan() {
        if (direct && (entries == null || entries.size() != 1 || !(entries.get(0) instanceof NamedEntry))) {
            throw new IllegalStateException("direct() needs exactly one key(...) and no masterKey(...)");
        }
        if (entries == null) {
            return kms.defaultPlan();
        }
        return new RecipientPlan(entries, direct);
    }
}
