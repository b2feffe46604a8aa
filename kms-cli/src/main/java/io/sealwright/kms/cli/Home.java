package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeys.Probe;
import io.sealwright.kms.cli.doctor.Patient;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.spi.Variables;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where keys lie: {@code KMS_HOME}, else {@code ${XDG_DATA_HOME:-~/.local/share}/sealwright}, mode 0700, with
 * {@code local/NAME.key} and {@code store.db}; which master key and which store the environment names instead; and how
 * managers are made of it. Only {@link #making}, {@link #makeIfMissing} and {@link #restoring}
 * make anything.
 */
final class Home {
    static final String DEFAULT_MASTER_KEY = MasterKeyChoice.DEFAULT;
    static final String DEFAULT_KEY = "default";

    private final Surroundings here;
    private final Path folder;
    private final MasterKeyChoice masterKey;
    private final StorePlace store;
    private final boolean named;

    private Home(Surroundings here, Path folder, MasterKeyChoice masterKey, StorePlace store, boolean named) {
        this.here = here;
        this.folder = folder;
        this.masterKey = masterKey;
        this.store = store;
        this.named = named;
    }

    /**
     * Finds the home; touches no file.
     *
     * @param storeUrl value of {@code --store}, or null
     * @throws Failure if no home can be found, or the store's URL is not known
     * @throws io.sealwright.kms.error.ConfigurationException if the environment names a master key wrongly
     */
    static Home of(Surroundings here, @Nullable String storeUrl) {
        Path folder = HomeFolder.of(here);
        Variables variables = Variables.of(here.environment());
        StorePlace store = StorePlace.of(variables, storeUrl, folder);
        return new Home(here, folder, MasterKeyChoice.of(variables), store, storeUrl != null);
    }

    Path folder() {
        return folder;
    }

    /** The store's file; null if it is a server's. */
    @Nullable
    Path storeFile() {
        return store.file();
    }

    /** The store alone, which must be there. */
    NamedKeyStore openStore() {
        return store.open();
    }

    /** Of which version the store's tables are, if that can be told; leaves them as they are. */
    Optional<StoreSchema> schema() {
        return store.schema();
    }

    /** The master key that commands use: the environment's, else the default one. */
    String masterKey() {
        return masterKey.uri();
    }

    /** The file of the master key; of the default one, if the master key lies elsewhere. */
    Path keyFile() {
        Path file = masterKey.file(folder);
        return file != null ? file : MasterKeyChoice.defaultFile(folder);
    }

    /** Where the store is, for people. */
    String store() {
        return store.toString();
    }

    /** Whether the master key can be there: one that lies elsewhere, or its file. */
    boolean hasKeyFile() {
        return masterKey.canBeThere(folder);
    }

    boolean hasStore() {
        return store.isThere();
    }

    /** Stops where the caller named a store that is not there: most likely by a wrong name. */
    void demandNamedStore() {
        if (named && !hasStore()) {
            throw nothingMade();
        }
    }

    /** Whether nothing was made: there is no key file, and nothing in a store. */
    boolean isEmpty() {
        return !hasKeyFile() && lost() == null;
    }

    /** A manager on the master key and the store, both made if they are missing, and told of if so. */
    KeyManager making() {
        if (hasKeyFile() && hasStore()) {
            return withStore().build();
        }
        demandThatTheyWrap();
        makeFolder();
        // Two first uses at once: the second waits, and then finds everything there.
        try (FileChannel lock = FileChannel.open(
                        folder.resolve(".first-use.lock"),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        OwnerOnly.file(folder));
                FileLock held = lock.lock()) {
            demandKeyOfStore();
            // The key file first: whoever is killed or runs out of disk in between leaves no store without one.
            if (!hasKeyFile()) {
                demandDefaultIsMeant();
                make(masterKey());
            }
            boolean hadStore = hasStore();
            masterKeysAlone().close(); // what does not open must not leave a store behind
            HomeFolder.makeFor(store.file());
            KeyManager manager = withStore().build();
            if (!hadStore) {
                here.say("kms: made the store " + store + ": it keeps the named keys, and without "
                        + (masterKey.file(folder) == null ? "the master key " + masterKey() : "the key file")
                        + " everything in it is lost");
            }
            return manager;
        } catch (IOException e) {
            throw Failure.writing(folder.toString(), e);
        }
    }

    /** Stops before anything is made if a setting is wrong, or a master key that is to wrap what is stored does not. */
    private void demandThatTheyWrap() {
        Set<String> wrapping = masterKey.wrapping();
        if (!hasKeyFile()) {
            wrapping.remove(masterKey()); // made next
        }
        KeyManagerBuilder builder = on(wrapping, masterKey.known(folder));
        if (wrapping.isEmpty() && masterKey.known(folder).isEmpty()) {
            builder.alsoOpenWith(new NoMasterKey());
        }
        try (KeyManager kms = builder.build()) {
            for (Probe probe : kms.masterKeys().probe()) {
                KmsException error = probe.error();
                // What tells about a key may be forbidden to whoever may use it.
                if (error != null && !probe.operation().equals("check")) {
                    throw error;
                }
            }
        }
    }

    /** A key that the environment names was meant to be there: it is not made by chance. */
    private void demandDefaultIsMeant() {
        if (masterKey.chosen()) {
            throw new KeyNotFoundException(
                    "There is no master key " + masterKey() + ".",
                    "The environment names it, and the key file " + keyFile() + " is not there.",
                    "Make it with: kms master-key bootstrap --create");
        }
    }

    /** Makes a master key that is missing, and tells of it. */
    private void make(String uri) {
        builder().masterKey(uri).bootstrap().close();
        Path file = uri.equals(masterKey()) ? masterKey.file(folder) : null;
        here.say("kms: made " + (file != null ? "the key file " + file : "the master key " + uri)
                + ": back it up, without it everything is lost");
    }

    /** A manager on all master keys that commands use, without the store. */
    KeyManager masterKeysAlone() {
        return on(masterKey.wrapping(), masterKey.known(folder)).build();
    }

    /** A manager on one master key alone, without the store. */
    KeyManager only(String uri) {
        return builder().masterKey(uri).build();
    }

    /**
     * Makes a master key that is not there, and tells of it. Most providers look for a key at its first use only, so it is
     * asked for; whatever they answer but that it is not there is thrown, and nothing is made.
     *
     * @return whether it was made; false if it was there
     */
    boolean makeIfMissing(String uri) {
        try (KeyManager there = only(uri)) {
            Object unused =
                    there.masterKeys().metadata(there.masterKeys().uris().get(0));
            return false;
        } catch (KeyNotFoundException e) {
            make(uri);
            return true;
        }
    }

    /**
     * A manager that seals: with the default key of the store if no recipient is named (made at first use), else with
     * what must be there already.
     */
    KeyManager sealing(List<Recipients.Choice> recipients) {
        if (recipients.isEmpty()) {
            KeyManager manager = making();
            try {
                demandDefaultKey(manager);
                return manager;
            } catch (RuntimeException | Error e) {
                manager.close();
                throw e;
            }
        }
        boolean named = recipients.stream().anyMatch(choice -> !choice.masterKey());
        if (named) {
            demandBoth();
        }
        Set<String> masterKeys = named ? masterKey.wrapping() : new LinkedHashSet<>();
        recipients.stream().filter(Recipients.Choice::masterKey).forEach(choice -> masterKeys.add(choice.name()));
        return (named ? withStore(masterKeys, List.of()) : on(masterKeys, List.of())).build();
    }

    /**
     * A manager that opens with every key there is: the store's, the environment's master keys, the default one, and those of
     * {@code -m}.
     */
    KeyManager opening(List<String> masterKeys) {
        Set<String> known = masterKey.known(folder);
        Set<String> opening = new LinkedHashSet<>(known);
        masterKeys.forEach(uri -> opening.add(canonical(uri)));
        Set<String> wrapping = masterKey.wrapping();
        wrapping.retainAll(known);
        KeyManagerBuilder builder = on(wrapping, opening);
        if (opening.isEmpty()) {
            demandKeyOfStore();
            // A header can be refused, and a message in the clear read, with no key at all.
            builder.alsoOpenWith(new NoMasterKey());
        }
        addStore(builder, known.isEmpty());
        return builder.build();
    }

    /** Where only other keys than the store's were found, what is wrong with it must not keep these from opening. */
    private void addStore(KeyManagerBuilder builder, boolean dispensable) {
        try {
            if (hasStore()) {
                builder.store(store.open());
            }
        } catch (StoreException | UnavailableException e) {
            if (!dispensable) {
                throw e;
            }
            here.say("kms: without the store " + store + ": " + e.getMessage());
        }
    }

    /** A manager on what there is, for the keys of the store. */
    KeyManager existing() {
        demandBoth();
        return withStore().build();
    }

    /** A manager on the store, for an export under another master key, or with null in the clear. */
    KeyManager exporting(@Nullable String other) {
        demandBoth();
        Set<String> wrapping = masterKey.wrapping();
        if (other != null) {
            wrapping.add(other);
        }
        return withStore(wrapping, List.of()).build();
    }

    /** A manager on the store, for an export under a passphrase. It must wrap nothing else. */
    KeyManager exporting(SecretSource passphrase) {
        demandBoth();
        return withStore().masterKey(passphrase).allowPassphraseBesideOthers().build();
    }

    /** A manager on the store that opens exports with these master keys as well, and with a passphrase if there is one. */
    KeyManager importing(List<String> masterKeys, @Nullable SecretSource passphrase) {
        demandBoth();
        KeyManagerBuilder builder = withStore(masterKey.wrapping(), masterKeys);
        return (passphrase == null ? builder : builder.alsoOpenWith(passphrase)).build();
    }

    /** A manager on the store, made if it is missing, and on the master key, which must be there to open a backup. */
    KeyManager restoring() {
        if (!hasKeyFile()) {
            throw new Failure(
                    Failure.Code.KMS_CLI_KEY_FILE_LOST,
                    "The key file " + keyFile() + " is not there.",
                    "A backup opens only with the master key that it was made under, which is not in it.",
                    "Put the key file back first, mode 0600, or choose another home with KMS_HOME.");
        }
        if (!hasStore()) {
            demandThatTheyWrap();
        }
        makeFolder(); // for what is kept of before the restore
        HomeFolder.makeFor(store.file());
        return withStore().build();
    }

    /** A file in the home. */
    Path beside(String name) {
        return folder.resolve(name);
    }

    /** What else must be kept, so that a backup is one. */
    String backUpMasterKeys(List<String> masterKeys) {
        return "the backup opens only with " + String.join(" or ", masterKeys)
                + (masterKey.file(folder) != null && masterKeys.contains(masterKey())
                        ? ": keep a copy of the key file " + keyFile() + " as well, apart from it"
                        : "");
    }

    /**
     * A manager that moves data: wraps with these master keys (none: those that commands use), and opens with those named,
     * with every key there is, and with the store's, if it is there.
     */
    KeyManager movingAll(List<String> to, List<String> from) {
        Set<String> wrapping = to.isEmpty() ? masterKey.wrapping() : new LinkedHashSet<>();
        if (to.isEmpty()) {
            demandKeyOfStore();
        }
        to.forEach(uri -> wrapping.add(canonical(uri)));
        Set<String> opening = new LinkedHashSet<>();
        from.forEach(uri -> opening.add(canonical(uri)));
        opening.addAll(masterKey.known(folder));
        KeyManagerBuilder builder = on(wrapping, opening);
        return (hasStore() ? builder.store(store.open()) : builder).build();
    }

    /** A master key's URI in the one spelling that managers know it by. */
    static String canonical(String uri) {
        return MasterKeyUri.parse(uri).toString();
    }

    /** A manager on the master keys and, if it is there, the store. */
    KeyManager present() {
        demandMasterKey();
        demandNamedStore();
        return hasStore() ? withStore().build() : masterKeysAlone();
    }

    /**
     * A manager on the store that wraps with another master key in the place of the one that commands use, and opens with
     * what was there and those of {@code -m}.
     */
    KeyManager moving(String to, List<String> masterKeys) {
        if (!hasStore()) {
            throw nothingMade();
        }
        return withStore(masterKey.wrapping(to), masterKeys).build();
    }

    /** What tells that a rotation of a master key for this store is not finished. */
    RotationMark rotationMark(String masterKey) {
        return new RotationMark(folder, masterKey, store.toString());
    }

    /** What keeps the store from opening where the key file is not there; null if it is there, or the store is empty. */
    Patient.@Nullable Lost lost() {
        return hasKeyFile() || !hasStore() ? null : StoredUnder.lost(store, folder, keyFile());
    }

    /** Stops where the store has keys but the key file is not there: a new one would not open it. */
    void demandKeyOfStore() {
        Patient.Lost lost = lost();
        if (lost != null) {
            throw new Failure(Failure.Code.KMS_CLI_KEY_FILE_LOST, lost.what(), lost.why(), lost.remedy());
        }
    }

    private void demandMasterKey() {
        demandKeyOfStore();
        if (!hasKeyFile()) {
            throw nothingMade();
        }
    }

    private void demandBoth() {
        demandMasterKey();
        if (!hasStore()) {
            throw nothingMade();
        }
    }

    private Failure nothingMade() {
        return new Failure(
                Failure.Code.KMS_CLI_NOTHING_MADE,
                "Nothing made yet.",
                (hasStore() ? "Nothing is in the store " : "There is no store at ")
                        + store
                        + (hasKeyFile() ? "." : ", and there is no key file at " + keyFile() + "."),
                "Make them with: kms encrypt FILE, or: kms key create NAME");
    }

    private static void demandDefaultKey(KeyManager manager) {
        try {
            manager.keys().get(DEFAULT_KEY);
        } catch (KeyNotFoundException e) {
            manager.keys().createIfAbsent(DEFAULT_KEY, KeySpec.AES_256);
        }
    }

    /** On the master keys that commands use, and the store. */
    private KeyManagerBuilder withStore() {
        return withStore(masterKey.wrapping(), List.of());
    }

    /** On these master keys and the store; what else is there still opens. */
    private KeyManagerBuilder withStore(Set<String> wrapping, List<String> more) {
        Set<String> opening = masterKey.known(folder);
        more.forEach(uri -> opening.add(canonical(uri)));
        return on(wrapping, opening).store(store.open());
    }

    /** On these master keys; of those that wrap it is clear that they open. */
    private KeyManagerBuilder on(Set<String> wrapping, Collection<String> opening) {
        KeyManagerBuilder builder = builder();
        wrapping.forEach(builder::masterKey);
        opening.stream().filter(uri -> !wrapping.contains(uri)).forEach(builder::alsoOpenWith);
        return builder;
    }

    /** With the settings of the environment; the store is opened here, where it is wanted. */
    private KeyManagerBuilder builder() {
        Map<String, String> settings = new HashMap<>(here.environment());
        settings.keySet().removeIf(name -> name.startsWith("KMS_STORE_"));
        return KeyManager.builder()
                .home(folder)
                .schedule(false) // see Overdue
                .fromEnvironment(
                        Variables.of(settings),
                        name -> name.startsWith("kms.store.") ? null : System.getProperty(name));
    }

    private void makeFolder() {
        HomeFolder.makeFor(keyFile().getParent());
    }
}
