package io.sealwright.kms.core.sealing;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.passphrase.PassphraseRing;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.sealing.RecipientPlan.Entry;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.core.sealing.RecipientPlan.NamedEntry;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes data keys: asks the first recipient for one (or draws it), has the others wrap it. May block. */
public final class DataKeyMaker {
    private static final int ROOT_BYTES = 32;

    /** A direct key asks this often whether its named key has a newer version; a look in memory. */
    private static final long DIRECT_CHECK_NANOS = 1_000_000_000L;

    private final SealingParameters parameters;
    private final ProviderCalls calls;
    private final @Nullable NamedKeyRing namedKeys;
    private final boolean passphraseBesideOthers;

    public DataKeyMaker(
            SealingParameters parameters,
            ProviderCalls calls,
            @Nullable NamedKeyRing namedKeys,
            boolean passphraseBesideOthers) {
        this.passphraseBesideOthers = passphraseBesideOthers;
        this.parameters = parameters;
        this.calls = calls;
        this.namedKeys = namedKeys;
    }

    /** The error of a manager without a store. */
    public static ConfigurationException noStore() {
        return new ConfigurationException(
                "This key manager has no named keys.",
                "It was built without a store, or by embedded() where kms-store-jdbc or the SQLite driver is missing.",
                "Add the dependencies io.sealwright:kms-store-jdbc and org.xerial:sqlite-jdbc; then use"
                        + " KeyManager.embedded(), or give the builder a store, as .store(JdbcKeyStore.sqlite(path)).");
    }

    private NamedKeyRing namedKeys() {
        if (namedKeys == null) {
            throw noStore();
        }
        return namedKeys;
    }

    /** Whether making a key for this plan may wait for a network, a file or a store. */
    boolean blocks(RecipientPlan plan) {
        for (Entry entry : plan.entries()) {
            boolean blocks = entry instanceof MasterEntry master
                    ? !master.key().inProcess()
                    : namedKeys().sealingIfHeld(((NamedEntry) entry).name()).isEmpty();
            if (blocks) {
                return true;
            }
        }
        return false;
    }

    /** Moves a direct key's end if its named key still seals with the same version. Does not block. */
    boolean extended(RecipientPlan plan, DataKey key) {
        Optional<HeldVersion> held =
                namedKeys().sealingIfHeld(((NamedEntry) plan.entries().get(0)).name());
        long now = parameters.time().now();
        if (held.isEmpty() || !key.derivesFrom(held.get().id()) || held.get().expiresAt() - now <= 0) {
            return false;
        }
        key.extendTo(held.get().expiresAt(), now + DIRECT_CHECK_NANOS);
        return true;
    }

    /** Makes a key; may block. */
    DataKey make(RecipientPlan plan, EncryptionContext context) {
        // The age counts from before the providers were asked: what they answered was true then.
        long begun = parameters.time().now();
        if (plan.direct()) {
            return present(
                    ((NamedEntry) plan.entries().get(0)).name(),
                    version -> DataKey.direct(
                            parameters,
                            SecretBytes.owning(version.wrappingKey().directRoot()),
                            context,
                            version.id(),
                            begun,
                            DIRECT_CHECK_NANOS,
                            version.expiresAt() - begun));
        }
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, context);
        List<Recipient> recipients = new ArrayList<>(plan.entries().size());
        SecretBytes root = null;
        try {
            for (Entry entry : plan.entries()) {
                if (root == null) {
                    GeneratedKey generated = generate(entry, binding);
                    root = generated.key();
                    recipients.add(generated.recipient());
                } else {
                    recipients.add(wrap(entry, root, binding));
                }
            }
            if (root == null) {
                throw new IllegalStateException("a plan has an entry");
            }
            demandPassphraseAlone(recipients);
            return DataKey.envelope(
                    parameters,
                    root,
                    context,
                    recipients,
                    begun,
                    parameters.policy().maxAge().toNanos());
        } catch (RuntimeException | Error e) {
            if (root != null) {
                root.close();
            }
            throw e;
        }
    }

    /** A passphrase is guessed more easily than any key: who guesses it has what the other keys guard. */
    private void demandPassphraseAlone(List<Recipient> recipients) {
        boolean passphrase = recipients.stream().anyMatch(PassphraseRing::isOne);
        if (passphrase && recipients.size() > 1 && !passphraseBesideOthers) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "A message is not sealed for a passphrase and for other keys at once.",
                    "Whoever guesses the passphrase would have what the other keys guard.",
                    "Name the passphrase alone, or build the manager with allowPassphraseBesideOthers().");
        }
    }

    private GeneratedKey generate(Entry entry, WrapBinding binding) {
        if (entry instanceof MasterEntry master) {
            MasterKey key = master.key();
            GeneratedKey generated = calls.invoke(key, Operation.GENERATE, () -> key.generate(binding));
            try {
                if (generated.key().length() != ROOT_BYTES) {
                    throw lied(key, "a data key of " + generated.key().length() + " bytes instead of 32");
                }
                demandOwn(key, generated.recipient());
                return generated;
            } catch (RuntimeException | Error e) {
                generated.close();
                throw e;
            }
        }
        SecretBytes fresh = SecretBytes.owning(parameters.salts().fresh(ROOT_BYTES));
        try {
            return new GeneratedKey(fresh, wrap(entry, fresh, binding));
        } catch (RuntimeException | Error e) {
            fresh.close();
            throw e;
        }
    }

    private Recipient wrap(Entry entry, SecretBytes root, WrapBinding binding) {
        if (entry instanceof MasterEntry master) {
            return wrap(calls, master.key(), root, binding);
        }
        return present(((NamedEntry) entry).name(), version -> wrap(version, root, binding));
    }

    /** Uses the sealing version; one that was wiped between look-up and use is looked up once more, which says why. */
    private <T> T present(String name, Function<HeldVersion, T> use) {
        try {
            return use.apply(namedKeys().sealing(name));
        } catch (ClosedException e) {
            return use.apply(namedKeys().sealing(name));
        }
    }

    /** The recipient entry of a master key, which has to know it again. */
    public static Recipient wrap(ProviderCalls calls, MasterKey key, SecretBytes root, WrapBinding binding) {
        Recipient recipient = calls.invoke(key, Operation.WRAP, () -> key.wrap(root, binding));
        demandOwn(key, recipient);
        return recipient;
    }

    /** The recipient entry of a named key's version. */
    public static Recipient wrap(HeldVersion version, SecretBytes root, WrapBinding binding) {
        return new Recipient(
                RecipientKind.NAMED_KEY.id(),
                version.wrappingKey().recipientId(),
                version.wrappingKey().wrap(root, binding));
    }

    /** A key that would not know its own wrap again would make messages that nobody opens. */
    private static void demandOwn(MasterKey key, Recipient recipient) {
        if (!key.recognizes(recipient)) {
            throw lied(key, "a wrap that it does not recognise as its own");
        }
    }

    private static UnavailableException lied(MasterKey key, String what) {
        return new UnavailableException(
                "The provider gave no usable answer: " + key.uri() + ".",
                "It returned " + what + ".",
                "Check the provider and whatever stands between; nothing was sealed.");
    }
}
