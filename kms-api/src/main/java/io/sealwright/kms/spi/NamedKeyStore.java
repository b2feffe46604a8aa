package io.sealwright.kms.spi;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where named keys lie: rows of opaque bytes, all sensitive ones wrapped and all others authenticated by the engine
 * before they come here. Several processes may share one store. Safe for concurrent use.
 *
 * <p>Every method may block and throws {@link io.sealwright.kms.error.StoreException} with code
 * {@code KMS_STORE_UNAVAILABLE} (locked, full, away), {@code KMS_STORE_CORRUPT} or {@code KMS_STORE_NEWER}. A change
 * that returned is durable; one that threw was either made whole or not at all. After {@link #close} every method but
 * {@code close} and {@link #describe} throws {@link io.sealwright.kms.error.ClosedException}. A thread interrupted
 * while it waits for a lock gets {@link io.sealwright.kms.error.CallInterruptedException} and keeps its flag.
 */
public interface NamedKeyStore extends AutoCloseable {
    /** The most bytes the record of the store's own key may have. */
    int MAX_STORE_KEY_BYTES = 64 << 10;

    /**
     * Makes an empty store in this process's memory. Everything in it is lost when it is closed or the process ends,
     * and with it everything sealed under its keys: for tests and tools that live for a moment.
     */
    static NamedKeyStore inMemory() {
        return new InMemoryKeyStore();
    }

    /** The store's own key as the engine sealed it, if the store has one yet. */
    Optional<byte[]> storeKey();

    /**
     * Puts the store's own key there unless there is one already, in one transaction.
     *
     * @param sealed at most 64 KiB
     * @return the one that is there now, the given one or that of whoever came first
     */
    byte[] initialise(byte[] sealed);

    /**
     * Replaces the store's own key's record if it is still {@code expected}.
     *
     * @param expected what was read before
     * @param sealed at most 64 KiB
     * @return whether it was
     */
    boolean replaceStoreKey(byte[] expected, byte[] sealed);

    /** A number that differs after every committed change by any process. One cheap read. */
    long revision();

    /** All names, sorted, tombstones included. */
    List<String> names();

    /** One key's manifest and versions, as of one moment. */
    Optional<StoredKey> find(String name);

    /**
     * Which of these keys have another generation than the given one, or are not there, as of one moment. The default
     * reads each key; a store that can should answer by one query, since processes with many keys in use ask whenever
     * anything has changed.
     *
     * @param generations by name
     */
    default Set<String> differing(Map<String, Long> generations) {
        Set<String> differing = new HashSet<>();
        generations.forEach((name, generation) -> {
            if (find(name).map(StoredKey::generation).orElse(0L) != (long) generation) {
                differing.add(name);
            }
        });
        return differing;
    }

    /**
     * The name of the key that has a version of this id, or had it before it was erased.
     *
     * @param versionId 16 bytes
     */
    Optional<String> nameOf(byte[] versionId);

    /**
     * Makes a change to one key, in one transaction.
     *
     * @return false, and nothing is changed, if the key's generation is not the expected one (0: the key is not there)
     * @throws IllegalArgumentException if a version to be put has another id than the one of that number, an id that
     *     another version has, or makes the key's wraps longer than {@link StoredKey#MAX_TOTAL_WRAPS_BYTES} in all
     */
    boolean apply(KeyChange change);

    /**
     * Shows the whole store as of one moment, key after key, so that memory does not grow with their number. Changes by
     * others go on meanwhile and are not seen. Takes as long as the reader does.
     *
     * @param reader called on this thread; what it throws ends the reading and is thrown
     */
    void readAll(StoreReader reader);

    /**
     * Puts whole keys in the place of what there is of them, tombstones included, all in one transaction: for restores.
     * Wraps that are replaced by others are overwritten as {@link #apply} does it.
     *
     * @return false, and nothing is changed, if one key's generation is not the expected one
     * @throws IllegalArgumentException if an id is that of another key's version, or the wraps of a key are longer than
     *     {@link StoredKey#MAX_TOTAL_WRAPS_BYTES} in all
     */
    boolean replace(List<KeyReplacement> keys);

    /**
     * The names of keys that something is due for, those that wait longest first: whose {@link KeyChange#dueAt} is there,
     * and not after {@code now}.
     *
     * @param most how many names at most, 1 or more
     */
    List<String> due(Instant now, int most);

    /**
     * Claims a piece of work, so that of the processes that share this store one does it. The claim is the holder's
     * until its lease has run out by the store's own clock, or it is released; a holder that claims again before that
     * begins a new lease. A process that dies loses its claims that way.
     *
     * <p>A claim saves doing work twice; it is no lock: a holder that stalls for longer than its lease goes on beside
     * the next one. What the work changes is safe all the same, since {@link #apply} expects a generation. Claims do
     * not count as changes for {@link #revision}.
     *
     * @return whether the holder has it now: nobody had it, its lease had run out, or it was the holder's already
     */
    boolean claim(WorkClaim claim);

    /**
     * Gives a piece of work back before its lease runs out.
     *
     * @param claim its work and holder count, its lease does not
     * @return whether it was the holder's; if not, nothing is changed
     */
    boolean release(WorkClaim claim);

    /**
     * The time of day by the store's own clock, if that may be another one than this machine's: the engine erases nothing
     * that is not due by both. One cheap read.
     *
     * @return empty if the store has none; so the default
     */
    default Optional<Instant> clock() {
        return Optional.empty();
    }

    /**
     * Has the database itself look whether its files are whole. May read all of them.
     *
     * @return a line for each damage, ten at most; empty if it finds none, or cannot look
     */
    default List<String> damages() {
        return List.of();
    }

    /** One line that tells what the store is; for {@code health}. */
    String describe();

    /** Releases what the store holds; calls under way end first or fail as closed. Closing again does nothing. */
    @Override
    void close();
}
