package io.sealwright.kms.core.engine;

import io.sealwright.kms.AsyncKeyManager;
import io.sealwright.kms.Decryption;
import io.sealwright.kms.DecryptionOpening;
import io.sealwright.kms.DecryptionTransfer;
import io.sealwright.kms.EncryptingChannel;
import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.Encryption;
import io.sealwright.kms.EncryptionOpening;
import io.sealwright.kms.EncryptionTransfer;
import io.sealwright.kms.Health;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerMetrics;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.NamedKeys;
import io.sealwright.kms.Opener;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RewrapTransfer;
import io.sealwright.kms.Rewrapping;
import io.sealwright.kms.Sealer;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.chunked.ChunkThreads;
import io.sealwright.kms.core.chunked.ChunkedBodies;
import io.sealwright.kms.core.chunked.ChunkedStreams;
import io.sealwright.kms.core.epoch.Salts;
import io.sealwright.kms.core.lease.Terms;
import io.sealwright.kms.core.local.KmsHome;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.opening.Openings;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.sealing.DataKeyMaker;
import io.sealwright.kms.core.sealing.RecipientPlan;
import io.sealwright.kms.core.sealing.RecipientPlan.Entry;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.core.sealing.SealingParameters;
import io.sealwright.kms.core.sealing.SealingTargets;
import io.sealwright.kms.core.time.CoarseTime;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.spi.EmbeddedStoreProvider;
import io.sealwright.kms.spi.KeyManagerSettings;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The manager: puts the parts together, hands out calls, closes the parts in order. */
final class DefaultKeyManager implements KeyManager {
    private static final Logger LOG = LoggerFactory.getLogger(DefaultKeyManager.class);

    private final Suite suite;
    private final MasterKeys masterKeys;
    private final @Nullable NamedKeyStore store;
    private final @Nullable NamedKeyRing namedKeys;
    private final Salts salts;
    private final CoarseTime time;
    private final ProviderCalls calls;
    private final SealingTargets targets;
    private final Openings openings;
    private final ChunkThreads threads;
    private final Bodies bodies;
    private final ChunkedStreams streams;
    private final Rewrapper rewrapper;
    private final HealthCheck healthCheck;
    private final MasterKeyCalls masterKeyCalls;
    private final Housekeeping housekeeping;
    private final @Nullable RecipientPlan defaultPlan;
    private final Contexts contexts = new Contexts();
    private volatile boolean closed;

    /** The CRaC context holds its resources weakly, so the manager holds them. */
    @SuppressWarnings("unused")
    private @Nullable Object restoreResource;

    static DefaultKeyManager open(KeyManagerSettings settings) {
        MasterKeys masterKeys = MasterKeys.open(settings);
        Salts salts = new Salts();
        CoarseTime time = null;
        NamedKeyStore store = null;
        try {
            time = new CoarseTime(settings.time(), salts::nextEra);
            store = store(settings);
            return new DefaultKeyManager(settings, masterKeys, store, salts, time);
        } catch (RuntimeException | Error e) {
            if (time != null) {
                time.close();
            }
            masterKeys.close();
            if (store != null) {
                store.close();
            }
            throw e;
        }
    }

    private static @Nullable NamedKeyStore store(KeyManagerSettings settings) {
        if (settings.store() != null || !settings.embedded()) {
            return settings.store();
        }
        Path home = KmsHome.resolve(settings.home());
        for (EmbeddedStoreProvider provider :
                ServiceLoader.load(EmbeddedStoreProvider.class, DefaultKeyManager.class.getClassLoader())) {
            Optional<NamedKeyStore> store = provider.open(home);
            if (store.isPresent()) {
                return store.get();
            }
        }
        return null;
    }

    private DefaultKeyManager(
            KeyManagerSettings settings,
            MasterKeys masterKeys,
            @Nullable NamedKeyStore store,
            Salts salts,
            CoarseTime time) {
        this.suite = settings.suite();
        this.masterKeys = masterKeys;
        this.store = store;
        Events events = new Events(settings.listeners());
        this.salts = salts;
        this.time = time;
        this.calls = new ProviderCalls(
                settings.deadline(), settings.retryAttempts(), settings.providerExecutor(), events, settings.time());
        this.namedKeys = store == null
                ? null
                : new NamedKeyRing(
                        store,
                        masterKeys.wrapping(),
                        masterKeys.opening(),
                        calls,
                        events,
                        settings.time(),
                        settings.dataKeys(),
                        settings.outage(),
                        settings.schedule(),
                        settings.activateAfter(),
                        new EngineParcels(this, masterKeys),
                        this::namedKeyChanged);
        SealingParameters parameters = new SealingParameters(
                settings.dataKeys(),
                Terms.of(settings.dataKeys(), settings.outage().encryptFor(), settings.deadline()),
                salts,
                time,
                new LongAdder(),
                settings.jcaProvider());
        DataKeyMaker maker = new DataKeyMaker(parameters, calls, namedKeys, settings.passphraseBesideOthers());
        this.targets = new SealingTargets(maker, parameters, calls, events, settings.time());
        this.openings = new Openings(
                masterKeys.opening(),
                namedKeys,
                calls,
                Terms.of(settings.dataKeys(), settings.outage().decryptFor(), settings.deadline()),
                time,
                settings.time(),
                events,
                settings.jcaProvider());
        calls.verdicts().add(targets); // after those who open: a check asks what was asked, if it can
        this.threads = new ChunkThreads(settings.chunkExecutor(), settings.warmUp(), settings.jcaProvider());
        this.bodies = new Bodies(openings, new ChunkedBodies(threads));
        this.streams = new ChunkedStreams(threads);
        this.rewrapper = new Rewrapper(this, masterKeys, namedKeys, openings, calls, maker, settings.time());
        this.masterKeyCalls = new MasterKeyCalls(this, masterKeys, namedKeys, calls);
        this.healthCheck = new HealthCheck(masterKeys.opening(), store, namedKeys, calls, settings.time());
        List<Entry> entries =
                masterKeys.wrapping().stream().<Entry>map(MasterEntry::new).toList();
        this.defaultPlan = entries.isEmpty() ? null : new RecipientPlan(entries, false);
        this.housekeeping = new Housekeeping(targets, openings, namedKeys, masterKeys.opening(), calls);
        RestoreHook.register(this);
    }

    private void namedKeyChanged(String name) {
        targets.namedKeyChanged(name);
        openings.namedKeyChanged(name);
    }

    void keepAlive(Object resource) {
        restoreResource = resource;
    }

    // ---- for the calls

    Suite suite() {
        return suite;
    }

    Contexts contexts() {
        return contexts;
    }

    SealingTargets targets() {
        demandOpen();
        return targets;
    }

    Openings openings() {
        demandOpen();
        return openings;
    }

    Bodies bodies() {
        demandOpen();
        return bodies;
    }

    ChunkedStreams streams() {
        demandOpen();
        return streams;
    }

    RecipientPlan defaultPlan() {
        if (defaultPlan == null) {
            throw MasterKeys.decryptOnly();
        }
        return defaultPlan;
    }

    MasterKey wrapping(String uri) {
        return masterKeys.wrapping(uri);
    }

    boolean closed() {
        return closed;
    }

    void demandOpen() {
        if (closed) {
            throw new ClosedException(
                    "The key manager is closed.", "close() was called before.", "Open a new one, and close it last.");
        }
    }

    // ---- the facade

    @Override
    public Encryption encrypt(byte[] plaintext) {
        return new EncryptionCall(this, plaintext, 0, plaintext.length, false);
    }

    @Override
    public Encryption encrypt(String plaintext) {
        byte[] utf8 = Texts.utf8(plaintext);
        return new EncryptionCall(this, utf8, 0, utf8.length, true);
    }

    @Override
    public Encryption encrypt(ByteBuffer plaintext) {
        if (plaintext.hasArray()) {
            return new EncryptionCall(
                    this,
                    plaintext.array(),
                    plaintext.arrayOffset() + plaintext.position(),
                    plaintext.remaining(),
                    false);
        }
        byte[] copy = Texts.copyOf(plaintext);
        return new EncryptionCall(this, copy, 0, copy.length, true);
    }

    @Override
    public EncryptionTransfer encrypt(InputStream plaintext) {
        return new StreamCalls.Encrypting(this, plaintext);
    }

    @Override
    public EncryptionOpening<EncryptingOutputStream> encryptingStream(OutputStream target) {
        return new StreamCalls.EncryptingStream(this, target);
    }

    @Override
    public EncryptionOpening<EncryptingChannel> encryptingChannel(WritableByteChannel target) {
        return new StreamCalls.EncryptingByteChannel(this, target);
    }

    @Override
    public Decryption decrypt(byte[] message) {
        return new DecryptionCall(this, message, 0, message.length);
    }

    @Override
    public Decryption decrypt(String token) {
        return decrypt(Texts.fromToken(token));
    }

    @Override
    public Decryption decrypt(ByteBuffer message) {
        if (message.hasArray()) {
            return new DecryptionCall(
                    this, message.array(), message.arrayOffset() + message.position(), message.remaining());
        }
        return decrypt(Texts.copyOf(message));
    }

    @Override
    public DecryptionTransfer decrypt(InputStream message) {
        return new StreamCalls.Decrypting(this, message);
    }

    @Override
    public DecryptionOpening<InputStream> decryptingStream(InputStream source) {
        return new StreamCalls.DecryptingStream(this, source);
    }

    @Override
    public DecryptionOpening<SeekableByteChannel> decryptingChannel(SeekableByteChannel source) {
        return new StreamCalls.DecryptingByteChannel(this, source);
    }

    @Override
    public Sealer.Builder sealer() {
        return new PreparedSealer.Settings(this);
    }

    @Override
    public Opener.Builder opener() {
        return new PreparedOpener.Settings(this);
    }

    @Override
    public Rewrapping rewrap(byte[] message) {
        return new RewrapCalls.Whole(this, rewrapper, message);
    }

    @Override
    public RewrapTransfer rewrap(InputStream message) {
        return new RewrapCalls.Streamed(this, rewrapper, message);
    }

    @Override
    public boolean needsRewrap(byte[] message) {
        demandOpen();
        return rewrapper.needed(HeaderParser.parse(message, 0, message.length), rewrapper.renewal());
    }

    @Override
    public void prefetch(Collection<byte[]> messages) {
        demandOpen();
        openings.prefetch(messages.stream()
                .map(message -> HeaderParser.parse(message, 0, message.length))
                .toList());
    }

    @Override
    public List<RecipientKey> recipients(byte[] message) {
        demandOpen();
        return rewrapper.keys(HeaderParser.parse(message, 0, message.length));
    }

    @Override
    public NamedKeys keys() {
        demandOpen();
        if (namedKeys == null) {
            throw DataKeyMaker.noStore();
        }
        return namedKeys;
    }

    @Override
    public NamedKey key(String name) {
        return keys().get(name);
    }

    @Override
    public io.sealwright.kms.MasterKeys masterKeys() {
        demandOpen();
        return masterKeyCalls;
    }

    @Override
    public Health health() {
        demandOpen();
        return healthCheck.run();
    }

    @Override
    public KeyManagerMetrics metrics() {
        return new KeyManagerMetrics(
                masterKeys.opening().stream().map(calls::metrics).toList(),
                targets.sealedMessages(),
                openings.opened(),
                openings.misses(),
                openings.keys(),
                targets.size());
    }

    @Override
    public AsyncKeyManager async() {
        return new AsyncCalls(this);
    }

    @Override
    public void afterRestore() {
        salts.restored();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        // Each in its turn, whatever another one throws: keys are wiped and threads end in any case.
        List<AutoCloseable> parts = new ArrayList<>(List.of(housekeeping, threads, calls, targets, openings));
        if (namedKeys != null) {
            parts.add(namedKeys);
        }
        if (store != null) {
            parts.add(store);
        }
        parts.add(masterKeys);
        parts.add(time);
        for (AutoCloseable part : parts) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.warn("Closing {} failed", part.getClass().getSimpleName(), e);
            }
        }
    }

    @Override
    public String toString() {
        return "KeyManager" + masterKeys.opening().stream().map(MasterKey::uri).toList();
    }
}
