package io.sealwright.kms.core.provider;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.TimeSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an answer means for what is in memory. A definite no, said to a question of our own making, ends what the key gave,
 * wherever it is held. Said to a stranger's wrap it ends nothing, but is a reason to ask a question of our own, at most one
 * a second.
 */
public final class Verdicts {
    private static final Logger LOG = LoggerFactory.getLogger(Verdicts.class);
    private static final long PAUSE_NANOS = 1_000_000_000L;

    /**
     * What was said no to, or may have been.
     *
     * @param key the master key
     * @param operation generate, wrap or unwrap
     * @param denied whether it was "denied", which concerns the operation and context, and not "disabled" or "deleted",
     *     which concerns a version
     * @param version the version as {@link MasterKey#versionOf} names it, or null if unknown: all
     * @param context the context that was bound
     */
    public record Matter(
            MasterKey key,
            Operation operation,
            boolean denied,
            @Nullable String version,
            EncryptionContext context) {
        /** Whether an entry for sealing is concerned, made with that version of that key. */
        public boolean concernsSealing(MasterKey other, @Nullable String otherVersion, EncryptionContext otherContext) {
            return concerns(other, otherVersion, otherContext, operation != Operation.UNWRAP);
        }

        /** Whether an entry for opening is concerned, unwrapped by that version of that key. */
        public boolean concernsOpening(MasterKey other, @Nullable String otherVersion, EncryptionContext otherContext) {
            return concerns(other, otherVersion, otherContext, operation == Operation.UNWRAP);
        }

        private boolean concerns(
                MasterKey other, @Nullable String otherVersion, EncryptionContext otherContext, boolean sameOperation) {
            if (!key.equals(other)) {
                return false;
            }
            return denied
                    ? sameOperation && context.equals(otherContext)
                    : version == null || otherVersion == null || version.equals(otherVersion);
        }
    }

    /** Whoever keeps what master keys gave. */
    public interface Holder {
        /** Ends what is concerned, at once; whether there was any that could still serve. */
        boolean end(Matter matter);

        /** Begins a check of one entry that is concerned; false if there is none. Does not block. */
        boolean recheck(Matter matter);
    }

    private final Events events;
    private final TimeSource time;
    private final List<Holder> holders = new CopyOnWriteArrayList<>();
    private final Map<MasterKey, AtomicLong> recheckedAt = new ConcurrentHashMap<>();
    private final Map<MasterKey, AtomicLong> toldAt = new ConcurrentHashMap<>();

    Verdicts(Events events, TimeSource time) {
        this.events = events;
        this.time = time;
    }

    /** From now on this one hears of definite noes. */
    public void add(Holder holder) {
        holders.add(holder);
    }

    /** Whether that is a definite no. */
    public static boolean isDefiniteNo(@Nullable Throwable failure) {
        Throwable cause = bare(failure);
        return cause instanceof KeyNotFoundException
                || cause instanceof PermissionDeniedException
                || cause instanceof RefusedException refused && refused.code() == ErrorCode.KMS_KEY_STATE_REFUSED;
    }

    /**
     * Whether that is no answer, to somebody who asks about an entry. Being overloaded counts: checks have places of their
     * own, so only a provider that does not answer fills them.
     */
    public static boolean isNoAnswer(@Nullable Throwable failure) {
        Throwable cause = bare(failure);
        return cause instanceof UnavailableException
                || cause instanceof OverloadedException
                || cause instanceof TimeoutException
                || cause instanceof StoreException store && store.code() == ErrorCode.KMS_STORE_UNAVAILABLE;
    }

    private static @Nullable Throwable bare(@Nullable Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    /** A definite no to a question of our own: ends what is concerned. */
    public void said(
            KmsException no, MasterKey key, Operation operation, @Nullable String version, EncryptionContext context) {
        end(no, new Matter(key, operation, no instanceof PermissionDeniedException, version, context));
    }

    /** A definite no to the fetch of a key's bytes: ends all they gave, since there is nothing left that could confirm it. */
    void ended(KmsException no, MasterKey key, Operation operation) {
        end(no, new Matter(key, operation, false, null, EncryptionContext.empty()));
    }

    private void end(KmsException no, Matter matter) {
        boolean ended = false;
        for (Holder holder : holders) {
            ended |= holder.end(matter);
        }
        String asked = Guard.name(matter.operation());
        String uri = matter.key().uri();
        // Whoever goes on asking is told no each time; the operator is told once, and each time that something ends.
        if (once(toldAt, matter.key()) || ended) {
            LOG.warn("{} said no to {} ({}): what it gave is not used any more", uri, asked, no.code());
            events.tell(new KmsEvent.KeyEnded(time.instant(), asked, uri, no.code()));
        }
    }

    /** A stranger's wrap was not unwrapped: asks a question of our own, if there is one and none was asked just now. */
    public void suspect(Throwable failure, MasterKey key, @Nullable String version, EncryptionContext context) {
        boolean no = isDefiniteNo(failure);
        if (key.inProcess() || !no && !isNoAnswer(failure) || !once(recheckedAt, key)) {
            return;
        }
        boolean denied = no && bare(failure) instanceof PermissionDeniedException;
        // Without an answer any entry will do: what is asked is whether the provider is there.
        Matter matter = new Matter(key, Operation.UNWRAP, denied, no ? version : null, context);
        for (Holder holder : holders) {
            if (holder.recheck(matter)) {
                return;
            }
        }
    }

    /** True at most once a second for each key. */
    private boolean once(Map<MasterKey, AtomicLong> times, MasterKey key) {
        long now = time.nanoTime();
        AtomicLong last = times.computeIfAbsent(key, k -> new AtomicLong(now - PAUSE_NANOS));
        long before = last.get();
        return now - before >= PAUSE_NANOS && last.compareAndSet(before, now);
    }
}
