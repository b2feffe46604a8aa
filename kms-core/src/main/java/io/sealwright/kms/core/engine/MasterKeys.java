package io.sealwright.kms.core.engine;

import io.sealwright.kms.core.local.KmsHome;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.KeyManagerSettings;
import io.sealwright.kms.spi.KeyManagerSettings.MasterKeyChoice;
import io.sealwright.kms.spi.KeyManagerSettings.Role;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import java.util.ArrayList;
import java.util.List;

/** The manager's master keys: opened by the provider of their scheme, or given by the caller. */
final class MasterKeys implements AutoCloseable {
    static final String EMBEDDED_URI = "local://default";

    private final List<MasterKey> wrapping = new ArrayList<>();
    private final List<MasterKey> opening = new ArrayList<>();

    private MasterKeys() {}

    static MasterKeys open(KeyManagerSettings settings) {
        MasterKeys keys = new MasterKeys();
        try {
            if (settings.embedded()) {
                keys.add(new MasterKeyChoice(Role.WRAP_AND_OPEN, EMBEDDED_URI, null), settings, true);
            }
            for (MasterKeyChoice choice : settings.masterKeys()) {
                keys.add(choice, settings, false);
            }
            keys.demandPassphraseAlone(settings);
            return keys;
        } catch (RuntimeException | Error e) {
            keys.close();
            throw e;
        }
    }

    /** The one key, made if it is missing. */
    static MasterKey bootstrap(KeyManagerSettings settings) {
        MasterKey key = opened(settings.masterKeys().get(0), settings, true);
        try {
            demandThere(key);
            return key;
        } catch (RuntimeException | Error e) {
            key.close();
            throw e;
        }
    }

    /** A provider that makes no keys opens one that is missing as well: only its first use would tell. */
    private static void demandThere(MasterKey key) {
        try {
            String unused = key.check();
        } catch (KeyNotFoundException e) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The master key " + key.uri() + " is not there, and cannot be made from here.",
                    e.why(),
                    e.remedy(),
                    e);
        }
    }

    private void add(MasterKeyChoice choice, KeyManagerSettings settings, boolean create) {
        if (opening.stream().anyMatch(key -> key.uri().equals(choice.uri()))) {
            throw new ConfigurationException(
                    "The master key " + choice.uri() + " is given twice.",
                    "embedded() has it already.",
                    "Leave one of the two out.");
        }
        MasterKey key = choice.key() != null ? choice.key() : opened(choice, settings, create);
        opening.add(key);
        if (choice.role() == Role.WRAP_AND_OPEN) {
            wrapping.add(key);
        }
    }

    private static MasterKey opened(MasterKeyChoice choice, KeyManagerSettings settings, boolean create) {
        ProviderSettings told = new ProviderSettings(
                KmsHome.resolve(settings.home()),
                create,
                settings.deadline(),
                settings.time(),
                settings.variables(),
                settings.dataKeys(),
                settings.outage());
        return choice.source() != null
                ? new SecretMasterKey(choice.source(), settings.passphrases(), told)
                : MasterKeyProviders.find().open(MasterKeyUri.parse(choice.uri()), told, settings.passphrases());
    }

    /** A passphrase is guessed more easily than any key: who guesses it has what the other keys guard. */
    private void demandPassphraseAlone(KeyManagerSettings settings) {
        if (wrapping.size() < 2 || settings.passphraseBesideOthers()) {
            return;
        }
        for (MasterKey key : wrapping) {
            if (key instanceof SecretMasterKey secret && secret.onThisMachine() && secret.wrapsWithPassphrase()) {
                throw new ConfigurationException(
                        "The passphrase " + key.uri() + " would wrap beside other master keys.",
                        "Whoever guesses the passphrase then opens what the other keys guard.",
                        "Use a key instead of the passphrase, give one of the two to alsoOpenWith, or call"
                                + " allowPassphraseBesideOthers().");
            }
        }
    }

    /** Those that wrap, in order; empty for a decrypt-only manager. */
    List<MasterKey> wrapping() {
        return List.copyOf(wrapping);
    }

    /** All, in order. */
    List<MasterKey> opening() {
        return List.copyOf(opening);
    }

    /** The one of that URI that wraps. */
    MasterKey wrapping(String uri) {
        for (MasterKey key : wrapping) {
            if (key.uri().equals(uri)) {
                return key;
            }
        }
        throw new ConfigurationException(
                "'" + uri + "' is not one of this manager's master keys that wrap.",
                "They are: " + wrapping.stream().map(MasterKey::uri).toList() + ".",
                "Build the manager with .masterKey(...) or .alsoWrapWith(...) for it.");
    }

    /** The error of a manager that may not seal. */
    static RefusedException decryptOnly() {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "This key manager only decrypts.",
                "It was built with alsoOpenWith(...) alone, so no master key may wrap a data key.",
                "Build it with masterKey(...), or seal under a named key of its store.");
    }

    @Override
    public void close() {
        opening.forEach(MasterKey::close);
    }
}
