package io.sealwright.kms.core.passphrase;

import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Argon2id;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Wraps under a passphrase, as recipients of kind {@link RecipientKind#PASSPHRASE}: id of the stretched key (version id
 * and key check), then in the wrap how it was stretched and what XAES-256-GCM made. One salt for the life of the
 * ring, so that all its wraps take one derivation. Safe for concurrent use; calls take up to seconds.
 */
public final class PassphraseRing implements AutoCloseable {
    private final Stretching own;
    private final Stretcher stretcher;

    /** Draws the salt. */
    public PassphraseRing(PassphrasePolicy policy) {
        this(policy, new Stretcher());
    }

    /** For tests: Argon2id as given. */
    PassphraseRing(PassphrasePolicy policy, Supplier<Optional<Argon2id>> argon2id) {
        this(policy, new Stretcher(argon2id));
    }

    private PassphraseRing(PassphrasePolicy policy, Stretcher stretcher) {
        byte[] salt = new byte[Stretching.SALT_BYTES];
        new CloneSafeRandom().nextBytes(salt);
        this.own = new Stretching(policy, salt);
        this.stretcher = stretcher;
    }

    /** Tells whether a recipient is one of a passphrase at all; which passphrase cannot be seen. */
    public static boolean isOne(Recipient recipient) {
        return recipient.kind() == RecipientKind.PASSPHRASE.id()
                && recipient.id().length == WrappingKey.RECIPIENT_ID_BYTES;
    }

    /**
     * Wraps a key.
     *
     * @param key 16 to 64 bytes; neither kept nor closed
     */
    public Recipient wrap(Passphrase passphrase, SecretBytes key, WrapBinding binding) {
        return stretcher.with(
                passphrase,
                own,
                stretched -> new Recipient(
                        RecipientKind.PASSPHRASE.id(),
                        stretched.recipientId(),
                        own.before(stretched.wrap(key, binding))));
    }

    /**
     * Unwraps with the first passphrase that opens. Parameters outside the limits are refused before any work.
     *
     * @return the key, which the caller closes
     * @throws AuthenticationFailedException if none opens it, or not under this binding
     * @throws UnavailableException if it takes Argon2id, and {@code kms-argon2} is not there
     */
    public SecretBytes unwrap(List<Passphrase> passphrases, Recipient recipient, WrapBinding binding) {
        byte[] wrap = recipient.wrap();
        Optional<Stretching> stretching = isOne(recipient) ? Stretching.of(wrap) : Optional.empty();
        if (stretching.isEmpty()) {
            throw new AuthenticationFailedException();
        }
        byte[] versionId = Arrays.copyOf(recipient.id(), WrappingKey.VERSION_ID_BYTES);
        byte[] inner = Arrays.copyOfRange(wrap, Stretching.ENCODED_BYTES, wrap.length);
        for (Passphrase passphrase : passphrases) {
            try {
                return stretcher.with(
                        passphrase, stretching.get(), stretched -> stretched.unwrap(inner, versionId, binding));
            } catch (AuthenticationFailedException e) {
                // Another of them may be the one.
            } catch (ConfigurationException e) {
                // Not "does not open": with what is missing, it may.
                throw new UnavailableException(e.what(), e.why(), e.remedy(), e);
            }
        }
        throw new AuthenticationFailedException();
    }

    /**
     * Tells whether a recipient is not what {@link #wrap} would make with that passphrase now: stretched from another one,
     * or otherwise. Derives nothing: where the key is not at hand it may be another one's, and true is the answer that loses
     * nothing. After an {@link #unwrap} that was given this passphrase first, the answer is exact.
     */
    public boolean isOutdated(Passphrase current, Recipient recipient) {
        Optional<Stretching> stretching = Stretching.of(recipient.wrap());
        if (stretching.isEmpty() || !stretching.get().policy().equals(own.policy())) {
            return true;
        }
        return stretcher
                .checkAtHand(current, stretching.get())
                .map(id -> !Arrays.equals(id, recipient.id()))
                .orElse(true);
    }

    /** Drops what was stretched from a passphrase. */
    public void forget(Passphrase passphrase) {
        stretcher.forget(passphrase);
    }

    @Override
    public void close() {
        stretcher.close();
    }
}
