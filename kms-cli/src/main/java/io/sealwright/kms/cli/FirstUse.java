package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeys.Probe;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Makes what is missing in a {@link Home}, and tells of it: master key, store, default key. Nothing else makes any. */
final class FirstUse {
    static final String DEFAULT_KEY = "default";

    private final Home home;
    private final Managers managers;

    FirstUse(Home home) {
        this.home = home;
        this.managers = new Managers(home);
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
            home.demandBoth();
        }
        Set<String> masterKeys = named ? home.wrapping() : new LinkedHashSet<>();
        recipients.stream().filter(Recipients.Choice::masterKey).forEach(choice -> masterKeys.add(choice.name()));
        return (named ? managers.withStore(masterKeys, List.of()) : managers.on(masterKeys, List.of())).build();
    }

    /** A manager on the master key and the store, both made if they are missing, and told of if so. */
    KeyManager making() {
        if (home.hasKeyFile() && home.hasStore()) {
            return managers.withStore().build();
        }
        demandThatTheyWrap();
        makeFolder();
        // Two first uses at once: the second waits, and then finds everything there.
        try (FileChannel lock = FileChannel.open(
                        home.folder().resolve(".first-use.lock"),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        OwnerOnly.file(home.folder()));
                FileLock held = lock.lock()) {
            home.demandKeyOfStore();
            // The key file first: whoever is killed or runs out of disk in between leaves no store without one.
            if (!home.hasKeyFile()) {
                demandDefaultIsMeant();
                make(home.masterKey());
            }
            boolean hadStore = home.hasStore();
            StoreException cut = home.cutStore();
            if (cut != null) {
                home.here()
                        .say(
                                "kms: " + cut.what() + " " + cut.why()
                                        + " A new one is made of it. If it had keys, restore them: kms backup restore FILE --force");
            }
            managers.masterKeysAlone().close(); // what does not open must not leave a store behind
            HomeFolder.makeFor(home.storeFile());
            KeyManager manager = managers.withStore().build();
            if (!hadStore) {
                home.here()
                        .say("kms: made the store " + home.store() + ": it keeps the named keys, and without "
                                + (home.masterKeyFile() == null ? "the master key " + home.masterKey() : "the key file")
                                + " everything in it is lost");
            }
            return manager;
        } catch (IOException e) {
            throw Failure.writing(home.folder().toString(), e);
        }
    }

    /** Stops before anything is made if a setting is wrong, or a master key that is to wrap what is stored does not. */
    private void demandThatTheyWrap() {
        Set<String> wrapping = home.wrapping();
        if (!home.hasKeyFile()) {
            wrapping.remove(home.masterKey()); // made next
        }
        KeyManagerBuilder builder = managers.on(wrapping, home.known());
        if (wrapping.isEmpty() && home.known().isEmpty()) {
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
        if (home.isChosen()) {
            throw new KeyNotFoundException(
                    "There is no master key " + home.masterKey() + ".",
                    "The environment names it, and the key file " + home.keyFile() + " is not there.",
                    "Make it with: kms master-key bootstrap --create");
        }
    }

    /** Makes a master key that is missing, and tells of it. */
    private void make(String uri) {
        managers.builder().masterKey(uri).bootstrap().close();
        Path file = uri.equals(home.masterKey()) ? home.masterKeyFile() : null;
        home.here()
                .say("kms: made " + (file != null ? "the key file " + file : "the master key " + uri)
                        + ": back it up, without it everything is lost");
    }

    /**
     * Makes a master key that is not there, and tells of it. Most providers look for a key at its first use only, so it is
     * asked for; whatever they answer but that it is not there is thrown, and nothing is made.
     *
     * @return whether it was made; false if it was there
     */
    boolean makeIfMissing(String uri) {
        try (KeyManager there = managers.only(uri)) {
            Object unused =
                    there.masterKeys().metadata(there.masterKeys().uris().get(0));
            return false;
        } catch (KeyNotFoundException e) {
            make(uri);
            return true;
        }
    }

    /** A manager on the store, made if it is missing, and on the master key, which must be there to open a backup. */
    KeyManager restoring() {
        if (!home.hasKeyFile()) {
            throw new Failure(
                    Failure.Code.KMS_CLI_KEY_FILE_LOST,
                    "The key file " + home.keyFile() + " is not there.",
                    "A backup opens only with the master key that it was made under, which is not in it.",
                    "Put the key file back first, mode 0600, or choose another home with KMS_HOME.");
        }
        if (!home.hasStore()) {
            demandThatTheyWrap();
        }
        makeFolder(); // for what is kept of before the restore
        HomeFolder.makeFor(home.storeFile());
        return managers.withStore().build();
    }

    private static void demandDefaultKey(KeyManager manager) {
        try {
            manager.keys().get(DEFAULT_KEY);
        } catch (KeyNotFoundException e) {
            manager.keys().createIfAbsent(DEFAULT_KEY, KeySpec.AES_256);
        }
    }

    private void makeFolder() {
        HomeFolder.makeFor(home.keyFile().getParent());
    }
}
