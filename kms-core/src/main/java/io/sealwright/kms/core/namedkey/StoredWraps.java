package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Problem;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.core.namedkey.KeyChanges.Edited;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.StoredVersion;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * All that master keys wrap in one store: looked at, or put under their newest versions.
 *
 * <p>Each version of a key is wrapped under a deadline of its own, and the key then written in one transaction, if no
 * other process wrote it meanwhile. Nothing is remembered between runs: what is done is told by its wraps, so that a
 * run that was killed costs the next no more than the key it was at.
 */
final class StoredWraps {
    /** Passes over all keys: the later ones find what others made under an older version meanwhile. */
    private static final int MOST_PASSES = 5;

    /** Keys worked on at once where a provider is asked over the network; half of what one provider is asked at most. */
    private static final int AT_ONCE = 8;

    private final NamedKeyStore store;
    private final KnownKeys known;
    private final StoreKeys storeKeys;
    private final MasterKeys masterKeys;
    private final KeyChanges changes;
    private final ProviderCalls calls;

    StoredWraps(
            NamedKeyStore store,
            KnownKeys known,
            StoreKeys storeKeys,
            MasterKeys masterKeys,
            KeyChanges changes,
            ProviderCalls calls) {
        this.store = store;
        this.known = known;
        this.storeKeys = storeKeys;
        this.masterKeys = masterKeys;
        this.changes = changes;
        this.calls = calls;
    }

    // ---------------------------------------------------------------- looking

    Examined examine(Progress progress) {
        learnNewest();
        WrapSurvey survey = new WrapSurvey();
        Optional<StoreKeyRecord> record =
                begin().flatMap(key -> calls.call("read " + StoreKeyRecord.SUBJECT, storeKeys::record));
        List<Step> steps = new ArrayList<>();
        record.ifPresent(row -> steps.add(() ->
                survey.examine(StoreKeyRecord.SUBJECT, () -> examine(List.of(row.material()), survey))));
        String storeId = record.map(row -> row.storeId().hex()).orElse("");
        for (String name : names()) {
            String subject = KeyErrors.key(name);
            steps.add(() -> survey.examine(
                    subject,
                    () -> examine(
                            calls.call("read " + subject, () -> known.readExisting(name))
                                    .stored(storeId),
                            survey)));
        }
        each(steps, progress);
        return survey.examined();
    }

    private void examine(List<StoredMaterial> materials, WrapSurvey survey) {
        boolean renewed = true;
        for (StoredMaterial stored : materials) {
            boolean unused = calls.call("open the wraps of " + stored.subject(), () -> {
                masterKeys.examine(stored, survey);
                return true;
            });
            renewed &= masterKeys.isRenewed(stored.wraps());
        }
        survey.key(renewed);
    }

    // ---------------------------------------------------------------- re-wrapping

    /** What one pass over all keys did. */
    private record Pass(int keys, Set<String> changed, List<Problem> failed) {}

    Rewrapped rewrap(Progress progress) {
        if (!masterKeys.wraps()) {
            throw KeyErrors.decryptOnly("Re-wrapping the stored keys");
        }
        if (begin().isEmpty()) {
            return new Rewrapped(0, 0, List.of());
        }
        learnNewest();
        Pass pass = pass(progress);
        Set<String> changed = new HashSet<>(pass.changed());
        for (int n = 1; n < MOST_PASSES && !pass.changed().isEmpty(); n++) {
            pass = pass(Progress.NONE);
            changed.addAll(pass.changed());
        }
        pass.failed().forEach(problem -> changed.remove(problem.subject()));
        return new Rewrapped(
                changed.size(), pass.keys() - changed.size() - pass.failed().size(), pass.failed());
    }

    private void learnNewest() {
        boolean unused = calls.call("look for the master keys' newest versions", () -> {
            masterKeys.learnNewest();
            return true;
        });
    }

    /** The store's own key, with the master keys' newest versions known here. */
    private Optional<StoreKey> begin() {
        masterKeys.lookAfresh();
        return calls.call("open " + StoreKeyRecord.SUBJECT, storeKeys::find);
    }

    private Pass pass(Progress progress) {
        Set<String> changed = Collections.synchronizedSet(new HashSet<>());
        List<Problem> failed = Collections.synchronizedList(new ArrayList<>());
        List<Step> steps = new ArrayList<>();
        // First: a process that comes new to the store needs this one before any other.
        steps.add(() -> attempt(
                StoreKeyRecord.SUBJECT,
                () -> calls.call("re-wrap " + StoreKeyRecord.SUBJECT, storeKeys::rewrap),
                changed,
                failed));
        for (String name : names()) {
            steps.add(() -> attempt(KeyErrors.key(name), () -> rewrap(name), changed, failed));
        }
        each(steps, progress);
        return new Pass(steps.size(), Set.copyOf(changed), List.copyOf(failed));
    }

    /** Tells whether it changed anything. */
    private interface Change {
        boolean make();
    }

    private static void attempt(String subject, Change change, Set<String> changed, List<Problem> failed) {
        try {
            if (change.make()) {
                changed.add(subject);
            }
        } catch (CallInterruptedException | ClosedException e) {
            throw e;
        } catch (KmsException e) {
            failed.add(new Problem(subject, e));
        }
    }

    private boolean rewrap(String name) {
        String subject = KeyErrors.key(name);
        for (int attempt = 0; attempt < Attempts.MOST; attempt++) {
            VerifiedKey key = calls.call("read " + subject, () -> known.readExisting(name));
            List<StoredVersion> put = renewed(key);
            if (put.isEmpty()) {
                return false;
            }
            KeyRecord before = key.record();
            Edited edited = new Edited(before, put, List.of(), "rewrapped", 0);
            if (calls.call("write " + subject, () -> changes.commit(before, edited))
                    .isPresent()) {
                return true;
            }
            Attempts.pause(name, attempt);
        }
        throw KeyErrors.conflict(name);
    }

    private List<StoredVersion> renewed(VerifiedKey key) {
        List<StoredVersion> put = new ArrayList<>();
        String storeId = calls.call("open " + StoreKeyRecord.SUBJECT, storeKeys::find)
                .orElseThrow(() -> KeyErrors.noStoreKey(key.record().name()))
                .storeIdHex();
        for (VersionRecord version : key.live()) {
            StoredMaterial stored = key.stored(version, storeId);
            if (!masterKeys.isRenewed(stored.wraps())) {
                Optional<List<Recipient>> wraps = calls.call(
                        "re-wrap " + stored.subject(), () -> Optional.ofNullable(masterKeys.renewed(stored)));
                wraps.ifPresent(list ->
                        put.add(new StoredVersion(version.number(), version.id().bytes(), WrapList.encode(list))));
            }
        }
        return put;
    }

    // ---------------------------------------------------------------- one key after the other, or some at once

    /** Work on one key; throws only what ends all of it. */
    private interface Step {
        void run();
    }

    private List<String> names() {
        return calls.call("list the named keys", store::names);
    }

    private void each(List<Step> steps, Progress progress) {
        if (masterKeys.inProcess()) {
            for (int i = 0; i < steps.size(); i++) {
                steps.get(i).run();
                progress.at(i + 1, steps.size());
            }
            return;
        }
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE, task -> {
            Thread thread = new Thread(task, "sealwright-rewrap");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<Future<?>> begun = new ArrayList<>();
            for (Step step : steps) {
                begun.add(pool.submit(step::run));
            }
            for (int i = 0; i < begun.size(); i++) {
                begun.get(i).get();
                progress.at(i + 1, steps.size());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw KeyErrors.interrupted("the stored keys", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }
}
