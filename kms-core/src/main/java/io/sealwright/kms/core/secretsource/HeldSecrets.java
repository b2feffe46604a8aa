package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.passphrase.Passphrase;
import io.sealwright.kms.core.passphrase.PassphraseRing;
import io.sealwright.kms.core.wrapping.KeyRing;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersion.Form;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.WrapBinding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What one fetch gave, made ready: keys in a ring, of which the current one alone wraps, and passphrases. Immutable; what
 * the next fetch gives again goes over as it is, in use or not.
 */
final class HeldSecrets {
    private static final int CURRENT = 1_000;

    private final KeyRing keys;
    private final List<Passphrase> passphrases;
    private final @Nullable Passphrase current;

    private HeldSecrets(KeyRing keys, List<Passphrase> passphrases, @Nullable Passphrase current) {
        this.keys = keys;
        this.passphrases = List.copyOf(passphrases);
        this.current = current;
    }

    /**
     * Takes over what {@code before} has already.
     *
     * @param fetched neither kept nor closed
     */
    static HeldSecrets of(@Nullable HeldSecrets before, SecretVersions fetched) {
        Merge merge = new Merge(before);
        try {
            // The current one first: a version that stands in two places is the one that wraps.
            merge.add(fetched.current(), CURRENT);
            fetched.next().ifPresent(next -> merge.add(next, CURRENT + 1));
            int number = CURRENT;
            for (SecretVersion previous : fetched.previous()) {
                merge.add(previous, --number);
            }
            return new HeldSecrets(new KeyRing(merge.entries), merge.passphrases, merge.current);
        } catch (RuntimeException | Error e) {
            merge.fresh.forEach(WrappingKey::close);
            merge.freshPassphrases.forEach(Passphrase::close);
            throw e;
        }
    }

    private static final class Merge {
        private final @Nullable HeldSecrets before;
        private final List<KeyRing.Entry> entries = new ArrayList<>();
        private final List<Passphrase> passphrases = new ArrayList<>();
        private final List<WrappingKey> fresh = new ArrayList<>();
        private final List<Passphrase> freshPassphrases = new ArrayList<>();
        private @Nullable Passphrase current;

        Merge(@Nullable HeldSecrets before) {
            this.before = before;
        }

        void add(SecretVersion version, int number) {
            if (version.form() == Form.KEY) {
                addKey(version.secret(), number);
            } else {
                addPassphrase(version.secret(), number);
            }
        }

        private void addKey(SecretBytes secret, int number) {
            WrappingKey key = WrappingKey.bare(secret);
            fresh.add(key);
            byte[] check = key.check();
            if (entries.stream().anyMatch(entry -> Arrays.equals(entry.key().check(), check))) {
                key.close();
                return;
            }
            Optional<KeyRing.Entry> known = before == null ? Optional.empty() : before.keys.findByCheck(check);
            if (known.isPresent()) {
                key.close();
                key = known.get().key();
            }
            entries.add(new KeyRing.Entry(number, number == CURRENT, key));
        }

        private void addPassphrase(SecretBytes secret, int number) {
            if (passphrases.stream().anyMatch(passphrase -> passphrase.is(secret))) {
                return;
            }
            Optional<Passphrase> known = before == null
                    ? Optional.empty()
                    : before.passphrases.stream()
                            .filter(passphrase -> passphrase.is(secret))
                            .findFirst();
            Passphrase passphrase = known.orElseGet(() -> {
                Passphrase made = new Passphrase(secret);
                freshPassphrases.add(made);
                return made;
            });
            passphrases.add(passphrase);
            if (number == CURRENT) {
                current = passphrase;
            }
        }
    }

    boolean hasPassphrases() {
        return !passphrases.isEmpty();
    }

    /** Whether the current version, which wraps, is a passphrase. */
    boolean wrapsWithPassphrase() {
        return current != null;
    }

    boolean recognizes(Recipient recipient) {
        return keys.recognizes(recipient) || (hasPassphrases() && PassphraseRing.isOne(recipient));
    }

    boolean isOutdated(Recipient recipient, PassphraseRing stretched) {
        if (PassphraseRing.isOne(recipient)) {
            return hasPassphrases() && (current == null || stretched.isOutdated(current, recipient));
        }
        return keys.isOutdated(recipient);
    }

    Recipient wrap(SecretBytes key, WrapBinding binding, PassphraseRing stretched) {
        return current == null ? keys.wrap(key, binding) : stretched.wrap(current, key, binding);
    }

    SecretBytes unwrap(Recipient recipient, WrapBinding binding, PassphraseRing stretched) {
        return PassphraseRing.isOne(recipient)
                ? stretched.unwrap(passphrases, recipient, binding)
                : keys.unwrap(recipient, binding);
    }

    /** Whether the other one has the same versions in the same places. */
    boolean same(HeldSecrets other) {
        return keys.entries().equals(other.keys.entries())
                && passphrases.equals(other.passphrases)
                && current == other.current;
    }

    /** How many versions only open. */
    int others() {
        return keys.entries().size() + passphrases.size() - 1;
    }

    /** Wipes what the successor, if any, has not taken over. */
    void closeBut(@Nullable HeldSecrets successor, PassphraseRing stretched) {
        for (KeyRing.Entry entry : keys.entries()) {
            boolean kept = successor != null
                    && successor.keys.entries().stream().anyMatch(other -> other.key() == entry.key());
            if (!kept) {
                entry.key().close();
            }
        }
        for (Passphrase passphrase : passphrases) {
            if (successor == null || !successor.passphrases.contains(passphrase)) {
                passphrase.close();
                stretched.forget(passphrase);
            }
        }
    }

    @Override
    public String toString() {
        return "HeldSecrets[redacted]";
    }
}
