package io.sealwright.kms.spi;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every version of a secret that its store still gives, as of one moment. The current one wraps and unwraps, all others
 * only unwrap: the previous ones what was sealed before a rotation, the next one what processes seal that have rotated
 * already. Closing wipes all.
 */
public final class SecretVersions implements AutoCloseable {
    /** The most versions that are looked at, the current one included. */
    public static final int MOST = 100;

    private final String revision;
    private final SecretVersion current;
    private final List<SecretVersion> previous;
    private final Optional<SecretVersion> next;
    private final @Nullable String description;
    private final @Nullable Instant created;

    /** As the other, of a secret whose owner wrote nothing beside the key. */
    public SecretVersions(
            String revision, SecretVersion current, List<SecretVersion> previous, Optional<SecretVersion> next) {
        this(revision, current, previous, next, null, null);
    }

    /**
     * Takes all versions over.
     *
     * @param revision differs after every change of the secret: what {@link SecretSource#write} compares; no secret
     * @param current the one that wraps
     * @param previous older ones, newest first; at most 99 with the next
     * @param next the one that will wrap soon, if it is there already
     * @param description what the secret's owner wrote there, for people; null if nothing
     * @param created when the key was made, as the secret's owner wrote it there, which may be before the store had it; null
     *     if not
     * @throws IllegalArgumentException if there are more than {@link #MOST}
     */
    public SecretVersions(
            String revision,
            SecretVersion current,
            List<SecretVersion> previous,
            Optional<SecretVersion> next,
            @Nullable String description,
            @Nullable Instant created) {
        this.revision = Objects.requireNonNull(revision, "revision");
        this.current = Objects.requireNonNull(current, "current");
        this.previous = List.copyOf(previous);
        this.next = Objects.requireNonNull(next, "next");
        this.description = description;
        this.created = created;
        if (1 + previous.size() + (next.isPresent() ? 1 : 0) > MOST) {
            throw new IllegalArgumentException("a secret may have " + MOST + " versions, not more");
        }
    }

    /** What a compare-and-set compares. */
    public String revision() {
        return revision;
    }

    /** The one that wraps. */
    public SecretVersion current() {
        return current;
    }

    /** Older ones, newest first; unmodifiable. */
    public List<SecretVersion> previous() {
        return previous;
    }

    /** The one that will wrap soon. */
    public Optional<SecretVersion> next() {
        return next;
    }

    /** What the secret's owner wrote there. */
    public Optional<String> description() {
        return Optional.ofNullable(description);
    }

    /** When the key was made, as the secret's owner wrote it there. */
    public Optional<Instant> created() {
        return Optional.ofNullable(created);
    }

    @Override
    public void close() {
        current.close();
        previous.forEach(SecretVersion::close);
        next.ifPresent(SecretVersion::close);
    }

    @Override
    public String toString() {
        return "SecretVersions[" + (1 + previous.size() + (next.isPresent() ? 1 : 0)) + ", redacted]";
    }
}
