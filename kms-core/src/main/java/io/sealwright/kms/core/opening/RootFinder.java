package io.sealwright.kms.core.opening;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.FreshLook;
import io.sealwright.kms.core.provider.Futures;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.core.time.CoarseTime;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds a header's root: among the recipients that configured keys recognise, in the header's order and with each of
 * these keys, the first whose unwrapped root fits the header's commitment. Ids in a header are only compared. However many callers wait for one
 * wrapped root, its provider is called once; a root is remembered for its age, so that headers of one data key share it.
 */
public final class RootFinder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RootFinder.class);
    private static final int MOST_ROOTS = 10_000;
    private static final long MOST_BYTES = 16L << 20;
    private static final String WHAT = "unwrapping a message's key";

    private final List<MasterKey> masterKeys;
    private final @Nullable NamedKeyRing namedKeys;
    private final ProviderCalls calls;
    private final DataKeyPolicy policy;
    private final CoarseTime time;
    private final TimeSource clock;
    private final Events events;
    private final Cache<RootKey, Root> roots = Caffeine.newBuilder()
            .maximumWeight(MOST_BYTES)
            .weigher((RootKey key, Root root) -> Math.max((int) (MOST_BYTES / MOST_ROOTS), key.weight()))
            .executor(Runnable::run)
            .<RootKey, Root>removalListener((key, root, cause) -> close(root))
            .build();
    private final Map<RootKey, CompletableFuture<Root>> flights = new ConcurrentHashMap<>();
    private final FreshLook freshLook;
    private volatile boolean closed;

    public RootFinder(
            List<MasterKey> masterKeys,
            @Nullable NamedKeyRing namedKeys,
            ProviderCalls calls,
            DataKeyPolicy policy,
            CoarseTime time,
            TimeSource clock,
            Events events) {
        this.masterKeys = List.copyOf(masterKeys);
        this.namedKeys = namedKeys;
        this.calls = calls;
        this.policy = policy;
        this.time = time;
        this.clock = clock;
        this.events = events;
        this.freshLook = new FreshLook(masterKeys, calls, clock);
    }

    private static void close(@Nullable Root root) {
        if (root != null) {
            root.close();
        }
    }

    private static void discard(Root root) {
        root.used();
        root.close();
    }

    /**
     * A root that opens the header, and the keys it gives.
     *
     * @param root shared with the cache; not the caller's to close
     * @param keys the caller's to close
     */
    record Found(Root root, EpochKeys keys) {}

    /** One recipient that a configured key may open; {@code open} blocks if {@code blocks}. */
    private record Candidate(boolean blocks, @Nullable RootKey key, Opening open) {
        interface Opening {
            Root open();
        }
    }

    /** Finds it; waits for providers if need be. */
    Found find(Header header, OpenPolicy open) {
        Failures failures = new Failures();
        List<Candidate> candidates = candidates(header);
        if (candidates != null && candidates.stream().noneMatch(this::mustWait)) {
            for (Candidate candidate : candidates) {
                Found found = attempt(header, open, candidate, failures);
                if (found != null) {
                    return found;
                }
            }
            throw failures.verdict();
        }
        return calls.await(WHAT, findAsync(header, open));
    }

    /** Finds it without holding the caller's thread. */
    CompletableFuture<Found> findAsync(Header header, OpenPolicy open) {
        long end = System.nanoTime() + calls.deadline().toNanos();
        List<Candidate> candidates = candidates(header);
        if (candidates != null) {
            return inOrder(header, open, candidates, 0, new Failures(), end);
        }
        return calls.submit(WHAT, () -> freshCandidates(header), discarded -> {})
                .thenCompose(fresh -> inOrder(header, open, fresh, 0, new Failures(), end));
    }

    private CompletableFuture<Found> inOrder(
            Header header, OpenPolicy open, List<Candidate> candidates, int index, Failures failures, long end) {
        if (index == candidates.size()) {
            return CompletableFuture.failedFuture(failures.verdict());
        }
        Candidate candidate = candidates.get(index);
        CompletableFuture<Root> root = rootOf(candidate);
        if (!root.isDone()) {
            // A provider that hangs must leave time for the ones behind it: each gets its share of what is left.
            long share = Math.max(1, (end - System.nanoTime()) / (candidates.size() - index));
            root = calls.within(root, share);
        }
        return root.handle((found, failure) -> step(header, open, index, found, failure, failures))
                .thenCompose(step -> step.found() != null
                        ? CompletableFuture.completedFuture(step.found())
                        : inOrder(header, open, candidates, step.next(), failures, end));
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
                return fit(header, open, calls.await(WHAT, rootOf(candidate)), failures);
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
                    "No answer in time: " + WHAT + ".",
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
                        + version.state().name().toLowerCase(java.util.Locale.ROOT) + ".",
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

    // ---- candidates

    private boolean mustWait(Candidate candidate) {
        return candidate.blocks() && (candidate.key() == null || live(candidate.key()) == null);
    }

    /** The recipients that a key in memory recognises; null if a fresh read may find more. */
    private @Nullable List<Candidate> candidates(Header header) {
        List<Candidate> found = new ArrayList<>();
        if (header.form() == Form.DIRECT) {
            byte[] id = header.directKeyId();
            if (namedKeys == null || id == null || header.directKind() != RecipientKind.NAMED_KEY.id()) {
                throw noMatch();
            }
            Optional<HeldVersion> held = namedKeys.held(id);
            if (held.isEmpty()) {
                return null;
            }
            found.add(new Candidate(false, null, () -> directRoot(held.get())));
            return found;
        }
        boolean unknownNamedKey = false;
        for (Recipient recipient : header.recipients()) {
            if (recipient.kind() == RecipientKind.NAMED_KEY.id()) {
                if (namedKeys == null || recipient.id().length != Format.KEY_ID_BYTES + 8) {
                    continue;
                }
                byte[] id = Arrays.copyOf(recipient.id(), Format.KEY_ID_BYTES);
                Optional<HeldVersion> held = namedKeys.held(id);
                if (held.isEmpty()) {
                    unknownNamedKey = true;
                } else if (names(recipient, held.get())) {
                    RootKey key = new RootKey(null, recipient, header.context());
                    found.add(new Candidate(false, key, () -> namedRoot(held.get(), key)));
                }
                continue;
            }
            addMasters(found, header, recipient);
        }
        return found.isEmpty() || unknownNamedKey || namesUnread(header) ? null : found;
    }

    /** Whether a master key that was not read yet may be the one that a recipient names. */
    private boolean namesUnread(Header header) {
        return masterKeys.stream().anyMatch(SecretMasterKey::isUnread)
                && header.recipients().stream().anyMatch(SecretMasterKey::isOfAnySecret);
    }

    /** Each master key that recognises the recipient, in the order of the configuration: one may open what another fails at. */
    private void addMasters(List<Candidate> found, Header header, Recipient recipient) {
        for (MasterKey master : masterKeys) {
            if (master.recognizes(recipient)) {
                RootKey key = new RootKey(master, recipient, header.context());
                found.add(new Candidate(!master.inProcess(), key, () -> masterRoot(master, key)));
            }
        }
    }

    /** As {@link #candidates}, with the store asked for key ids it may know, and master keys for newer versions. Blocks. */
    private List<Candidate> freshCandidates(Header header) {
        RuntimeException storeFailure = null;
        List<byte[]> ids = new ArrayList<>();
        byte[] direct = header.directKeyId();
        if (direct != null) {
            ids.add(direct);
        }
        for (Recipient recipient : header.recipients()) {
            if (recipient.kind() == RecipientKind.NAMED_KEY.id() && recipient.id().length == Format.KEY_ID_BYTES + 8) {
                ids.add(Arrays.copyOf(recipient.id(), Format.KEY_ID_BYTES));
            }
        }
        List<Candidate> found = new ArrayList<>();
        if (namesUnread(header)) {
            for (MasterKey master : masterKeys) {
                try {
                    boolean unused = SecretMasterKey.isUnread(master)
                            && calls.invoke(master, Operation.REFRESH, master::refresh);
                } catch (KmsException e) {
                    storeFailure = e;
                }
            }
        }
        if (namedKeys != null) {
            for (byte[] id : ids) {
                try {
                    Optional<HeldVersion> held = namedKeys.byId(id);
                    held.ifPresent(version -> found.addAll(namedCandidates(header, version)));
                } catch (KmsException e) {
                    storeFailure = e;
                }
            }
        }
        found.addAll(masterCandidates(header));
        if (found.isEmpty() && storeFailure == null) {
            freshLook.look(false);
            found.addAll(masterCandidates(header));
        }
        if (found.isEmpty()) {
            throw storeFailure != null ? failed(storeFailure) : noMatch();
        }
        if (storeFailure != null) {
            RuntimeException failure = storeFailure;
            found.add(new Candidate(false, null, () -> {
                throw failure;
            }));
        }
        return found;
    }

    private static RuntimeException failed(RuntimeException storeFailure) {
        Failures failures = new Failures();
        failures.note(storeFailure);
        return failures.verdict();
    }

    private List<Candidate> namedCandidates(Header header, HeldVersion version) {
        if (header.form() == Form.DIRECT) {
            return List.of(new Candidate(false, null, () -> directRoot(version)));
        }
        List<Candidate> found = new ArrayList<>();
        for (Recipient recipient : header.recipients()) {
            if (names(recipient, version)) {
                RootKey key = new RootKey(null, recipient, header.context());
                found.add(new Candidate(false, key, () -> namedRoot(version, key)));
            }
        }
        return found;
    }

    /**
     * Whether the recipient is this version's, key check included: the same whether it was in memory or not. A key that
     * only makes MACs is nobody's recipient.
     */
    private static boolean names(Recipient recipient, HeldVersion version) {
        return !version.spec().mac()
                && recipient.names(
                        RecipientKind.NAMED_KEY, version.wrappingKey().recipientId());
    }

    private List<Candidate> masterCandidates(Header header) {
        List<Candidate> found = new ArrayList<>();
        for (Recipient recipient : header.recipients()) {
            addMasters(found, header, recipient);
        }
        return found;
    }

    private static NoMatchingRecipientException noMatch() {
        return new NoMatchingRecipientException(
                "No key that is configured here can open the message.",
                "None of its recipients is one of them.",
                "See its recipients with: kms inspect; then configure the master key or the store that has one.");
    }

    // ---- roots

    private @Nullable Root live(RootKey key) {
        Root root = roots.getIfPresent(key);
        return root != null && !root.expired(time.now()) ? root : null;
    }

    private CompletableFuture<Root> rootOf(Candidate candidate) {
        RootKey key = candidate.key();
        if (key == null) {
            return computed(candidate);
        }
        Root root = live(key);
        if (root != null) {
            return CompletableFuture.completedFuture(root);
        }
        return candidate.blocks()
                ? flight(key, candidate)
                : computed(candidate).thenApply(fresh -> remember(key, fresh));
    }

    private static CompletableFuture<Root> computed(Candidate candidate) {
        try {
            return CompletableFuture.completedFuture(candidate.open().open());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Keeps a fresh root; one that another thread put there just before serves as well. */
    private Root remember(RootKey key, Root fresh) {
        Root kept = roots.asMap().compute(key, (k, present) -> {
            boolean serves = present != null && !present.expired(time.now());
            return serves ? present : fresh;
        });
        if (closed) {
            roots.invalidateAll(); // an answer that came after close() stays nowhere
        }
        if (kept != fresh && kept != null) {
            fresh.used();
            fresh.close();
            return kept;
        }
        return fresh;
    }

    /** The one call for however many wait. */
    private CompletableFuture<Root> flight(RootKey key, Candidate candidate) {
        CompletableFuture<Root> mine = new CompletableFuture<>();
        CompletableFuture<Root> other = flights.putIfAbsent(key, mine);
        if (other != null) {
            return other;
        }
        // Whoever was here before us may have landed between our look at the cache and our flight.
        Root landed = live(key);
        if (landed != null) {
            flights.remove(key, mine);
            mine.complete(landed);
            return mine;
        }
        try {
            CompletableFuture<Root> call = calls.submit(WHAT, candidate.open()::open, RootFinder::discard);
            Futures.then(call, (root, failure) -> {
                Root kept = root == null ? null : remember(key, root);
                flights.remove(key, mine);
                if (kept != null) {
                    mine.complete(kept);
                } else {
                    mine.completeExceptionally(failure);
                }
            });
        } catch (KmsException e) {
            flights.remove(key, mine);
            mine.completeExceptionally(e);
        }
        return mine;
    }

    /** Re-checks a root in the background before its age ends; it serves on if its key gives the same again. */
    void refresh(Header header, Root root) {
        RootKey key = root.source();
        HeldVersion version = root.version();
        Candidate.Opening again;
        if (version != null) {
            again = () -> {
                HeldVersion present = namedKeys == null
                        ? version
                        : namedKeys.byId(version.id()).orElse(version);
                return key == null ? directRoot(present) : namedRoot(present, key);
            };
        } else if (key != null && key.master() != null) {
            MasterKey master = key.master();
            again = () -> masterRoot(master, key);
        } else {
            return;
        }
        try {
            Futures.background(
                    calls.begin(
                            "checking a message's key again",
                            () -> {
                                Root fresh = again.open();
                                boolean confirmed = root.confirmedBy(fresh);
                                discard(fresh);
                                return confirmed;
                            },
                            discarded -> {}),
                    LOG);
        } catch (KmsException e) {
            LOG.debug("A message's key was not checked again yet: {}", e.code());
        }
    }

    private Root masterRoot(MasterKey master, RootKey key) {
        long begun = time.now();
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, key.context());
        SecretBytes bytes = calls.invoke(master, Operation.UNWRAP, () -> master.unwrap(key.recipient(), binding));
        demandLength(bytes);
        return new Root(
                bytes,
                Header.idText(key.recipient()),
                null,
                key,
                begun + policy.refreshAfter().toNanos(),
                begun + policy.maxAge().toNanos());
    }

    private Root namedRoot(HeldVersion version, RootKey key) {
        byte[] id = Arrays.copyOf(key.recipient().id(), Format.KEY_ID_BYTES);
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, key.context());
        return present(version, held -> {
            SecretBytes bytes = held.wrappingKey().unwrap(key.recipient().wrap(), id, binding);
            demandLength(bytes);
            return of(held, key, bytes);
        });
    }

    private Root directRoot(HeldVersion version) {
        return present(
                version,
                held -> of(held, null, SecretBytes.owning(held.wrappingKey().directRoot())));
    }

    /** Uses a version; one that was wiped between look-up and use is looked up once more, which says why. */
    private Root present(HeldVersion version, Function<HeldVersion, Root> use) {
        try {
            return use.apply(version);
        } catch (ClosedException e) {
            if (namedKeys == null) {
                throw e;
            }
            return use.apply(namedKeys.byId(version.id()).orElseThrow(() -> e));
        }
    }

    private Root of(HeldVersion version, @Nullable RootKey key, SecretBytes bytes) {
        long end = version.expiresAt();
        long margin = policy.maxAge().toNanos() - policy.refreshAfter().toNanos();
        return new Root(bytes, java.util.HexFormat.of().formatHex(version.id()), version, key, end - margin, end);
    }

    private static void demandLength(SecretBytes root) {
        if (root.length() != 32) {
            root.close();
            throw new AuthenticationFailedException();
        }
    }

    /** Drops what a named key gave. */
    void namedKeyChanged(String name) {
        roots.asMap().values().removeIf(root -> {
            HeldVersion version = root.version();
            return version != null && version.keyName().equals(name);
        });
    }

    /** Wipes what is past its age. */
    void sweep() {
        long now = time.now();
        roots.asMap().values().removeIf(root -> root.expired(now));
    }

    @Override
    public void close() {
        closed = true;
        roots.invalidateAll();
        roots.cleanUp();
    }
}
