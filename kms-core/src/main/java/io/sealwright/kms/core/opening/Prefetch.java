package io.sealwright.kms.core.opening;

import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches roots before they are needed, many by one call where a provider can. It decides nothing: what it does not fetch is
 * fetched, or refused, when its message is opened.
 */
final class Prefetch {
    /** Single calls under way: half of what a master key bears, so that others get through. */
    private static final int AT_ONCE = 8;

    private static final Logger LOG = LoggerFactory.getLogger(Prefetch.class);

    private final Candidates candidates;
    private final Roots roots;
    private final ProviderCalls calls;

    Prefetch(Candidates candidates, Roots roots, ProviderCalls calls) {
        this.candidates = candidates;
        this.roots = roots;
        this.calls = calls;
    }

    void run(List<Header> headers) {
        Map<MasterKey, Map<RootKey, Candidate>> wanted = new LinkedHashMap<>();
        for (Header header : headers) {
            add(wanted, header);
        }
        wanted.forEach((master, ofMaster) -> {
            int most = master.largestBatch();
            List<Candidate> all = List.copyOf(ofMaster.values());
            int size = most > 1 ? most : AT_ONCE;
            for (int from = 0; from < all.size(); from += size) {
                List<Candidate> some = all.subList(from, Math.min(all.size(), from + size));
                if (!(most > 1 ? inOneCall(master, some) : each(some))) {
                    return; // the rest would wait for the same
                }
            }
        });
    }

    /** The first key that must be asked for the header's root, unless one is in memory. */
    private void add(Map<MasterKey, Map<RootKey, Candidate>> wanted, Header header) {
        if (header.form() == Form.DIRECT) {
            return;
        }
        List<Candidate> known = candidates.inMemory(header).candidates();
        if (!known.stream().allMatch(roots::mustWait)) {
            return;
        }
        for (Candidate candidate : known) {
            RootKey key = candidate.key();
            MasterKey master = key == null ? null : key.master();
            if (key != null && master != null) {
                wanted.computeIfAbsent(master, m -> new LinkedHashMap<>()).putIfAbsent(key, candidate);
                return;
            }
        }
    }

    private boolean inOneCall(MasterKey master, List<Candidate> some) {
        List<RootKey> keys = new ArrayList<>();
        for (Candidate candidate : some) {
            RootKey key = candidate.key();
            if (key != null && roots.isNew(key)) {
                keys.add(key);
            }
        }
        return keys.isEmpty() || succeeds(() -> roots.fetch(master, keys));
    }

    private boolean each(List<Candidate> some) {
        List<CompletableFuture<Root>> flights = new ArrayList<>();
        boolean goesOn = succeeds(() -> some.forEach(candidate -> flights.add(roots.rootOf(candidate))));
        for (CompletableFuture<Root> flight : flights) {
            goesOn &= succeeds(() -> calls.await(Roots.WHAT, flight).used());
        }
        return goesOn;
    }

    /** Runs it; false if it failed with what others would fail with too. */
    private static boolean succeeds(Runnable work) {
        try {
            work.run();
            return true;
        } catch (CallInterruptedException | ClosedException e) {
            throw e;
        } catch (KmsException e) {
            LOG.debug("Data keys were not fetched ahead: {}", e.code());
            return !e.retryable();
        }
    }
}
