package io.sealwright.kms.core.local;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.wrapping.KeyRing;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KeyFileException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A master key in a file of this machine. All its versions are in memory; the newest active one wraps. The file is
 * read again when it changed, and a look that fails leaves in memory what was there: whether that may still be used is
 * for the engine to decide.
 */
final class LocalMasterKey implements MasterKey {
    private static final int KEY_BYTES = 32;

    private final String uri;
    private final KeyFileStore store;
    private final TimeSource time;
    private final CloneSafeRandom random = new CloneSafeRandom();
    private final ReentrantLock reading = new ReentrantLock(); // held while the file is read again
    private final Object adopting = new Object(); // held for the exchange of ring alone, never around I/O

    private volatile KeyRing ring; // written under adopting
    private volatile boolean closed; // written under adopting
    private volatile Disk.Stamp stamp; // written under reading

    private LocalMasterKey(String uri, KeyFileStore store, TimeSource time, KeyRing ring, Disk.Stamp stamp) {
        this.uri = uri;
        this.store = store;
        this.time = time;
        this.ring = ring;
        this.stamp = stamp;
    }

    /** Reads the file. */
    static LocalMasterKey open(String uri, KeyFileStore store, TimeSource time) {
        KeyFileStore.Loaded loaded = store.load();
        try (KeyFile contents = loaded.contents()) {
            KeyRing ring = merge(store, new KeyRing(List.of()), contents);
            return new LocalMasterKey(uri, store, time, ring, loaded.stamp());
        }
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean inProcess() {
        return true;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return ring.recognizes(recipient);
    }

    @Override
    public boolean mightBeNewer(Recipient recipient) {
        return KeyRing.isOne(recipient) && !ring.recognizes(recipient);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        return ring.isOutdated(recipient);
    }

    @Override
    public String versionOf(Recipient recipient) {
        return ring.numberOf(recipient).map(String::valueOf).orElseGet(() -> MasterKey.super.versionOf(recipient));
    }

    /**
     * Reads the file if its time, size or inode changed.
     *
     * @throws KeyFileException if it is gone or damaged, or a version that was in it no longer is; what is in memory
     *     stays
     */
    @Override
    public boolean refresh() {
        try {
            reading.lockInterruptibly();
        } catch (InterruptedException e) {
            throw FileGuard.interrupted(store.file(), e);
        }
        try {
            requireOpen();
            return !store.stamp().equals(stamp) && readAgain();
        } catch (KeyNotFoundException e) {
            throw new KeyFileException(
                    "The key file " + store.file() + " is gone.",
                    "It was there when " + uri + " was opened.",
                    "Restore it from a backup; what is in memory still works, but not after a restart.",
                    e);
        } finally {
            reading.unlock();
        }
    }

    @Override
    public GeneratedKey generate(WrapBinding binding) {
        byte[] fresh = new byte[KEY_BYTES];
        random.nextBytes(fresh);
        SecretBytes key = SecretBytes.owning(fresh);
        try {
            return new GeneratedKey(key, wrap(key, binding));
        } catch (RuntimeException | Error e) {
            key.close();
            throw e;
        }
    }

    @Override
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        return ring.wrap(key, binding);
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        return ring.unwrap(recipient, binding);
    }

    /** Reads the file anew if it changed; a file that is gone or damaged throws as {@link #refresh} does. */
    @Override
    public String check() {
        refresh();
        KeyRing now = ring;
        Optional<KeyRing.Entry> newest = now.newestActive();
        int count = now.entries().size();
        return uri + ": version " + newest.map(KeyRing.Entry::number).orElseThrow() + " of "
                + (count == 1 ? "1 version" : count + " versions") + ", file " + store.file();
    }

    @Override
    public MasterKeyMetadata metadata() {
        requireOpen();
        try (KeyFile contents = store.load().contents()) {
            KeyFile.Version newest = contents.newest();
            return new MasterKeyMetadata(
                    uri,
                    Integer.toString(newest.number()),
                    null,
                    contents.versions().get(0).made(),
                    newest.made(),
                    true,
                    "ENCRYPT_DECRYPT",
                    "AES-256");
        }
    }

    /**
     * Adds a version to the file, which then wraps; the older ones only unwrap.
     *
     * @return the new version's id, 32 hex digits
     */
    @Override
    public String rotate() {
        requireOpen();
        byte[][] id = new byte[1][];
        store.update(contents -> {
            // A file that lost versions is not to be written on: that would make the loss look like a rotation.
            requireAllThere(store, ring, contents);
            KeyFile rotated = contents.rotated(time.instant(), random);
            id[0] = rotated.newest().id();
            return rotated;
        });
        refresh();
        return HexFormat.of().formatHex(id[0]);
    }

    @Override
    public void close() {
        synchronized (adopting) {
            closed = true;
            ring.close();
        }
    }

    @Override
    public String toString() {
        return "LocalMasterKey[" + uri + "]";
    }

    private boolean readAgain() {
        KeyFileStore.Loaded loaded = store.load();
        KeyRing before = ring;
        KeyRing after;
        try (KeyFile contents = loaded.contents()) {
            after = merge(store, before, contents);
        }
        synchronized (adopting) {
            if (closed) {
                after.close();
                throw closedException();
            }
            ring = after;
        }
        stamp = loaded.stamp();
        return !before.entries().equals(after.entries());
    }

    /** The ring of the file's contents; keys that are in the old ring go over as they are, in use or not. */
    private static KeyRing merge(KeyFileStore store, KeyRing before, KeyFile contents) {
        requireAllThere(store, before, contents);
        List<WrappingKey> fresh = new ArrayList<>();
        List<KeyRing.Entry> entries = new ArrayList<>();
        boolean merged = false;
        try {
            for (KeyFile.Version version : contents.versions()) {
                WrappingKey key = new WrappingKey(version.id(), version.key());
                fresh.add(key);
                Optional<KeyRing.Entry> known = before.findById(version.id());
                if (known.isPresent()) {
                    WrappingKey old = known.get().key();
                    if (!Arrays.equals(old.check(), key.check())) {
                        throw replaced(store);
                    }
                    key.close();
                    key = old;
                }
                entries.add(new KeyRing.Entry(version.number(), version.state() == KeyFile.State.ACTIVE, key));
            }
            merged = true;
            return new KeyRing(entries);
        } finally {
            if (!merged) {
                fresh.forEach(WrappingKey::close);
            }
        }
    }

    private static void requireAllThere(KeyFileStore store, KeyRing before, KeyFile contents) {
        for (KeyRing.Entry entry : before.entries()) {
            byte[] id = entry.key().versionId();
            if (contents.versions().stream().noneMatch(version -> Arrays.equals(version.id(), id))) {
                throw replaced(store);
            }
        }
    }

    private static KeyFileException replaced(KeyFileStore store) {
        return new KeyFileException(
                "The key file " + store.file() + " cannot be used.",
                "A version that was in it is gone or holds another key, so what that version wrapped would be lost.",
                "Put the newest file back from a backup; if the key was replaced on purpose, restart the program.");
    }

    private void requireOpen() {
        if (closed) {
            throw closedException();
        }
    }

    private ClosedException closedException() {
        return new ClosedException(
                "The key " + uri + " was closed.",
                "The manager that it belongs to was closed.",
                "Open a new KeyManager, or keep the old one open until the last call has ended.");
    }
}
