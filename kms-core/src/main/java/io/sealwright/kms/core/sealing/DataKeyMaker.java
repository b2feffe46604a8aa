package io.sealwright.kms.core.sealing;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.passphrase.PassphraseRing;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.provider.Standing;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.core.sealing.DataKey.Wrapper;
import io.sealwright.kms.core.sealing.RecipientPlan.Entry;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.core.sealing.RecipientPlan.NamedEntry;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
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

    /** Whether a direct key's named key still seals with the same version, which is in memory. Does not block. */
    boolean goesOn(RecipientPlan plan, DataKey key) {
        Optional<HeldVersion> held =
                namedKeys().sealingIfHeld(((NamedEntry) plan.entries().get(0)).name());
        if (held.isEmpty()
                || !key.derivesFrom(held.get().id())
                || !key.serves(parameters.time().now())) {
            return false;
        }
        key.lookAgain();
        return true;
    }

    /**
     * Makes a key; may block.
     *
     * @param before the one that it follows, if there is one that works: then this is its check
     */
    DataKey make(RecipientPlan plan, EncryptionContext context, @Nullable DataKey before) {
        // The age counts from before the providers were asked: what they answered was true then.
        long begun = parameters.time().now();
        if (plan.direct()) {
            return present(
                    ((NamedEntry) plan.entries().get(0)).name(),
                    version -> DataKey.direct(
                            parameters, SecretBytes.owning(version.wrappingKey().directRoot()), context, version));
        }
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, context);
        List<Recipient> recipients = new ArrayList<>(plan.entries().size());
        List<HeldVersion> versions = new ArrayList<>();
        List<Wrapper> wrappers = new ArrayList<>();
        SecretBytes root = null;
        try {
            for (Entry entry : plan.entries()) {
                if (entry instanceof MasterEntry master) {
                    MasterKey key = master.key();
                    if (root == null) {
                        GeneratedKey generated = generate(key, binding, before);
                        root = generated.key();
                        recipients.add(generated.recipient());
                    } else {
                        recipients.add(wrap(key, root, binding, before));
                    }
                    wrappers.add(new Wrapper(key, key.versionOf(recipients.get(recipients.size() - 1))));
                } else {
                    if (root == null) {
                        root = SecretBytes.owning(parameters.salts().fresh(ROOT_BYTES));
                    }
                    SecretBytes material = root;
                    recipients.add(present(((NamedEntry) entry).name(), version -> {
                        Recipient recipient = wrap(version, material, binding);
                        versions.add(version);
                        return recipient;
                    }));
                }
            }
            if (root == null) {
                throw new IllegalStateException("a plan has an entry");
            }
            demandPassphraseAlone(recipients);
            return DataKey.envelope(parameters, root, context, recipients, begun, versions, wrappers);
        } catch (RuntimeException | Error e) {
            if (root != null) {
                root.close();
            }
            throw e;
        }
    }

    /**
     * A passphrase is guessed more easily than any key: who guesses it has what the other keys guard.
     *
     * @throws RefusedException if one of the recipients is a passphrase, and there are others, and that is not allowed
     */
    public void demandPassphraseAlone(List<Recipient> recipients) {
        boolean passphrase = recipients.stream().anyMatch(PassphraseRing::isOne);
        if (passphrase && recipients.size() > 1 && !passphraseBesideOthers) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "A message is not sealed for a passphrase and for other keys at once.",
                    "Whoever guesses the passphrase would have what the other keys guard.",
                    "Name the passphrase alone, or build the manager with allowPassphraseBesideOthers().");
        }
    }

    private GeneratedKey generate(MasterKey key, WrapBinding binding, @Nullable DataKey before) {
        GeneratedKey generated = ask(
                key,
                Operation.GENERATE,
                binding,
                before,
                standing -> calls.invoke(key, Operation.GENERATE, standing, () -> key.generate(binding)));
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

    private Recipient wrap(MasterKey key, SecretBytes root, WrapBinding binding, @Nullable DataKey before) {
        Recipient recipient = ask(
                key,
                Operation.WRAP,
                binding,
                before,
                standing -> calls.invoke(key, Operation.WRAP, standing, () -> key.wrap(root, binding)));
        demandOwn(key, recipient);
        return recipient;
    }

    /** Asks; a definite no to a question of our own making ends what the key gave. */
    private <T> T ask(
            MasterKey key,
            Operation operation,
            WrapBinding binding,
            @Nullable DataKey before,
            Function<Standing, T> question) {
        try {
            return question.apply(before == null ? Standing.NEW : Standing.PROVEN);
        } catch (KmsException e) {
            if (Verdicts.isDefiniteNo(e)) {
                String version = before == null
                        ? null
                        : before.wrappers().stream()
                                .filter(wrapper -> wrapper.key().equals(key))
                                .map(Wrapper::version)
                                .findFirst()
                                .orElse(null);
                calls.verdicts().said(e, key, operation, version, binding.context());
            }
            throw e;
        }
    }

    /** Tells of keys that serve although their master keys do not answer. */
    void servesUnanswered(RecipientPlan plan) {
        for (Entry entry : plan.entries()) {
            if (entry instanceof MasterEntry master && calls.silent(master.key())) {
                calls.outages().serving(master.key().uri());
            }
        }
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
