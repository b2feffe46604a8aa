package io.sealwright.kms.spi;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.KeyManagerSettings.MasterKeyChoice;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The engine behind the facade; {@code kms-core} has the one there is. Found by {@link ServiceLoader}. */
public interface KeyManagerEngine {
    /** Makes a manager. */
    KeyManager create(KeyManagerSettings settings);

    /**
     * Reads every setting of {@code docs/CONFIGURATION.md} and sets on the builder those that are there.
     *
     * @param target a builder on which nothing is set
     * @param variables the environment
     * @param properties gives a system property's value, or null
     * @param wanted what is not set elsewhere
     * @throws ConfigurationException if a setting is missing, malformed, or contradicts another; names the variable
     */
    void configure(
            KeyManagerBuilder target, Variables variables, UnaryOperator<@Nullable String> properties, Wanted wanted);

    /**
     * What {@link #configure} is to find.
     *
     * @param masterKey whether a master key must be named
     * @param store whether the store is to be opened if one is named
     */
    record Wanted(boolean masterKey, boolean store) {}

    /**
     * The master key's URI as the environment names it; opens nothing.
     *
     * @throws ConfigurationException as {@link #configure} does
     */
    String masterKeyOf(Variables variables, UnaryOperator<@Nullable String> properties);

    /**
     * The master keys that the environment names beside the first one, in order: those that wrap as well, then those that
     * only open. Opens nothing.
     *
     * @param first URI of the first one: {@link #masterKeyOf}, or what stands for it where the environment names none
     * @throws ConfigurationException if one is no URI, or is given twice; names the variable
     */
    List<MasterKeyChoice> otherMasterKeysOf(
            Variables variables, UnaryOperator<@Nullable String> properties, String first);

    /**
     * Opens a master key, made if it is missing and its provider can make it: a key file, a file that {@code X_FILE} names, a
     * secret in a store, a key on a token. Asks the key's {@link MasterKey#check()} whether it is there.
     *
     * @param settings those of a manager; {@code masterKeys} holds the one key
     * @return the key, which the caller closes
     * @throws io.sealwright.kms.error.RefusedException if it is missing and cannot be made from here; says how
     * @throws io.sealwright.kms.error.KmsException as the provider answers
     */
    MasterKey bootstrap(KeyManagerSettings settings);

    /** Reads a header without any key. */
    MessageInfo inspect(byte[] message);

    /**
     * Which master keys wrap a store's own key, read without any key; unverified.
     *
     * @param storeKey as {@link NamedKeyStore#storeKey()} returns it
     * @throws io.sealwright.kms.error.StoreException with code KMS_STORE_CORRUPT if it is no such record
     */
    List<RecipientInfo> inspectStoreKey(byte[] storeKey);

    /**
     * Finds the engine: by this library's class loader, then by the thread's.
     *
     * @throws ConfigurationException if there is none
     */
    static KeyManagerEngine find() {
        Optional<KeyManagerEngine> own = ServiceLoader.load(
                        KeyManagerEngine.class, KeyManagerEngine.class.getClassLoader())
                .findFirst();
        return own.or(() -> ServiceLoader.load(KeyManagerEngine.class).findFirst())
                .orElseThrow(() -> new ConfigurationException(
                        "No engine was found.",
                        "kms-api is on the class path, but kms-core is not.",
                        "Add the dependency io.sealwright:kms-core."));
    }
}
