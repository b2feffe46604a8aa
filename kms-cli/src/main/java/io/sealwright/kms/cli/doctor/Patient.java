package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The installation that is looked at. Opens things when they are first asked for, and keeps what came of it: whatever
 * fails to open is told once, by the check whose subject it is. Not safe for concurrent use.
 */
public final class Patient implements AutoCloseable {
    private final Place place;
    private final Clock clock;
    private final ToLongFunction<Path> usableBytes;
    private @Nullable Opened<KeyManager> masterKeyOnly;
    private @Nullable Opened<KeyManager> manager;
    private @Nullable Boolean hasStore;
    private @Nullable Looked<Optional<StoreSchema>> olderSchema;
    private @Nullable Looked<Examined> examined;
    private @Nullable Opened<NamedKeyStore> store;

    /**
     * Where everything is.
     *
     * @param environment the environment variables
     * @param folder the home
     * @param keyFile where the home's own key file is, or would be
     * @param storeFile the store, or null if it is a server's
     * @param store where the store is, as a rotation's mark names it
     * @param workingFolder where the command was called
     * @param masterKey the master key that commands use, by its URI
     * @param rotationMark the file that tells of a rotation that is not finished
     * @param masterKeyMissing whether there is no master key: nothing was made yet, or it is lost
     * @param storeOption what a command line needs so that it is about this store: {@code --store} behind a blank, or nothing
     * @param opening how to open what is there
     */
    public record Place(
            Map<String, String> environment,
            Path folder,
            Path keyFile,
            @Nullable Path storeFile,
            String store,
            Path workingFolder,
            String masterKey,
            Path rotationMark,
            boolean masterKeyMissing,
            String storeOption,
            Opening opening) {}

    /** Opens what is there; makes nothing. */
    public interface Opening {
        /** Whether there is a store. */
        boolean hasStore();

        /** What to say of a store's file that has no bytes; null if it has some, or is not there. */
        @Nullable
        KmsException cutStore();

        /** Of which version the store's tables are, if that can be told; leaves them as they are. */
        Optional<StoreSchema> schema();

        /** What keeps the store from opening if the master key is not there; null if nothing is in it, or the key is there. */
        @Nullable
        Lost lost();

        /** A manager on the master keys alone. */
        KeyManager masterKey();

        /** A manager on master key and store. */
        KeyManager both();

        /** The store alone. */
        NamedKeyStore store();
    }

    /**
     * A store whose master key is not there.
     *
     * @param what what is missing
     * @param why what needs it
     * @param remedy what to do
     */
    public record Lost(String what, String why, String remedy) {}

    /** What came of opening something. */
    private record Opened<T extends AutoCloseable>(
            @Nullable T value, @Nullable RuntimeException failure) {
        static <T extends AutoCloseable> Opened<T> by(Supplier<T> opening) {
            try {
                return new Opened<>(opening.get(), null);
            } catch (RuntimeException e) {
                return new Opened<>(null, e);
            }
        }

        T get() {
            return Patient.get(value, failure);
        }
    }

    /** What came of looking at something. */
    private record Looked<T>(@Nullable T value, @Nullable RuntimeException failure) {
        static <T> Looked<T> by(Supplier<T> looking) {
            try {
                return new Looked<>(looking.get(), null);
            } catch (RuntimeException e) {
                return new Looked<>(null, e);
            }
        }

        T get() {
            return Patient.get(value, failure);
        }
    }

    private static <T> T get(@Nullable T value, @Nullable RuntimeException failure) {
        if (failure != null) {
            throw failure;
        }
        return Objects.requireNonNull(value);
    }

    /** The installation of the process. */
    public Patient(Place place) {
        this(place, Clock.systemUTC(), Patient::usableBytes);
    }

    Patient(Place place, Clock clock, ToLongFunction<Path> usableBytes) {
        this.place = place;
        this.clock = clock;
        this.usableBytes = usableBytes;
    }

    private static long usableBytes(Path path) {
        try {
            return Files.getFileStore(path).getUsableSpace();
        } catch (IOException e) {
            return Long.MAX_VALUE; // not to be told: some file systems do not say
        }
    }

    Place place() {
        return place;
    }

    /** A line for a shell that has this program do something about the store that is looked at. */
    String kms(String arguments) {
        return "kms " + arguments + place.storeOption();
    }

    Clock clock() {
        return clock;
    }

    long usableBytesAt(Path path) {
        return usableBytes.applyAsLong(path);
    }

    boolean hasStore() {
        if (hasStore == null) {
            try {
                hasStore = place.opening().hasStore();
            } catch (RuntimeException e) {
                hasStore = true; // opening it says why that cannot be told
            }
        }
        return hasStore;
    }

    /** The version of the store's tables if it is not this release's, so that opening the store would change them. */
    Optional<StoreSchema> olderSchema() {
        if (olderSchema == null) {
            olderSchema = Looked.by(() -> place.opening().schema().filter(schema -> !schema.isCurrent()));
        }
        return olderSchema.get();
    }

    /** What came of opening every stored key; throws what that threw. To be asked where master key and store open. */
    Examined examined() {
        if (examined == null) {
            examined = Looked.by(() -> both().masterKeys().examineStored(Progress.NONE));
        }
        return examined.get();
    }

    /** A manager on the master keys alone; throws what opening it threw. */
    KeyManager masterKey() {
        if (masterKeyOnly == null) {
            masterKeyOnly = Opened.by(place.opening()::masterKey);
        }
        return masterKeyOnly.get();
    }

    /** A manager on master key and store; throws what opening it threw. */
    KeyManager both() {
        if (manager == null) {
            manager = Opened.by(place.opening()::both);
        }
        return manager.get();
    }

    /** The store alone; throws what opening it threw. */
    NamedKeyStore store() {
        if (store == null) {
            store = Opened.by(place.opening()::store);
        }
        return store.get();
    }

    /** Whether the master key opens: if not, its own check says why, and what needs it is not looked at. */
    boolean hasMasterKey() {
        try {
            masterKey();
            return !place.masterKeyMissing();
        } catch (RuntimeException e) {
            return false;
        }
    }

    /**
     * Whether the store opens, and is left as it is by that: if not, its own check says why, and what needs it is not looked
     * at.
     */
    boolean storeOpens() {
        try {
            if (olderSchema().isPresent()) {
                return false;
            }
            store();
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }

    @Override
    public void close() {
        close(masterKeyOnly);
        close(manager);
        close(store);
    }

    private static void close(@Nullable Opened<?> opened) {
        if (opened != null && opened.value() != null) {
            try {
                opened.value().close();
            } catch (Exception e) {
                // It was only looked at.
            }
        }
    }
}
