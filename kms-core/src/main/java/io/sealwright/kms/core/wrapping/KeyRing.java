package io.sealwright.kms.core.wrapping;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * All versions of one key that this process holds: the newest active one wraps, every one unwraps. Immutable but for
 * {@link #close}; safe for concurrent use.
 *
 * <p>A master key's versions are found by key check alone, so that renaming a file or a variable orphans nothing; a
 * named key's are found by version id.
 */
public final class KeyRing implements AutoCloseable {
    /**
     * One version.
     *
     * @param number 1 or greater
     * @param active whether it may wrap; if not, it only unwraps
     * @param key the version's key; closed with the ring
     */
    public record Entry(int number, boolean active, WrappingKey key) {
        /** Checks the number. */
        public Entry {
            if (number < 1) {
                throw new IllegalArgumentException("version number must be 1 or greater, not " + number);
            }
        }
    }

    private final List<Entry> newestFirst;

    /**
     * Makes a ring.
     *
     * @param entries in any order; numbers differ
     * @throws IllegalArgumentException if two entries have one number
     */
    public KeyRing(List<Entry> entries) {
        newestFirst = entries.stream()
                .sorted((one, other) -> Integer.compare(other.number(), one.number()))
                .toList();
        for (int i = 1; i < newestFirst.size(); i++) {
            if (newestFirst.get(i).number() == newestFirst.get(i - 1).number()) {
                throw new IllegalArgumentException(
                        "version number " + newestFirst.get(i).number() + " stands twice");
            }
        }
    }

    /** The versions, newest first; unmodifiable. */
    public List<Entry> entries() {
        return newestFirst;
    }

    /** The newest version that may wrap, if there is one. */
    public Optional<Entry> newestActive() {
        return newestFirst.stream().filter(Entry::active).findFirst();
    }

    /**
     * The version of that id.
     *
     * @param versionId 16 bytes, or more that begin with them; another length finds nothing
     */
    public Optional<Entry> findById(byte[] versionId) {
        if (versionId.length < WrappingKey.VERSION_ID_BYTES) {
            return Optional.empty();
        }
        return newestFirst.stream()
                .filter(entry -> entry.key().hasVersionId(versionId))
                .findFirst();
    }

    /** The version of that key check (8 bytes; another length finds nothing). */
    public Optional<Entry> findByCheck(byte[] check) {
        return check.length == WrappingKey.CHECK_BYTES ? findByCheck(check, 0) : Optional.empty();
    }

    /** Tells whether one of the versions can have made a recipient of kind {@link RecipientKind#IN_PROCESS}. */
    public boolean recognizes(Recipient recipient) {
        return find(recipient).isPresent();
    }

    /** Tells whether a recipient is of some key that wraps in the process, whosever it is. */
    public static boolean isOne(Recipient recipient) {
        return recipient.kind() == RecipientKind.IN_PROCESS.id()
                && recipient.id().length == WrappingKey.RECIPIENT_ID_BYTES;
    }

    /** Tells whether a recipient is of one of the versions, but not of the one that wraps now. */
    public boolean isOutdated(Recipient recipient) {
        Optional<Entry> found = find(recipient);
        return found.isPresent() && !found.equals(newestActive());
    }

    /** The number of the version that can have made a recipient of kind {@link RecipientKind#IN_PROCESS}. */
    public Optional<Integer> numberOf(Recipient recipient) {
        return find(recipient).map(Entry::number);
    }

    /**
     * Wraps a key under the newest active version, as a recipient of kind {@link RecipientKind#IN_PROCESS}.
     *
     * @param key 16 to 64 bytes; neither kept nor closed
     * @throws RefusedException if no version is active
     */
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        WrappingKey newest = newestActive()
                .orElseThrow(() -> new RefusedException(
                        ErrorCode.KMS_KEY_STATE_REFUSED,
                        "The key cannot wrap.",
                        "None of its versions is active.",
                        "Rotate the key, which makes an active version."))
                .key();
        return new Recipient(RecipientKind.IN_PROCESS.id(), newest.recipientId(), newest.wrap(key, binding));
    }

    /**
     * Unwraps a recipient of kind {@link RecipientKind#IN_PROCESS}.
     *
     * @return the key, which the caller closes
     * @throws AuthenticationFailedException if no version made it, or not so, or not under this binding
     */
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        Entry entry = find(recipient).orElseThrow(AuthenticationFailedException::new);
        byte[] versionId = Arrays.copyOf(recipient.id(), WrappingKey.VERSION_ID_BYTES);
        return entry.key().unwrap(recipient.wrap(), versionId, binding);
    }

    /** Closes every version. */
    @Override
    public void close() {
        newestFirst.forEach(entry -> entry.key().close());
    }

    private Optional<Entry> find(Recipient recipient) {
        return isOne(recipient) ? findByCheck(recipient.id(), WrappingKey.VERSION_ID_BYTES) : Optional.empty();
    }

    private Optional<Entry> findByCheck(byte[] bytes, int from) {
        return newestFirst.stream()
                .filter(entry -> entry.key().hasCheck(bytes, from))
                .findFirst();
    }
}
