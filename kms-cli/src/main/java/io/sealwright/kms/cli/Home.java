package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.store.jdbc.JdbcKeyStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where keys lie: {@code KMS_HOME}, else {@code ${XDG_DATA_HOME:-~/.local/share}/sealwright}, mode 0700, with
 * {@code local/NAME.key} and {@code store.db}; and how managers are made of it. Only {@link #making} makes anything.
 */
final class Home {
    static final String DEFAULT_MASTER_KEY = "local://default";
    static final String DEFAULT_KEY = "default";

    private static final String SQLITE = "jdbc:sqlite:";
    private static final List<String> ENVIRONMENT_KEYS = List.of(
            "KMS_PROVIDER",
            "MASTER_ENCRYPTION_KEY",
            "ENCRYPTION_KEY",
            "MASTER_ENCRYPTION_KEY_FILE",
            "ENCRYPTION_KEY_FILE");

    private final Surroundings here;
    private final Path folder;
    private final Path store;
    private final boolean named;

    private Home(Surroundings here, Path folder, Path store, boolean named) {
        this.here = here;
        this.folder = folder;
        this.store = store;
        this.named = named;
    }

    /**
     * Finds the home; touches no file.
     *
     * @param storeUrl value of {@code --store}, or null
     * @throws Failure if the environment names a master key, no home can be found, or the store's URL is not known
     */
    static Home of(Surroundings here, @Nullable String storeUrl) {
        for (String variable : ENVIRONMENT_KEYS) {
            if (here.environment().containsKey(variable)) {
                throw new Failure(
                        Failure.Code.KMS_CLI_ENVIRONMENT,
                        "The environment variable " + variable + " is set.",
                        "It chooses the master key, and this release cannot read it yet.",
                        "Unset " + variable + " to use " + DEFAULT_MASTER_KEY + ", or wait for a later release.");
            }
        }
        Path folder = folder(here);
        if (Files.isRegularFile(folder)) {
            throw new Failure(
                    Failure.Code.KMS_CLI_ENVIRONMENT,
                    "The home '" + folder + "' is no folder.",
                    "A file has that name.",
                    "Set KMS_HOME to a folder for key file and store.");
        }
        return new Home(here, folder, store(here, storeUrl, folder), storeUrl != null);
    }

    Path keyFile() {
        return folder.resolve("local").resolve("default.key");
    }

    Path store() {
        return store;
    }

    boolean hasKeyFile() {
        return isThere(keyFile());
    }

    boolean hasStore() {
        return isThere(store);
    }

    /** What may not be looked at is not taken for lost: opening it says why. */
    private static boolean isThere(Path file) {
        try {
            file.getFileSystem().provider().checkAccess(file);
            return true;
        } catch (AccessDeniedException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
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

    /** A manager on the default master key and the store, both made if they are missing, and told of if so. */
    KeyManager making() {
        if (hasKeyFile() && hasStore()) {
            return builder().masterKey(DEFAULT_MASTER_KEY).store(openStore()).build();
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
                builder().embedded().store(NamedKeyStore.inMemory()).build().close();
                here.say("kms: made the key file " + keyFile() + ": back it up, without it everything is lost");
            }
            boolean hadStore = hasStore();
            makeFolderOf(store);
            KeyManager manager =
                    builder().masterKey(DEFAULT_MASTER_KEY).store(openStore()).build();
            if (!hadStore) {
                here.say("kms: made the store " + store
                        + ": it keeps the named keys, and without the key file everything in it is lost");
            }
            return manager;
        } catch (IOException e) {
            throw Failure.writing(folder.toString(), e);
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
            masterKeys.add(DEFAULT_MASTER_KEY);
        }
        recipients.stream().filter(Recipients.Choice::masterKey).forEach(choice -> masterKeys.add(choice.name()));
        KeyManagerBuilder builder = builder();
        masterKeys.forEach(builder::masterKey);
        if (named) {
            builder.store(openStore());
        }
        return builder.build();
    }

    /** A manager that opens with every key there is: the store's, the default master key, and those of {@code -m}. */
    KeyManager opening(List<String> masterKeys) {
        Set<String> more = new LinkedHashSet<>();
        masterKeys.forEach(uri -> more.add(MasterKeyUri.parse(uri).toString()));
        KeyManagerBuilder builder = builder();
        if (hasKeyFile()) {
            builder.masterKey(DEFAULT_MASTER_KEY);
            more.remove(DEFAULT_MASTER_KEY);
            if (hasStore()) {
                builder.store(openStore());
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
        return builder().masterKey(DEFAULT_MASTER_KEY).store(openStore()).build();
    }

    /** A manager on the store, for an export under another master key, or with null in the clear. */
    KeyManager exporting(@Nullable String masterKey) {
        demandBoth();
        KeyManagerBuilder builder = builder().masterKey(DEFAULT_MASTER_KEY);
        if (masterKey != null && !masterKey.equals(DEFAULT_MASTER_KEY)) {
            builder.masterKey(masterKey);
        }
        return builder.store(openStore()).build();
    }

    /** A manager on the store that opens exports with these master keys as well. */
    KeyManager importing(List<String> masterKeys) {
        demandBoth();
        KeyManagerBuilder builder = builder().masterKey(DEFAULT_MASTER_KEY);
        masterKeys.stream()
                .map(Home::canonical)
                .distinct()
                .filter(uri -> !uri.equals(DEFAULT_MASTER_KEY))
                .forEach(builder::alsoOpenWith);
        return builder.store(openStore()).build();
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
        makeFolderOf(store);
        return builder().masterKey(DEFAULT_MASTER_KEY).store(openStore()).build();
    }

    /** A file in the home. */
    Path beside(String name) {
        return folder.resolve(name);
    }

    /** What else must be kept, so that a backup is one. */
    String backUpMasterKeys(List<String> masterKeys) {
        return "the backup opens only with " + String.join(" or ", masterKeys)
                + (masterKeys.contains(DEFAULT_MASTER_KEY)
                        ? ": keep a copy of the key file " + keyFile() + " as well, apart from it"
                        : "");
    }

    /** A master key's URI in the one spelling that managers know it by. */
    static String canonical(String uri) {
        return MasterKeyUri.parse(uri).toString();
    }

    /** A manager on the default master key and, if it is there, the store. */
    KeyManager present() {
        if (isEmpty()) {
            throw nothingMade();
        }
        demandKeyFileOfStore();
        demandNamedStore();
        KeyManagerBuilder builder = builder().masterKey(DEFAULT_MASTER_KEY);
        if (hasStore()) {
            builder.store(openStore());
        }
        return builder.build();
    }

    /** A manager on the store that wraps with another master key, and opens with what was there and those of {@code -m}. */
    KeyManager moving(String to, List<String> masterKeys) {
        if (!hasStore()) {
            throw nothingMade();
        }
        Set<String> others = new LinkedHashSet<>();
        if (hasKeyFile()) {
            others.add(DEFAULT_MASTER_KEY);
        }
        masterKeys.forEach(uri -> others.add(MasterKeyUri.parse(uri).toString()));
        others.remove(to);
        KeyManagerBuilder builder = builder().masterKey(to);
        others.forEach(builder::alsoOpenWith);
        return builder.store(openStore()).build();
    }

    /** What tells that a rotation of a master key for this store is not finished. */
    RotationMark rotationMark(String masterKey) {
        return new RotationMark(folder, masterKey, store.toString());
    }

    /** A manager on the default master key alone, which must be there. */
    KeyManager masterKeyOnly() {
        demandKeyFileOfStore();
        return builder().masterKey(DEFAULT_MASTER_KEY).build();
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

    private KeyManagerBuilder builder() {
        return KeyManager.builder().home(folder).schedule(false); // see Overdue
    }

    private NamedKeyStore openStore() {
        return JdbcKeyStore.sqlite(store);
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

    private static Path store(Surroundings here, @Nullable String given, Path folder) {
        String url = given != null ? given : here.environment().get("KMS_STORE_URL");
        if (url == null || (given == null && url.isEmpty())) {
            return folder.resolve("store.db");
        }
        String path = url.startsWith(SQLITE) ? url.substring(SQLITE.length()) : "";
        if (path.isEmpty() || path.startsWith(":") || path.startsWith("file:") || path.contains("?")) {
            // Not the URL itself: it may hold a password.
            throw new Failure(
                    given != null ? Failure.Code.KMS_CLI_USAGE : Failure.Code.KMS_CLI_ENVIRONMENT,
                    (given != null ? "--store" : "KMS_STORE_URL") + " names no store that this release knows.",
                    "This release opens SQLite files only.",
                    "Give jdbc:sqlite:PATH, without parameters.");
        }
        return Failure.path(path).toAbsolutePath();
    }
}
