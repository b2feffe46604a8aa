package io.sealwright.kms.core.passphrase;

import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.PassphrasePolicy.Kdf;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.HashFunction;
import io.sealwright.kms.core.crypto.Pbkdf2;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.OverloadedException;
import io.sealwright.kms.spi.Argon2id;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Stretches passphrases, one at a time, and keeps the sixteen keys used last: what strangers' messages ask for costs at
 * most one core and one derivation's memory. Safe for concurrent use.
 */
final class Stretcher implements AutoCloseable {
    static final int MOST_KEYS = 16;
    private static final int KEY_BYTES = 32;

    private record Place(Passphrase passphrase, Stretching stretching) {}

    private final Supplier<Optional<Argon2id>> argon2id;
    private final ReentrantLock deriving = new ReentrantLock(); // held during a derivation; before the monitor
    private final LinkedHashMap<Place, WrappingKey> keys = new LinkedHashMap<>(32, 0.75f, true); // guarded by itself
    private boolean closed; // guarded by keys

    Stretcher() {
        this(Stretcher::find);
    }

    /** For tests. */
    Stretcher(Supplier<Optional<Argon2id>> argon2id) {
        this.argon2id = argon2id;
    }

    /**
     * Uses the key of a passphrase; derives it first if need be, which takes up to seconds. The key is not the
     * function's to keep.
     *
     * @throws ConfigurationException if it takes Argon2id, and {@code kms-argon2} is not there
     * @throws CallInterruptedException if the thread was interrupted while it waited or derived; the flag is kept
     */
    <T> T with(Passphrase passphrase, Stretching stretching, Function<WrappingKey, T> use) {
        Place place = new Place(passphrase, stretching);
        synchronized (keys) {
            WrappingKey there = present(place);
            if (there != null) {
                return use.apply(there);
            }
        }
        try {
            deriving.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted(e);
        }
        try {
            synchronized (keys) {
                WrappingKey there = present(place);
                if (there != null) {
                    return use.apply(there);
                }
            }
            WrappingKey fresh = derive(passphrase, stretching);
            synchronized (keys) {
                if (closed || passphrase.closed()) { // whoever closes one forgets its keys after that
                    fresh.close();
                    throw closedError();
                }
                keys.put(place, fresh);
                evict();
                return use.apply(fresh);
            }
        } finally {
            deriving.unlock();
        }
    }

    /** The key check of a passphrase's key, if that key is at hand. Derives nothing. */
    Optional<byte[]> checkAtHand(Passphrase passphrase, Stretching stretching) {
        synchronized (keys) {
            return Optional.ofNullable(keys.get(new Place(passphrase, stretching)))
                    .map(WrappingKey::recipientId);
        }
    }

    /** Drops every key of a passphrase; one that is derived just now is not kept if the passphrase was closed before. */
    void forget(Passphrase passphrase) {
        synchronized (keys) {
            keys.entrySet().removeIf(entry -> {
                boolean its = entry.getKey().passphrase() == passphrase;
                if (its) {
                    entry.getValue().close();
                }
                return its;
            });
        }
    }

    @Override
    public void close() {
        synchronized (keys) {
            closed = true;
            keys.values().forEach(WrappingKey::close);
            keys.clear();
        }
    }

    private @Nullable WrappingKey present(Place place) {
        if (closed) {
            throw closedError();
        }
        return keys.get(place);
    }

    private static ClosedException closedError() {
        return new ClosedException(
                "The key of the passphrase was closed.",
                "The manager that it belongs to was closed, or the place it comes from has the passphrase no more.",
                "Repeat the call if the manager is open; if not, open a new one and close it last.");
    }

    private void evict() {
        Iterator<Map.Entry<Place, WrappingKey>> eldest = keys.entrySet().iterator();
        while (keys.size() > MOST_KEYS) {
            eldest.next().getValue().close();
            eldest.remove();
        }
    }

    private WrappingKey derive(Passphrase passphrase, Stretching stretching) {
        byte[] text = passphrase.copy();
        try (SecretBytes material = SecretBytes.owning(derived(text, stretching))) {
            return WrappingKey.bare(material);
        } catch (Pbkdf2.StoppedException e) {
            throw interrupted(e);
        } catch (GeneralSecurityException e) {
            throw new ConfigurationException(
                    "Passphrases cannot be stretched in this process.",
                    "The Java security providers of this machine gave no usable HMAC-SHA-512.",
                    "Check java.security's list of providers: SunJCE has it.",
                    e);
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    private byte[] derived(byte[] text, Stretching stretching) throws GeneralSecurityException {
        PassphrasePolicy policy = stretching.policy();
        if (policy.kdf() == Kdf.PBKDF2) {
            return Pbkdf2.derive(
                    HashFunction.SHA_512,
                    text,
                    stretching.salt(),
                    policy.passes(),
                    KEY_BYTES,
                    Thread.currentThread()::isInterrupted);
        }
        try {
            return argon2id.get()
                    .orElseThrow(Stretcher::noArgon2id)
                    .derive(text, stretching.salt(), policy.memoryKiB(), policy.passes(), policy.lanes(), KEY_BYTES);
        } catch (OutOfMemoryError e) {
            throw new OverloadedException(
                    "The passphrase was not stretched.",
                    "Argon2id takes " + policy.memoryKiB() + " KiB of memory here, and the JVM has not so much left.",
                    "Give the JVM a larger heap (-Xmx), or repeat the call when less is going on.",
                    e);
        }
    }

    static ConfigurationException noArgon2id() {
        return new ConfigurationException(
                "The passphrase cannot be stretched with Argon2id.",
                "Its module is not on the class path.",
                "Add the dependency io.sealwright:kms-argon2.");
    }

    private static Optional<Argon2id> find() {
        return ServiceLoader.load(Argon2id.class, Stretcher.class.getClassLoader())
                .findFirst()
                .or(() -> ServiceLoader.load(Argon2id.class).findFirst());
    }

    private static CallInterruptedException interrupted(Exception cause) {
        return new CallInterruptedException(
                "The passphrase was not stretched.",
                "Another thread asked this one to stop, or its deadline passed.",
                "Nothing is lost; repeat the call if it is still wanted, with a longer deadline if it is short.",
                cause);
    }
}
