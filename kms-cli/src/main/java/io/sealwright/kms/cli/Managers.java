package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.Variables;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The managers that commands work with, on what there is in a {@link Home}: which master keys wrap, which open. */
final class Managers {
    private final Home home;
    private @Nullable KmsException withoutStore;

    Managers(Home home) {
        this.home = home;
    }

    /** A manager on all master keys that commands use, without the store. */
    KeyManager masterKeysAlone() {
        return on(home.wrapping(), home.known()).build();
    }

    /** A manager on one master key alone, without the store. */
    KeyManager only(String uri) {
        return builder().masterKey(uri).build();
    }

    /**
     * A manager that opens with every key there is: the store's, the environment's master keys, the default one, and those of
     * {@code -m}. What is wrong with the store must not keep master keys from opening: see {@link #withoutStore}.
     */
    KeyManager opening(List<String> masterKeys) {
        Set<String> known = home.known();
        Set<String> opening = new LinkedHashSet<>(known);
        masterKeys.forEach(uri -> opening.add(Home.canonical(uri)));
        Set<String> wrapping = home.wrapping();
        wrapping.retainAll(known);
        KeyManagerBuilder builder = on(wrapping, opening);
        if (opening.isEmpty()) {
            home.demandKeyOfStore();
            // A header can be refused, and a message in the clear read, with no key at all.
            builder.alsoOpenWith(new NoMasterKey());
        }
        addStore(builder);
        return builder.build();
    }

    private void addStore(KeyManagerBuilder builder) {
        try {
            withoutStore = home.cutStore();
            if (home.hasStore()) {
                builder.store(home.openStore());
            }
        } catch (StoreException | UnavailableException e) {
            withoutStore = e;
        }
    }

    /** Tells of the store if {@link #opening} went on without it. */
    void tellOfStore() {
        if (withoutStore != null) {
            home.here().say("kms: without the store " + home.store() + ": " + withoutStore.getMessage());
        }
    }

    /** The error, or, if no key for it was found and {@link #opening} went on without the store, what is wrong with that. */
    RuntimeException withoutStore(String name, RuntimeException e) {
        KmsException store = withoutStore;
        if (store != null && e instanceof NoMatchingRecipientException) {
            return new Explained(
                    store.code(),
                    "'" + name + "' does not open.",
                    "No master key here opens it, and the store of named keys does not open: " + store.what() + " "
                            + store.why(),
                    store.remedy(),
                    e);
        }
        tellOfStore();
        return e;
    }

    /** A manager on what there is, for the keys of the store. */
    KeyManager existing() {
        home.demandBoth();
        return withStore().build();
    }

    /** A manager on the store, for an export under another master key, or with null in the clear. */
    KeyManager exporting(@Nullable String other) {
        home.demandBoth();
        Set<String> wrapping = home.wrapping();
        if (other != null) {
            wrapping.add(other);
        }
        return withStore(wrapping, List.of()).build();
    }

    /** A manager on the store, for an export under a passphrase. It must wrap nothing else. */
    KeyManager exporting(SecretSource passphrase) {
        home.demandBoth();
        return withStore().masterKey(passphrase).allowPassphraseBesideOthers().build();
    }

    /** A manager on the store that opens exports with these master keys as well, and with a passphrase if there is one. */
    KeyManager importing(List<String> masterKeys, @Nullable SecretSource passphrase) {
        home.demandBoth();
        KeyManagerBuilder builder = withStore(home.wrapping(), masterKeys);
        return (passphrase == null ? builder : builder.alsoOpenWith(passphrase)).build();
    }

    /**
     * A manager that moves data: wraps with these master keys (none: those that commands use), and opens with those named,
     * with every key there is, and with the store's, if it is there.
     */
    KeyManager movingAll(List<String> to, List<String> from) {
        Set<String> wrapping = to.isEmpty() ? home.wrapping() : new LinkedHashSet<>();
        if (to.isEmpty()) {
            home.demandKeyOfStore();
        }
        to.forEach(uri -> wrapping.add(Home.canonical(uri)));
        Set<String> opening = new LinkedHashSet<>();
        from.forEach(uri -> opening.add(Home.canonical(uri)));
        opening.addAll(home.known());
        home.demandNotCut();
        KeyManagerBuilder builder = on(wrapping, opening);
        return (home.hasStore() ? builder.store(home.openStore()) : builder).build();
    }

    /** A manager on the master keys and, if it is there, the store. */
    KeyManager present() {
        home.demandMasterKey();
        home.demandNamedStore();
        return home.hasStore() ? withStore().build() : masterKeysAlone();
    }

    /**
     * A manager on the store that wraps with another master key in the place of the one that commands use, and opens with
     * what was there and those of {@code -m}.
     */
    KeyManager moving(String to, List<String> masterKeys) {
        home.demandStore();
        return withStore(home.wrapping(to), masterKeys).build();
    }

    /** On the master keys that commands use, and the store. */
    KeyManagerBuilder withStore() {
        return withStore(home.wrapping(), List.of());
    }

    /** On these master keys and the store; what else is there still opens. */
    KeyManagerBuilder withStore(Set<String> wrapping, List<String> more) {
        Set<String> opening = home.known();
        more.forEach(uri -> opening.add(Home.canonical(uri)));
        return on(wrapping, opening).store(home.openStore());
    }

    /** On these master keys; of those that wrap it is clear that they open. */
    KeyManagerBuilder on(Set<String> wrapping, Collection<String> opening) {
        KeyManagerBuilder builder = builder();
        wrapping.forEach(builder::masterKey);
        opening.stream().filter(uri -> !wrapping.contains(uri)).forEach(builder::alsoOpenWith);
        return builder;
    }

    /** With the settings of the environment; the store is opened here, where it is wanted. */
    KeyManagerBuilder builder() {
        Map<String, String> settings = new HashMap<>(home.here().environment());
        settings.keySet().removeIf(name -> name.startsWith("KMS_STORE_"));
        return KeyManager.builder()
                .home(home.folder())
                .schedule(false) // see Overdue
                .fromEnvironment(
                        Variables.of(settings),
                        name -> name.startsWith("kms.store.") ? null : System.getProperty(name));
    }
}
