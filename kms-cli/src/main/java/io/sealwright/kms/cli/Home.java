package io.sealwright.kms.cli;

import io.sealwright.kms.cli.doctor.Patient;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where keys lie: {@code KMS_HOME}, else {@code ${XDG_DATA_HOME:-~/.local/share}/sealwright}, mode 0700, with
 * {@code local/NAME.key} and {@code store.db}; and which master key and which store the environment names instead. It
 * looks and makes nothing. {@link Managers} are made of it, and {@link FirstUse} makes what is missing.
 */
final class Home {
    static final String DEFAULT_MASTER_KEY = MasterKeyChoice.DEFAULT;

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

    Surroundings here() {
        return here;
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

    /** What wraps: the master key, then those named beside it. The caller's to change. */
    Set<String> wrapping() {
        return masterKey.wrapping();
    }

    /** What wraps with another master key in this one's place. */
    Set<String> wrapping(String first) {
        return masterKey.wrapping(first);
    }

    /** All master keys that can be there. The caller's to change. */
    Set<String> known() {
        return masterKey.known(folder);
    }

    /** Whether the environment names the master key. */
    boolean isChosen() {
        return masterKey.chosen();
    }

    /** The master key's own file; null if it lies elsewhere. */
    @Nullable
    Path masterKeyFile() {
        return masterKey.file(folder);
    }

    /** The file of the master key; of the default one, if the master key lies elsewhere. */
    Path keyFile() {
        Path file = masterKeyFile();
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

    /** What to say of a store's file that has no bytes; null if it has some, or is not there. */
    @Nullable
    StoreException cutStore() {
        return store.cut();
    }

    /** Stops where the store's file has no bytes: it may be what is left of one. */
    void demandNotCut() {
        StoreException cut = cutStore();
        if (cut != null) {
            throw cut;
        }
    }

    /** Stops where the caller named a store that is not there, most likely by a wrong name, or where it was cut off. */
    void demandNamedStore() {
        demandNotCut();
        if (named && !hasStore()) {
            throw nothingMade();
        }
    }

    /** Whether nothing was made: there is no key file, and nothing in a store. */
    boolean isEmpty() {
        return !hasKeyFile() && lost() == null;
    }

    /** A file in the home. */
    Path beside(String name) {
        return folder.resolve(name);
    }

    /** What else must be kept, so that a backup is one. */
    String backUpMasterKeys(List<String> masterKeys) {
        return "the backup opens only with " + String.join(" or ", masterKeys)
                + (masterKeyFile() != null && masterKeys.contains(masterKey())
                        ? ": keep a copy of the key file " + keyFile() + " as well, apart from it"
                        : "");
    }

    /** A master key's URI in the one spelling that managers know it by. */
    static String canonical(String uri) {
        return MasterKeyUri.parse(uri).toString();
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

    /** Stops where there is no master key. */
    void demandMasterKey() {
        demandKeyOfStore();
        if (!hasKeyFile()) {
            throw nothingMade();
        }
    }

    /** Stops where there is no store. */
    void demandStore() {
        demandNotCut();
        if (!hasStore()) {
            throw nothingMade();
        }
    }

    /** Stops where there is no master key, or no store. */
    void demandBoth() {
        demandMasterKey();
        demandStore();
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
}
