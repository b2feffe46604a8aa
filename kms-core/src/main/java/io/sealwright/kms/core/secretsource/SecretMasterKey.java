package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.passphrase.PassphraseRing;
import io.sealwright.kms.core.provider.FetchedKey;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.wrapping.KeyRing;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.WrapBinding;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A master key of what a {@link SecretSource} gives. Fetched at the first call, kept, and fetched again in the background
 * from {@code refreshAfter} on; past {@code maxAge} it serves only after a look of its own found no answer, inside the
 * window of {@link io.sealwright.kms.OutagePolicy} counted from the last success, and nobody waits meanwhile. A definite
 * no wipes it at once. Recognised by key check alone, so that renaming a variable or a secret orphans nothing.
 */
public final class SecretMasterKey implements MasterKey, FetchedKey {
    private static final int KEY_BYTES = 32;

    private final SecretSource source;
    private final PassphraseRing stretched;
    private final FetchedSecrets fetched;
    private final long sealFor;
    private final long openFor;
    private final CloneSafeRandom random = new CloneSafeRandom();

    /**
     * Asks nothing yet.
     *
     * @param source closed with this key
     */
    public SecretMasterKey(SecretSource source, PassphrasePolicy passphrases, ProviderSettings settings) {
        this.source = source;
        this.stretched = new PassphraseRing(passphrases);
        this.fetched = new FetchedSecrets(source, stretched, settings);
        long maxAge = settings.dataKeys().maxAge().toNanos();
        this.sealFor = Math.max(maxAge, settings.outage().encryptFor().toNanos());
        this.openFor = Math.max(maxAge, settings.outage().decryptFor().toNanos());
    }

    @Override
    public String uri() {
        return source.uri();
    }

    /** Whether what is held serves without a look at the source, and without stretching a passphrase. */
    @Override
    public boolean inProcess() {
        HeldSecrets now = fetched.atHand(Math.min(sealFor, openFor));
        return now != null && !now.hasPassphrases();
    }

    @Override
    public boolean servesFromMemory(Operation operation) {
        long window = switch (operation) {
            case UNWRAP -> openFor;
            case GENERATE, WRAP -> sealFor;
            case REFRESH, CHECK, ROTATE -> 0;
        };
        return window > 0 && fetched.atHand(window) != null;
    }

    @Override
    public @Nullable KmsException takeEnd() {
        return fetched.takeEnd();
    }

    @Override
    public @Nullable UnavailableException unansweredJustNow() {
        return fetched.unansweredJustNow();
    }

    @Override
    public long confirmedAt() {
        return fetched.confirmedAt();
    }

    @Override
    public @Nullable UnavailableException unanswered() {
        return fetched.unanswered();
    }

    /** False while nothing has been fetched: the engine then has it refreshed, and asks once more. */
    @Override
    public boolean recognizes(Recipient recipient) {
        HeldSecrets now = fetched.held();
        return now != null && now.recognizes(recipient);
    }

    @Override
    public boolean mightRecognize(Recipient recipient) {
        return !isHeld() && isOfASecret(recipient);
    }

    @Override
    public boolean mightBeNewer(Recipient recipient) {
        return isHeld() && isOfASecret(recipient) && !recognizes(recipient);
    }

    private static boolean isOfASecret(Recipient recipient) {
        return KeyRing.isOne(recipient) || PassphraseRing.isOne(recipient);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        HeldSecrets now = fetched.held();
        return now != null && now.isOutdated(recipient, stretched);
    }

    /** Tells whether a look in the background is due. Does not block. */
    public boolean isDue() {
        return fetched.isDue();
    }

    /** Tells whether looks at the source stay on this machine. */
    public boolean onThisMachine() {
        return source.onThisMachine();
    }

    /** Tells whether a passphrase wraps; fetches it if that has not been done. May block. */
    public boolean wrapsWithPassphrase() {
        return fetched.secrets(sealFor).wrapsWithPassphrase();
    }

    @Override
    public boolean refresh() {
        return fetched.refresh();
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
        return fetched.using(sealFor, secrets -> secrets.wrap(key, binding, stretched));
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        return fetched.using(openFor, secrets -> secrets.unwrap(recipient, binding, stretched));
    }

    /** Asks the source, which tells what it is. */
    @Override
    public String check() {
        fetched.requireOpen();
        refresh();
        return source.check();
    }

    @Override
    public MasterKeyMetadata metadata() {
        fetched.requireOpen();
        try (SecretVersions there = source.fetch()) {
            return SecretFacts.of(uri(), there);
        }
    }

    /**
     * Puts a new key into the source, from where every process gets it. That it could not be read back at once is no failure.
     *
     * @return the new version's id, 32 hex digits
     */
    @Override
    public String rotate() {
        fetched.requireOpen();
        String revision;
        try (SecretVersions there = source.fetch()) {
            revision = there.revision();
        }
        String id = write(source, random, revision);
        try {
            refresh();
        } catch (CallInterruptedException e) {
            Thread.currentThread().interrupt(); // for whoever waits; the key is written
        } catch (RuntimeException e) {
            // It is written: whoever were told of a failure would rotate once more. The next fetch brings it.
        }
        return id;
    }

    /**
     * Puts a first key into a source that has none.
     *
     * @return whether it did; false if there is a key already, be it of another process in the same moment
     */
    public static boolean createIfMissing(SecretSource source) {
        try (SecretVersions there = source.fetch()) {
            return false;
        } catch (KeyNotFoundException e) {
            return createOrFind(source);
        }
    }

    private static boolean createOrFind(SecretSource source) {
        try {
            write(source, new CloneSafeRandom(), "");
            return true;
        } catch (StoreException e) {
            if (e.code() != ErrorCode.KMS_STORE_CONFLICT) {
                throw e;
            }
            try (SecretVersions there = source.fetch()) {
                return false;
            } catch (KeyNotFoundException deleted) {
                throw e; // something is there that gives no key, as a secret that was deleted
            }
        }
    }

    private static String write(SecretSource source, CloneSafeRandom random, String revision) {
        byte[] fresh = new byte[KEY_BYTES];
        random.nextBytes(fresh);
        try (SecretBytes key = SecretBytes.owning(fresh);
                WrappingKey derived = WrappingKey.bare(key)) {
            source.write(key, revision);
            return HexFormat.of().formatHex(derived.versionId());
        }
    }

    @Override
    public void close() {
        fetched.close();
        stretched.close();
        source.close();
    }

    @Override
    public String toString() {
        return "SecretMasterKey[" + uri() + "]";
    }

    /** Tells whether the source's versions are in memory, so that {@link #recognizes} can tell. */
    public boolean isHeld() {
        return fetched.held() != null;
    }
}
