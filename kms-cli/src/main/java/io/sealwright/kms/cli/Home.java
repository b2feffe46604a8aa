package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.spi.Variables;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
 * managers are made of it. Only {@link #making} and {@link #only} make anything.
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
        Path folder = folder(here);
        if (Files.isRegularFile(folder)) {
            throw new Failure(
                    Failure.Code.KMS_CLI_ENVIRONMENT,
                    "The home '" + folder + "' is no folder.",
                    "A file has that name.",
                    "Set KMS_HOME to a folder for key file and store.");
        }
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
        return file != null ? file : defaultKeyFile();
    }

    private Path defaultKeyFile() {
        return folder.resolve("local").resolve("default.key");
    }

    /** Where the store is, for people. */
    String store() {
        return store.toString();
    }

    /** Whether the master key can be there: one that lies elsewhere, or its file. */
    boolean hasKeyFile() {
        Path file = masterKey.file(folder);
        return file == null || StorePlace.isThere(file);
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

    /** Whether neither key file nor store is there. */
    boolean isEmpty() {
        return !hasKeyFile() && !hasStore();
    }

    /** A manager on the master key and the store, both made if they are missing, and told of if so. */
    KeyManager making() {
        if (hasKeyFile() && hasStore()) {
            return withStore().build();
        }
        makeFolder();
        // Two first uses at once: the second waits, and then finds everything there.
        try (FileChannel lock = FileChannel.open(
                        folder.resolve(".first-use.lock"),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        OwnerOnly.file(folder));
                FileLock held = lock.lock()) {
            demandKeyFileOfStore();
            // The key file first: whoever is killed or runs out of disk in between leaves no store without one.
            if (!hasKeyFile()) {
                demandDefaultIsMeant();
                make(masterKey());
            }
            boolean hadStore = hasStore();
            makeFolderOf(store.file());
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
        Set<String> masterKeys = new LinkedHashSet<>();
        if (named) {
            masterKeys.add(masterKey());
        }
        recipients.stream().filter(Recipients.Choice::masterKey).forEach(choice -> masterKeys.add(choice.name()));
        if (named) {
            return withStore(List.copyOf(masterKeys), List.of()).build();
        }
        KeyManagerBuilder builder = builder();
        masterKeys.forEach(builder::masterKey);
        return builder.build();
    }

    /**
     * A manager that opens with every key there is: the store's, the environment's master key, the default one, and those of
     * {@code -m}.
     */
    KeyManager opening(List<String> masterKeys) {
        Set<String> more = new LinkedHashSet<>();
        masterKeys.forEach(uri -> more.add(MasterKeyUri.parse(uri).toString()));
        KeyManagerBuilder builder = builder();
        List<String> known = known();
        if (!known.isEmpty()) {
            builder.masterKey(known.get(0));
            known.stream().skip(1).forEach(builder::alsoOpenWith);
            known.forEach(more::remove);
            if (hasStore()) {
                builder.store(store.open());
            }
        } else if (more.isEmpty()) {
            demandKeyFileOfStore();
            // A header can be refused, and a message in the clear read, with no key at all.
            builder.alsoOpenWith(new NoMasterKey());
        }
        more.forEach(builder::alsoOpenWith);
        return builder.build();
    }

    /** A manager on what there is, for the keys of the store. */
    KeyManager existing() {
        demandBoth();
        return withStore().build();
    }

    /** A manager on the store, for an export under another master key, or with null in the clear. */
    KeyManager exporting(@Nullable String other) {
        demandBoth();
        KeyManagerBuilder builder = withStore(List.of(masterKey()), List.of());
        if (other != null && !other.equals(masterKey())) {
            builder.masterKey(other);
        }
        return builder.build();
    }

    /** A manager on the store, for an export under a passphrase. It must wrap nothing else. */
    KeyManager exporting(SecretSource passphrase) {
        demandBoth();
        return withStore(List.of(masterKey()), List.of())
                .masterKey(passphrase)
                .allowPassphraseBesideOthers()
                .build();
    }

    /** A manager on the store that opens exports with these master keys as well, and with a passphrase if there is one. */
    KeyManager importing(List<String> masterKeys, @Nullable SecretSource passphrase) {
        demandBoth();
        KeyManagerBuilder builder = withStore(List.of(masterKey()), masterKeys);
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
        makeFolder(); // for what is kept of before the restore
        makeFolderOf(store.file());
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
     * A manager that moves data: wraps with these master keys (none: that of the environment, or the default one), and opens
     * with those named, with every key there is, and with the store's, if it is there.
     */
    KeyManager movingAll(List<String> to, List<String> from) {
        demandKeyFileOfStore();
        Set<String> wrapping = new LinkedHashSet<>();
        (to.isEmpty() ? List.of(masterKey()) : to).forEach(uri -> wrapping.add(canonical(uri)));
        Set<String> opening = new LinkedHashSet<>();
        from.forEach(uri -> opening.add(canonical(uri)));
        opening.addAll(known());
        opening.removeAll(wrapping);
        KeyManagerBuilder builder = builder();
        wrapping.forEach(builder::masterKey);
        opening.forEach(builder::alsoOpenWith);
        if (hasStore()) {
            builder.store(store.open());
        }
        return builder.build();
    }

    /** A master key's URI in the one spelling that managers know it by. */
    static String canonical(String uri) {
        return MasterKeyUri.parse(uri).toString();
    }

    /** A manager on the master key and, if it is there, the store. */
    KeyManager present() {
        if (isEmpty()) {
            throw nothingMade();
        }
        demandKeyFileOfStore();
        demandNamedStore();
        return (hasStore() ? withStore() : builder().masterKey(masterKey())).build();
    }

    /** A manager on the store that wraps with another master key, and opens with what was there and those of {@code -m}. */
    KeyManager moving(String to, List<String> masterKeys) {
        if (!hasStore()) {
            throw nothingMade();
        }
        return withStore(List.of(to), masterKeys).build();
    }

    /** What tells that a rotation of a master key for this store is not finished. */
    RotationMark rotationMark(String masterKey) {
        return new RotationMark(folder, masterKey, store.toString());
    }

    /** Stops where the store is there but the key file is not: a new one would not open it. */
    void demandKeyFileOfStore() {
        if (hasStore() && !hasKeyFile()) {
            throw new Failure(
                    Failure.Code.KMS_CLI_KEY_FILE_LOST,
                    "The key file " + keyFile() + " is not there.",
                    "The store " + store + " is, and opens with that file alone.",
                    "Put the file back from your backup, or choose another home with KMS_HOME.");
        }
    }

    private void demandBoth() {
        demandKeyFileOfStore();
        if (!hasStore()) {
            throw nothingMade();
        }
    }

    private Failure nothingMade() {
        return new Failure(
                Failure.Code.KMS_CLI_NOTHING_MADE,
                "Nothing made yet.",
                "There is no store at " + store + (hasKeyFile() ? "." : " and no key file at " + keyFile() + "."),
                "Make them with: kms encrypt FILE, or: kms key create NAME");
    }

    private static void demandDefaultKey(KeyManager manager) {
        try {
            manager.keys().get(DEFAULT_KEY);
        } catch (KeyNotFoundException e) {
            manager.keys().createIfAbsent(DEFAULT_KEY, KeySpec.AES_256);
        }
    }

    /** The master keys that are there: the environment's or the default one, then the default one if it is another. */
    private List<String> known() {
        Set<String> known = new LinkedHashSet<>();
        if (hasKeyFile()) {
            known.add(masterKey());
        }
        if (StorePlace.isThere(defaultKeyFile())) {
            known.add(DEFAULT_MASTER_KEY);
        }
        return List.copyOf(known);
    }

    /** On the master key and the store. */
    private KeyManagerBuilder withStore() {
        return withStore(List.of(masterKey()), List.of());
    }

    /** On these master keys and the store; what else is there still opens. */
    private KeyManagerBuilder withStore(List<String> wrapping, List<String> more) {
        Set<String> opening = new LinkedHashSet<>(known());
        more.forEach(uri -> opening.add(canonical(uri)));
        wrapping.forEach(opening::remove);
        KeyManagerBuilder builder = builder();
        wrapping.forEach(builder::masterKey);
        opening.forEach(builder::alsoOpenWith);
        return builder.store(store.open());
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
        makeFolderOf(keyFile().getParent());
    }

    private static void makeFolderOf(@Nullable Path inside) {
        Path wanted = inside == null ? null : inside.toAbsolutePath().getParent();
        if (wanted == null || Files.isDirectory(wanted)) {
            return;
        }
        try {
            Files.createDirectories(wanted, OwnerOnly.folder(wanted));
        } catch (IOException e) {
            throw Failure.writing(wanted.toString(), e);
        }
    }

    private static Path folder(Surroundings here) {
        String home = here.environment().get("KMS_HOME");
        if (home != null && !home.isEmpty()) {
            return Failure.path(home).toAbsolutePath();
        }
        Path data = absolute(here.environment().get("XDG_DATA_HOME"));
        if (data != null) {
            return data.resolve("sealwright");
        }
        // The order of the engine, whose embedded() must find the same folder: the shell's ~, then the user database.
        Path user = absolute(here.environment().get("HOME"));
        if (user == null || !Files.isDirectory(user)) {
            user = absolute(here.userHome());
        }
        if (user == null || !Files.isDirectory(user)) {
            throw new Failure(
                    Failure.Code.KMS_CLI_ENVIRONMENT,
                    "There is no home directory.",
                    "Neither KMS_HOME nor XDG_DATA_HOME is set, and the user has none.",
                    "Set KMS_HOME to a folder for key file and store.");
        }
        return user.resolve(Path.of(".local", "share", "sealwright"));
    }

    private static @Nullable Path absolute(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return null;
        }
        try {
            Path path = Path.of(text);
            return path.isAbsolute() ? path : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }
}
