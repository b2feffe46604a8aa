package io.sealwright.kms.core.opening;

import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.opening.Candidates.Known;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.TimeSource;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds a header's root: among the recipients that configured keys recognise, in the header's order and with each of
 * these keys, the first whose unwrapped root fits the header's commitment.
 */
final class RootFinder {
    /** Left for handing on what was found, of a deadline that is long enough. */
    private static final long ANSWER_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final Logger LOG = LoggerFactory.getLogger(RootFinder.class);

    private final Candidates candidates;
    private final Roots roots;
    private final ProviderCalls calls;
    private final TimeSource clock;
    private final Events events;

    RootFinder(Candidates candidates, Roots roots, ProviderCalls calls, TimeSource clock, Events events) {
        this.candidates = candidates;
        this.roots = roots;
        this.calls = calls;
        this.clock = clock;
        this.events = events;
    }

    /**
     * A root that opens the header, and the keys it gives.
     *
     * @param root shared with the cache; not the caller's to close
     * @param keys the caller's to close
     */
    record Found(Root root, EpochKeys keys) {}

    /** Finds it; waits for providers if need be. */
    Found find(Header header, OpenPolicy open) {
        Failures failures = new Failures();
        Known known = candidates.inMemory(header);
        if (known.all() && known.candidates().stream().noneMatch(roots::mustWait)) {
            for (Candidate candidate : known.candidates()) {
                Found found = attempt(header, open, candidate, failures);
                if (found != null) {
                    return found;
                }
            }
            throw failures.verdict();
        }
        return calls.await(Roots.WHAT, findAsync(header, open));
    }

    /** Finds it without holding the caller's thread. */
    CompletableFuture<Found> findAsync(Header header, OpenPolicy open) {
        long end = System.nanoTime() + calls.deadline().toNanos();
        Failures failures = new Failures();
        Known known = candidates.inMemory(header);
        if (known.all()) {
            return inOrder(header, open, known.candidates(), 0, failures, end);
        }
        // What is in memory first: a store that hangs must not hold up what a key here opens. And a key whose provider
        // has to tell first what it is must not hold up those that know: they have half of the time.
        List<Candidate> first = known.undecided()
                ? known.candidates()
                : known.candidates().stream()
                        .filter(candidate -> !roots.mustWait(candidate))
                        .toList();
        long firstEnd = known.undecided() ? end - calls.deadline().toNanos() / 2 : end;
        return tried(header, open, first, 0, failures, firstEnd)
                .thenCompose(found -> found != null
                        ? CompletableFuture.completedFuture(found)
                        : calls.submit(Roots.WHAT, () -> candidates.fresh(header), discarded -> {})
                                .thenCompose(fresh -> inOrder(header, open, without(fresh, first), 0, failures, end)));
    }

    private static List<Candidate> without(List<Candidate> candidates, List<Candidate> tried) {
        return candidates.stream()
                .filter(candidate -> candidate.key() == null
                        || tried.stream().noneMatch(other -> candidate.key().equals(other.key())))
                .toList();
    }

    private CompletableFuture<Found> inOrder(
            Header header, OpenPolicy open, List<Candidate> chosen, int index, Failures failures, long end) {
        return tried(header, open, chosen, index, failures, end)
                .thenCompose(found -> found != null
                        ? CompletableFuture.completedFuture(found)
                        : CompletableFuture.failedFuture(failures.verdict()));
    }

    /** What the first of these candidates gives that opens the header, from that one on; null if none does. */
    private CompletableFuture<@Nullable Found> tried(
            Header header, OpenPolicy open, List<Candidate> chosen, int index, Failures failures, long end) {
        if (index == chosen.size()) {
            return CompletableFuture.completedFuture(null);
        }
        Candidate candidate = chosen.get(index);
        CompletableFuture<Root> root = roots.rootOf(candidate);
        if (!root.isDone()) {
            // A provider that hangs must leave time for the ones behind it: each gets its share of what is left.
            // The caller waits as long as all of them have: a little less, or its wait may end before it is told what
            // serves.
            long left = end - System.nanoTime();
            long share = Math.max(1, (left - Math.min(left / 10, ANSWER_NANOS)) / (chosen.size() - index));
            root = calls.within(root, share);
        }
        return root.handle((found, failure) ->
                        step(header, open, index, roots.orServing(candidate, found, failure), failure, failures))
                .thenCompose(step -> step.found() != null
                        ? CompletableFuture.completedFuture(step.found())
                        : tried(header, open, chosen, step.next(), failures, end));
    }

    /** What trying one candidate led to: what was found, or which candidate is next. */
    private record Step(@Nullable Found found, int next) {}

    private Step step(
            Header header,
            OpenPolicy open,
            int index,
            @Nullable Root root,
            @Nullable Throwable failure,
            Failures failures) {
        if (root == null) {
            failures.note(typed(failure == null ? new AuthenticationFailedException() : failure));
            return new Step(null, index + 1);
        }
        try {
            return new Step(fit(header, open, root, failures), index + 1);
        } catch (EvictedException e) {
            return new Step(null, index);
        }
    }

    private @Nullable Found attempt(Header header, OpenPolicy open, Candidate candidate, Failures failures) {
        while (true) {
            try {
                return fit(header, open, calls.await(Roots.WHAT, roots.rootOf(candidate)), failures);
            } catch (EvictedException e) {
                LOG.debug("A root was evicted before its use; it is looked for again");
            } catch (KmsException e) {
                failures.note(typed(e));
                return null;
            }
        }
    }

    private static RuntimeException typed(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof TimeoutException) {
            return new UnavailableException(
                    "No answer in time: " + Roots.WHAT + ".",
                    "The provider is slow, hangs, or cannot be reached.",
                    "Repeat the call; check the provider and the network.");
        }
        return cause instanceof RuntimeException runtime ? runtime : new CompletionException(cause);
    }

    /** Whether that root opens this header for this caller; null and a note if not. */
    private @Nullable Found fit(Header header, OpenPolicy open, Root root, Failures failures) {
        HeldVersion version = root.version();
        if (version != null && !usable(version, open, failures)) {
            return null;
        }
        EpochKeys keys;
        byte[] copy = root.copy();
        if (copy == null) {
            throw new EvictedException();
        }
        try {
            keys = new EpochKeys(copy, header.salt(), header.immutable());
        } finally {
            Arrays.fill(copy, (byte) 0);
            root.used();
        }
        boolean fits = keys.commits(header.commitment())
                && (!header.recipientsFollow() || keys.authenticates(header.bytes(), header.authenticatedLength()));
        if (!fits) {
            keys.close();
            failures.note(new AuthenticationFailedException());
            return null;
        }
        root.works();
        return new Found(root, keys);
    }

    private boolean usable(HeldVersion version, OpenPolicy open, Failures failures) {
        Instant destroyAt = version.destroyAt();
        if (destroyAt != null) {
            refuse(
                    version,
                    failures,
                    "It is to be destroyed at " + destroyAt + ", and does not open until then.",
                    "If it is needed, take the destruction back with: kms key cancel-destroy " + version.keyName());
            return false;
        }
        switch (version.state()) {
            case COMPROMISED -> {
                if (open.allowCompromised()) {
                    events.tell(new KmsEvent.WeakerAllowed(
                            clock.instant(), "compromised", SecurityLevel.STANDARD, version.keyName()));
                    return true;
                }
                refuse(
                        version,
                        failures,
                        "Whoever has the key can have made the message.",
                        "If that is acceptable, say allowCompromised(), or --allow-compromised on the command line.");
                return false;
            }
            case DESTROYED -> {
                refuse(
                        version,
                        failures,
                        "Its material is gone for good.",
                        "Nothing opens the message; look for a copy under another key.");
                return false;
            }
            default -> {
                return true;
            }
        }
    }

    private void refuse(HeldVersion version, Failures failures, String why, String remedy) {
        events.tell(new KmsEvent.Refused(clock.instant(), ErrorCode.KMS_KEY_STATE_REFUSED, version.keyName()));
        failures.note(new RefusedException(
                ErrorCode.KMS_KEY_STATE_REFUSED,
                "Version " + version.number() + " of key '" + version.keyName() + "' is "
                        + version.state().name().toLowerCase(Locale.ROOT) + ".",
                why,
                remedy));
    }

    /** The cache dropped a root between two steps: look for it again. Never leaves this class. */
    private static final class EvictedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        EvictedException() {
            super(null, null, false, false);
        }
    }
}
