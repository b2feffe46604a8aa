package io.sealwright.kms.core.sealing;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.core.provider.Verdicts.Matter;
import io.sealwright.kms.core.sealing.RecipientPlan.Target;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.TimeSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All targets of a manager. A plain map, since recording each access for an eviction order would cost more than the
 * look-up and slow two cores down; when it is full the keys that end first go.
 */
public final class SealingTargets implements AutoCloseable, Verdicts.Holder {
    private static final Logger LOG = LoggerFactory.getLogger(SealingTargets.class);
    private static final int MOST = 10_000;
    private static final int MANY = 1_000;

    private final Map<Target, SealingTarget> targets = new ConcurrentHashMap<>();
    private final DataKeyMaker maker;
    private final SealingParameters parameters;
    private final ProviderCalls calls;
    private final Events events;
    private final TimeSource clock;
    /** The most that {@link #sealedMessages} said: what an ending epoch sealed may be counted nowhere for a moment. */
    private final AtomicLong told = new AtomicLong();

    private final AtomicLong nextWarning = new AtomicLong(MANY);

    public SealingTargets(
            DataKeyMaker maker, SealingParameters parameters, ProviderCalls calls, Events events, TimeSource clock) {
        this.events = events;
        this.clock = clock;
        this.maker = maker;
        this.parameters = parameters;
        this.calls = calls;
    }

    /** The target of that plan and context, made at its first use. */
    public SealingTarget get(RecipientPlan plan, EncryptionContext context) {
        Target key = new Target(plan, context);
        SealingTarget target = targets.get(key);
        if (target == null) {
            target = targets.computeIfAbsent(key, k -> new SealingTarget(plan, context, maker, parameters, calls));
            crowded();
        }
        return target;
    }

    private void crowded() {
        int size = targets.size();
        long warnAt = nextWarning.get();
        if (size > warnAt && nextWarning.compareAndSet(warnAt, warnAt * 10)) {
            LOG.warn(
                    "Over {} distinct encryption contexts are in use: each costs a data key and a provider call. What"
                            + " differs from message to message belongs into the associated data.",
                    warnAt);
            events.tell(new KmsEvent.ManyContexts(clock.instant(), size));
        }
        if (size > MOST) {
            List<Leaving> oldest = targets.entrySet().stream()
                    .map(entry -> new Leaving(
                            entry.getKey(), entry.getValue(), entry.getValue().lifeLeft()))
                    .sorted(Comparator.comparingLong(Leaving::lifeLeft))
                    .limit(MOST / 10)
                    .toList();
            for (Leaving leaving : oldest) {
                targets.remove(leaving.key(), leaving.target());
                leaving.target().close();
            }
        }
    }

    /** A candidate for eviction, its life read once so that the order is one. */
    private record Leaving(Target key, SealingTarget target, long lifeLeft) {}

    /** Ends the data keys that a named key takes part in. */
    public void namedKeyChanged(String name) {
        for (SealingTarget target : targets.values()) {
            if (target.plan().usesNamedKey(name)) {
                boolean unused = target.retire();
            }
        }
    }

    /** How many there are: one for each plan and context in use. */
    public int size() {
        return targets.size();
    }

    /** About how many messages were sealed under data keys and directly under named keys. Never less than before. */
    public long sealedMessages() {
        long sum = parameters.sealedByEnded().sum();
        for (SealingTarget target : targets.values()) {
            sum += target.sealedMessages();
        }
        return told.accumulateAndGet(sum, Math::max);
    }

    @Override
    public boolean end(Matter matter) {
        boolean ended = false;
        for (SealingTarget target : targets.values()) {
            if (target.concerned(matter)) {
                ended |= target.retire();
            }
        }
        return ended;
    }

    @Override
    public boolean recheck(Matter matter) {
        for (SealingTarget target : targets.values()) {
            if (target.concerned(matter) && target.recheck()) {
                return true;
            }
        }
        return false;
    }

    /** Wipes keys past their age. */
    public void sweep() {
        targets.values().forEach(SealingTarget::sweep);
    }

    @Override
    public void close() {
        targets.values().forEach(SealingTarget::close);
        targets.clear();
    }
}
