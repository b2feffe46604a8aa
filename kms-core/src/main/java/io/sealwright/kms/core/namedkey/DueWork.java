package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WorkClaim;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is to be done for keys when its time has come, without anyone asking: rotations by schedule, destructions whose
 * waiting period is over. Every process that shares the store looks; a key is worked on by the one that claims it, and
 * that claim only saves doing the work twice: what makes it happen once is that the change looks at the key again and
 * expects its generation.
 *
 * <p>Looks come at uneven times, so that processes which started together do not look together for ever. A key that
 * failed is left alone for a while that grows; its claim is kept for a minute, so that not all processes run into the
 * same failure at once.
 */
final class DueWork {
    private static final Logger LOG = LoggerFactory.getLogger(DueWork.class);

    /** Names that one look takes; more wait for the next, which comes at once if this one made something. */
    static final int MOST_AT_ONCE = 500;

    private static final Duration FIRST_LOOK = Duration.ofSeconds(3);
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(30);
    private static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

    /** As far as clocks that are kept synchronised may be apart. */
    private static final Duration CLOCKS_APART = Duration.ofMinutes(5);

    private final NamedKeyStore store;
    private final KnownKeys known;
    private final KeyLife life;
    private final ProviderCalls calls;
    private final Events events;
    private final TimeSource time;
    private final String holder = UUID.randomUUID().toString();
    private final AtomicBoolean working = new AtomicBoolean();
    private final Map<String, Failures> failing = new ConcurrentHashMap<>();
    private volatile long nextLook;
    private volatile boolean lookFailed;

    /** How often a key failed in a row, and when it is tried again, on the scale of {@code nanoTime()}. */
    private record Failures(int count, long retryAt) {}

    DueWork(NamedKeyStore store, KnownKeys known, KeyLife life, ProviderCalls calls, Events events, TimeSource time) {
        this.store = store;
        this.known = known;
        this.life = life;
        this.calls = calls;
        this.events = events;
        this.time = time;
        this.nextLook = time.nanoTime() + uneven(FIRST_LOOK);
    }

    /** Looks if it is time to, and begins the work; does not wait for it. To be called about once a second. */
    void look() {
        if (time.nanoTime() - nextLook < 0 || !working.compareAndSet(false, true)) {
            return;
        }
        nextLook = time.nanoTime() + uneven(BETWEEN_LOOKS);
        CompletableFuture<List<String>> names;
        try {
            names = calls.begin("look for due work", this::dueNow, discarded -> {});
        } catch (KmsException e) {
            looked(e);
            return;
        }
        CompletableFuture<?> unused = names.whenComplete((due, failure) -> {
            if (failure == null) {
                lookFailed = false;
                workThrough(new ArrayDeque<>(due), due.size() == MOST_AT_ONCE, false);
            } else {
                looked(failure);
            }
        });
    }

    /**
     * Does all that is due now, and waits for it.
     *
     * @return how many changes were made
     * @throws KmsException what the first key failed with, after the others were done
     */
    int run() {
        int made = 0;
        KmsException failure = null;
        Set<String> tried = new HashSet<>();
        List<String> names;
        do {
            names = calls.call("look for due work", () -> due(tried.size(), name -> !tried.contains(name)));
            for (String name : names) {
                tried.add(name);
                try {
                    made += calls.call(what(name), () -> work(name));
                    failing.remove(name);
                } catch (CallInterruptedException | ClosedException e) {
                    throw e;
                } catch (KmsException e) {
                    failed(name, e);
                    failure = failure == null ? e : failure;
                }
            }
        } while (names.size() == MOST_AT_ONCE);
        if (failure != null) {
            throw failure;
        }
        return made;
    }

    /** Without those that failed and wait: however many they are, what became due after them has its turn. */
    private List<String> dueNow() {
        return due(failing.size(), name -> !waits(name));
    }

    private List<String> due(int leftOut, Predicate<String> wanted) {
        return store.due(time.instant(), MOST_AT_ONCE + leftOut).stream()
                .filter(wanted)
                .limit(MOST_AT_ONCE)
                .toList();
    }

    /** One key after the other, each under a deadline of its own, so that one which hangs does not end the others'. */
    private void workThrough(Queue<String> names, boolean more, boolean madeSome) {
        String name = names.poll();
        while (name != null && waits(name)) {
            name = names.poll();
        }
        if (name == null) {
            if (more && madeSome) {
                nextLook = time.nanoTime();
            }
            working.set(false);
            return;
        }
        String next = name;
        CompletableFuture<Integer> work;
        try {
            work = calls.begin(what(next), () -> work(next), discarded -> {});
        } catch (KmsException e) {
            failed(next, e);
            working.set(false); // closed, or no thread to be had: the others wait for the next look
            return;
        }
        CompletableFuture<?> unused = work.whenComplete((made, failure) -> {
            if (failure == null) {
                failing.remove(next);
            } else {
                failed(next, failure);
            }
            workThrough(names, more, madeSome || (failure == null && made > 0));
        });
    }

    private static String what(String name) {
        return "do what is due for " + KeyErrors.key(name);
    }

    /** On a worker. What the store says is due is looked up in the manifest, which has the last word. */
    private int work(String name) {
        if (!KeyNames.valid(name)) {
            throw KeyErrors.corrupt("a key that is due", "Its row stands under a name that no key can have.");
        }
        KeyRecord key = known.readExisting(name).record().at(time.instant());
        // Longer than the work may take, so that nobody begins what another is doing.
        WorkClaim claim = new WorkClaim("due " + name, holder, calls.deadline().plus(FIRST_PAUSE));
        if (!life.due(key, time.instant()) || !store.claim(claim)) {
            return 0;
        }
        try {
            Instant now = time.instant();
            Instant theirs = secondClock(key, now);
            int made = life.doDue(name, theirs == null ? now : earlier(now, theirs.plus(CLOCKS_APART)));
            if (theirs != null && KeyLife.destructionDue(key, theirs.plus(CLOCKS_APART), now)) {
                throw KeyErrors.clocksDiffer(name, now, theirs);
            }
            boolean unused = store.release(claim);
            return made;
        } catch (KmsException e) {
            keepForAWhile(claim, e);
            throw e;
        }
    }

    /**
     * What the store's clock says, if a destruction is due by ours: only what is due by both is erased, since one of the two
     * may be wrong, and what is erased does not come back. A clock given by the caller is taken at its word.
     */
    private @Nullable Instant secondClock(KeyRecord key, Instant now) {
        boolean asked = time.equals(TimeSource.system()) && KeyLife.destructionDue(key, Instant.MIN, now);
        return asked ? store.clock().orElse(null) : null;
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }

    /** Not all processes are to run into the same failure at once; but the next one may be luckier than this one. */
    private void keepForAWhile(WorkClaim claim, KmsException failure) {
        try {
            boolean unused = store.claim(new WorkClaim(claim.work(), holder, FIRST_PAUSE));
        } catch (KmsException e) {
            failure.addSuppressed(e);
        }
    }

    private boolean waits(String name) {
        Failures failures = failing.get(name);
        return failures != null && time.nanoTime() - failures.retryAt() < 0;
    }

    private void failed(String name, Throwable failure) {
        if (failure instanceof ClosedException || failure instanceof CallInterruptedException) {
            return; // this process ends; it says nothing of the key
        }
        Failures before = failing.get(name);
        int count = before == null ? 1 : before.count() + 1;
        Duration most = FIRST_PAUSE.multipliedBy(1L << Math.min(count - 1, 6));
        long pause = uneven(most.compareTo(LONGEST_PAUSE) < 0 ? most : LONGEST_PAUSE);
        failing.put(name, new Failures(count, time.nanoTime() + pause));
        @Nullable ErrorCode code = failure instanceof KmsException e ? e.code() : null;
        LOG.warn("What is due for {} could not be done, and will be tried again", KeyErrors.key(name), failure);
        events.tell(new KmsEvent.DueWorkFailed(time.instant(), name, code, Duration.ofNanos(pause)));
    }

    private void looked(@Nullable Throwable failure) {
        if (!lookFailed && !(failure instanceof ClosedException) && !(failure instanceof CallInterruptedException)) {
            LOG.warn("The look for due work failed, and will be repeated", failure);
        }
        lookFailed = true;
        working.set(false);
    }

    /** Half of it to one and a half, in nanoseconds. */
    private static long uneven(Duration mean) {
        long nanos = mean.toNanos();
        return ThreadLocalRandom.current().nextLong(nanos / 2, nanos / 2 + nanos);
    }
}
