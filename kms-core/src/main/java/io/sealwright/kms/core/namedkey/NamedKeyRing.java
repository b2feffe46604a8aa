package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.BackupSummary;
import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.NamedKeys;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.RestoreSummary;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.Outages;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.TimeSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The named keys of one store, as one process sees them. Safe for concurrent use.
 *
 * <p><b>What is promised.</b> Nothing that the store says is taken on trust. State, dates and list of versions of a key
 * are one manifest, authenticated under the store's own key; its generation must be the row's; there must be exactly one
 * row of material for every version that is not destroyed, under its own id; material is bound to store, name, version,
 * id and spec by its wraps, and must fit the manifest's key check. So a row that was edited, moved to another name,
 * exchanged, added or hidden is refused with {@code KMS_STORE_CORRUPT}, and so is one of a generation below the highest
 * that this process has seen of the key, a second manifest of the same generation, and a key that is gone altogether.
 *
 * <p><b>What is not noticed.</b> A roll-back of the whole store, or of one key with its material, to an older state
 * <em>while no process runs</em>: the next process has nothing to compare it with. The same holds for keys that a
 * process has not met yet, for a key that is withheld from it altogether, for changes that are withheld from one that
 * knows no newer ones, and for older wraps of the same material. Nor is a whole other store noticed that the same master
 * keys made, when it is put there before the process first looks. A store that reads from lagging replicas looks
 * rolled back.
 *
 * <p><b>Memory.</b> Material is used until {@code maxAge} after its last successful unwrap; from {@code refreshAfter}
 * on a use starts another one in the background. When that fails for long enough, calls fail with what the store or the
 * master key failed with. However many threads wait for one key, one load serves them. The store's own key is kept the
 * same way, so states change without a call to a provider while it is in memory.
 *
 * <p><b>Threads.</b> Whatever may block runs on {@link ProviderCalls}' workers under its deadline. A change that ran
 * into the deadline may have been made all the same: look before repeating it.
 */
public final class NamedKeyRing implements NamedKeys, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NamedKeyRing.class);

    private final ProviderCalls calls;
    private final TimeSource time;
    private final Ages ages;
    private final MasterKeys masterKeys;
    private final StoreKeys storeKeys;
    private final KnownKeys known;
    private final KeyMaterial material;
    private final KeyLife life;
    private final StoredWraps wraps;
    private final KeyCodes codes;
    private final DueWork dueWork;
    private final boolean schedule;
    private final KeyTransfer transfer;
    private final StoreBackups backups;
    private final StoreRestore restore;
    private volatile boolean pollFailed;

    /**
     * Makes a ring; reads nothing yet.
     *
     * @param store stays the caller's to close
     * @param wrapping all of them wrap new material; empty for a manager that only opens
     * @param opening all that may unwrap, in order of preference; should hold the wrapping ones
     * @param policy how long material serves
     * @param outage how long it serves while the store or the master keys do not answer
     * @param schedule whether due work is done without being asked for
     * @param activateAfter how long new versions of keys only open
     * @param parcels seals and opens what leaves the store
     * @param changed told a key's name whenever its sealing version or any state changed, on whatever thread notices
     */
    public NamedKeyRing(
            NamedKeyStore store,
            List<MasterKey> wrapping,
            List<MasterKey> opening,
            ProviderCalls calls,
            Events events,
            TimeSource time,
            DataKeyPolicy policy,
            OutagePolicy outage,
            boolean schedule,
            Duration activateAfter,
            Parcels parcels,
            Consumer<String> changed) {
        this.calls = calls;
        this.time = time;
        this.ages = Ages.of(policy, outage, calls.deadline());
        this.masterKeys = new MasterKeys(wrapping, opening, calls, time);
        this.storeKeys = new StoreKeys(store, masterKeys, calls, time, ages);
        this.known = new KnownKeys(store, storeKeys, time, changed);
        this.material = new KeyMaterial(store, known, storeKeys, masterKeys, calls, time, ages);
        calls.verdicts().add(material);
        calls.verdicts().add(storeKeys);
        this.codes = new KeyCodes(material);
        KeyChanges changes = new KeyChanges(store, known, storeKeys, calls, events, time);
        this.wraps = new StoredWraps(store, known, storeKeys, masterKeys, changes, calls);
        this.life = new KeyLife(changes, new VersionMaker(storeKeys, masterKeys), time, activateAfter);
        this.dueWork = new DueWork(store, known, life, calls, events, time);
        this.schedule = schedule;
        KeyWriter writer = new KeyWriter(store, known, storeKeys, masterKeys, calls);
        this.transfer = new KeyTransfer(known, material, writer, parcels, calls, events, time);
        this.backups = new StoreBackups(store, storeKeys, parcels, calls, time);
        this.restore = new StoreRestore(store, known, storeKeys, masterKeys, writer, parcels, calls, events, time);
    }

    // ---------------------------------------------------------------- for the engine

    /** By which master keys a store's own key is wrapped, of its record; unverified. */
    public static List<Recipient> wrapsOfStoreKey(byte[] record) {
        return StoreKeyRecord.decode(record).wraps();
    }

    /**
     * The version of an encryption key that seals now.
     *
     * @throws io.sealwright.kms.error.KeyNotFoundException if there is no such key
     * @throws io.sealwright.kms.error.RefusedException if it is no encryption key, or none of its versions is active
     * @throws KmsException what store or master keys failed with, if it is not in memory
     */
    public HeldVersion sealing(String name) {
        material.checkOpen();
        HeldVersion version = material.sealing(name, false);
        known.entry(name).sealsUntil(time.nanoTime() + ages.longestSealing() + Ages.PAUSE_NANOS);
        return version;
    }

    /** The version of an encryption key that seals now, if it is in memory and young. No I/O; may start a refresh. */
    public Optional<HeldVersion> sealingIfHeld(String name) {
        material.checkOpen();
        return Optional.ofNullable(material.youngSealing(name))
                .filter(held -> !held.spec().mac());
    }

    /**
     * The version of an encryption key that has this id: from memory, else by one fresh read of the store.
     *
     * @param id any bytes, since they come from messages; only 16 can name a version
     * @return empty if there is no such version
     * @throws io.sealwright.kms.error.RefusedException if the version was destroyed
     * @throws io.sealwright.kms.error.OverloadedException if it is not in memory, and too many ids that do not exist
     *     were asked for lately: whether there is such a version was not looked up
     * @throws KmsException what store or master keys failed with
     */
    public Optional<HeldVersion> byId(byte[] id) {
        material.checkOpen();
        return id.length == VersionId.BYTES ? material.byId(VersionId.of(id), false) : Optional.empty();
    }

    /**
     * The version of an encryption key that has this id, if it is in memory and young. No I/O; may start a refresh.
     *
     * @param id any bytes, since they come from messages; only 16 can name a version
     */
    public Optional<HeldVersion> held(byte[] id) {
        material.checkOpen();
        return id.length == VersionId.BYTES
                ? Optional.ofNullable(material.young(VersionId.of(id)))
                        .filter(version -> !version.spec().mac())
                : Optional.empty();
    }

    /**
     * Sees what other processes changed, and what the clock did; wipes what is past its age; begins what is due. To be called about once a
     * second, by one thread at a time. Does not throw for a store that does not answer, or is damaged.
     */
    public void poll() {
        if (material.closed()) {
            return;
        }
        storeKeys.sweep();
        material.sweep();
        if (schedule) {
            dueWork.look();
        }
        try {
            boolean unused = calls.call("look for changes in the store", () -> {
                known.readChanges(material::forgetUnknownIds);
                calls.outages().answered(Outages.STORE);
                return true;
            });
            pollFailed = false;
        } catch (CallInterruptedException | ClosedException e) {
            LOG.debug("The look for changes was ended: the manager is closing", e);
        } catch (KmsException e) {
            if (!pollFailed && !material.closed()) {
                LOG.warn(
                        "Looking for changes in the store of named keys failed; keys in memory serve until they expire",
                        e);
            }
            pollFailed = true;
        }
    }

    /** Throws unless the store's own key, if there is one, opens with the master keys here. Blocks; makes nothing. */
    public void demandOpens() {
        material.checkOpen();
        storeKeys.find();
    }

    /** Puts all that is stored under the newest versions of the master keys: {@code MasterKeys.rewrapStored}. */
    public Rewrapped rewrapStored(Progress progress) {
        material.checkOpen();
        return wraps.rewrap(progress);
    }

    /** Opens every wrap there is: {@code MasterKeys.examineStored}. */
    public Examined examineStored(Progress progress) {
        material.checkOpen();
        return wraps.examine(progress);
    }

    /** Checks a version in the background, if that is due. */
    public void refreshIfDue(HeldVersion version) {
        material.refreshIfDue(version);
    }

    /** How many versions have their material in memory. */
    public int held() {
        return known.heldCount();
    }

    /** Wipes all that is held. Store and master keys are not closed. */
    @Override
    public void close() {
        material.close();
        storeKeys.close();
    }

    // ---------------------------------------------------------------- NamedKeys

    @Override
    public NamedKey create(String name, KeySpec spec) {
        return create(name, spec, KeyOptions.none(), true);
    }

    @Override
    public NamedKey create(String name, KeySpec spec, Instant activeFrom) {
        Instant from = Objects.requireNonNull(activeFrom, "activeFrom");
        return create(name, spec, KeyOptions.none().withActiveFrom(from), true);
    }

    @Override
    public NamedKey create(String name, KeySpec spec, KeyOptions options) {
        return create(name, spec, Objects.requireNonNull(options, "options"), true);
    }

    @Override
    public NamedKey createIfAbsent(String name, KeySpec spec) {
        return create(name, spec, KeyOptions.none(), false);
    }

    @Override
    public NamedKey get(String name) {
        return new ManagedKey(this, name, present(name).spec());
    }

    @Override
    public List<NamedKey> list() {
        material.checkOpen();
        return calls.call(
                "list the named keys",
                () -> known.readAll().stream()
                        .<NamedKey>map(key -> new ManagedKey(
                                this, key.record().name(), key.record().spec()))
                        .toList());
    }

    @Override
    public NamedKey importKey(String name, byte[] export) {
        material.checkOpen();
        transfer.importKey(name, Objects.requireNonNull(export, "export"));
        return get(name);
    }

    @Override
    public NamedKey importInClear(String name, KeySpec spec, SecretBytes bare) {
        material.checkOpen();
        transfer.importInClear(name, Objects.requireNonNull(spec, "spec"), bare);
        return get(name);
    }

    @Override
    public BackupSummary backup(OutputStream to) throws IOException {
        material.checkOpen();
        return backups.backup(Objects.requireNonNull(to, "to"));
    }

    @Override
    public RestoreSummary restore(Path backup) throws IOException {
        material.checkOpen();
        return restore.restore(Objects.requireNonNull(backup, "backup"), null);
    }

    @Override
    public RestoreSummary restoreOver(Path backup, Path oldStore) throws IOException {
        material.checkOpen();
        Objects.requireNonNull(oldStore, "oldStore");
        return restore.restore(Objects.requireNonNull(backup, "backup"), () -> backups.save(oldStore));
    }

    @Override
    public int doDueWork() {
        material.checkOpen();
        return dueWork.run();
    }

    private NamedKey create(String name, KeySpec spec, KeyOptions options, boolean mustBeNew) {
        material.checkOpen();
        life.create(name, Objects.requireNonNull(spec, "spec"), options, mustBeNew);
        return new ManagedKey(this, name, spec);
    }

    // ---------------------------------------------------------------- for ManagedKey

    /** The key as it is in the store at this moment. */
    KeyRecord present(String name) {
        material.checkOpen();
        if (!KeyNames.valid(name)) {
            throw KeyErrors.noSuchName();
        }
        return calls.call(
                "read " + KeyErrors.key(name),
                () -> known.readExisting(name).record().at(time.instant()));
    }

    String masterKeyOf(String name) {
        material.checkOpen();
        return calls.call("read " + KeyErrors.key(name), () -> {
            VerifiedKey key = known.readExisting(name);
            return key.material().keySet().stream()
                    .max(Integer::compare)
                    .map(newest -> masterKeys.uriOf(key.wraps(newest)))
                    .orElse("");
        });
    }

    /** What may happen to keys; refuses everything once the ring is closed. */
    KeyLife life() {
        material.checkOpen();
        return life;
    }

    /** What takes the key out of the store; refuses everything once the ring is closed. */
    KeyTransfer transfer() {
        material.checkOpen();
        return transfer;
    }

    byte[] mac(String name, byte[] data) {
        material.checkOpen();
        return codes.mac(name, data);
    }

    byte[] rawMac(String name, byte[] data) {
        material.checkOpen();
        return codes.rawMac(name, data);
    }

    boolean verifyMac(String name, KeySpec spec, byte[] data, byte[] mac) {
        material.checkOpen();
        return codes.verifyMac(name, spec, data, mac);
    }
}
