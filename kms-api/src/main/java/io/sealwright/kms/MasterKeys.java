package io.sealwright.kms;

import io.sealwright.kms.error.KmsException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The master keys of a manager, and what they wrap in its store. Rotating one takes two steps: {@link #rotate} makes a
 * version, and {@link #rewrapStored} puts what is stored under it. Old versions stay, so that messages that were sealed
 * before go on opening. Safe for concurrent use, also while other processes use the same store.
 */
public interface MasterKeys {
    /** The master keys as configured, in order. */
    List<String> uris();

    /**
     * Asks the provider of one master key what it tells about it. Takes at most the deadline.
     *
     * @param uri one of {@link #uris()}
     * @throws io.sealwright.kms.error.ConfigurationException if it is no master key of this manager
     * @throws KmsException as the provider answers: not found, denied, unavailable
     */
    MasterKeyMetadata metadata(String uri);

    /**
     * Makes a new version of one master key. From now on it wraps; older ones go on unwrapping. What is stored stays as
     * it is until {@link #rewrapStored}.
     *
     * @param uri one of {@link #uris()}
     * @return the new version's id
     * @throws io.sealwright.kms.error.RefusedException if the key's provider cannot rotate it
     * @throws io.sealwright.kms.error.ConfigurationException if it is no master key of this manager
     */
    String rotate(String uri);

    /**
     * Puts everything in the store (its own key, and every version of every key) under the newest versions of the
     * master keys that wrap in this manager. Each key is one transaction; one that is newest already is left alone, so
     * that a run that was killed is finished by the next. What cannot be re-wrapped is reported, stays as it was, and
     * does not stop the others.
     *
     * <p>A new wrap is unwrapped and compared before it is stored, and before any other is dropped. Dropped are older
     * wraps by the same master key, and wraps by keys that only open here; wraps by keys that this manager does not know
     * stay.
     *
     * @param progress told after each key, on this thread
     * @throws KmsException if the store itself does not answer, or has no key to begin with
     */
    Rewrapped rewrapStored(Progress progress);

    /**
     * Reads everything in the store, checks it, and opens every wrap that a configured master key made. Changes nothing.
     *
     * @param progress told after each key, on this thread
     * @throws KmsException if the store itself does not answer
     */
    Examined examineStored(Progress progress);

    /**
     * Tries every operation of every master key with a key that is thrown away. Does not throw for what it finds; takes
     * at most the deadline for each.
     */
    List<Probe> probe();

    /** Is told how far the work is. */
    @FunctionalInterface
    interface Progress {
        /** Tells nobody. */
        Progress NONE = (done, all) -> {};

        /** So many of all keys are done; the store's own key is one of them. */
        void at(int done, int all);
    }

    /**
     * What {@link #rewrapStored} did. Keys are counted, not versions; the store's own key is one, if there is one.
     *
     * @param done how many were put under the newest versions
     * @param alreadyNewest how many were there already
     * @param failed what could not be done
     */
    record Rewrapped(int done, int alreadyNewest, List<Problem> failed) {
        /** Copies the list. */
        public Rewrapped {
            failed = List.copyOf(failed);
        }
    }

    /**
     * What {@link #examineStored} found. Keys are counted as in {@link Rewrapped}.
     *
     * @param keys how many there are
     * @param outdated how many of them {@link #rewrapStored} would change
     * @param uses which versions of the configured master keys wrap what is stored; a version that is not here can be
     *     retired as far as this store is concerned
     * @param unknown how many wraps no configured master key made
     * @param problems what is damaged, or does not open
     */
    record Examined(int keys, int outdated, List<Use> uses, int unknown, List<Problem> problems) {
        /** Copies the lists. */
        public Examined {
            uses = List.copyOf(uses);
            problems = List.copyOf(problems);
        }
    }

    /**
     * One version of a master key that wraps something.
     *
     * @param masterKey its URI
     * @param version the version as the provider calls it
     * @param newest whether it is the one that wraps now
     * @param wraps how many wraps it made
     */
    record Use(String masterKey, String version, boolean newest, int wraps) {}

    /**
     * Something that did not work.
     *
     * @param subject which key, for people
     * @param error why, and what to do
     */
    record Problem(String subject, KmsException error) {
        /** Checks that both are there. */
        public Problem {
            Objects.requireNonNull(subject, "subject");
            Objects.requireNonNull(error, "error");
        }
    }

    /**
     * One operation that was tried.
     *
     * @param masterKey the URI
     * @param operation check, generate, wrap or unwrap
     * @param error why it failed, or null
     */
    record Probe(
            String masterKey, String operation, @Nullable KmsException error) {}
}
