package io.sealwright.kms;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.event.KmsEventListener;
import io.sealwright.kms.spi.BuilderChecks;
import io.sealwright.kms.spi.KeyManagerEngine;
import io.sealwright.kms.spi.KeyManagerSettings;
import io.sealwright.kms.spi.KeyManagerSettings.MasterKeyChoice;
import io.sealwright.kms.spi.KeyManagerSettings.Role;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Path;
import java.security.Provider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Collects the settings of a {@link KeyManager}. Each setter checks at once; one called twice is an error. Not safe for
 * concurrent use.
 */
public final class KeyManagerBuilder {
    /** Ten seconds: longer than a KMS takes on a bad day, shorter than a caller's patience. */
    public static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(10);

    /** Three: one lost packet or one restarting server is got over, and a provider in trouble is not flooded. */
    public static final int DEFAULT_RETRY_ATTEMPTS = 3;

    /** The most attempts allowed. */
    public static final int MOST_RETRY_ATTEMPTS = 10;

    private final List<MasterKeyChoice> masterKeys = new ArrayList<>();
    private @Nullable NamedKeyStore store;
    private DataKeyPolicy.@Nullable Builder dataKeys;
    private OutagePolicy.@Nullable Builder outage;
    private @Nullable Duration deadline;
    private @Nullable Integer retryAttempts;
    private @Nullable Suite suite;
    private @Nullable Executor providerExecutor;
    private @Nullable Executor chunkExecutor;
    private @Nullable Provider jcaProvider;
    private @Nullable TimeSource time;
    private @Nullable Path home;
    private @Nullable Boolean warmUp;
    private @Nullable Boolean schedule;
    private @Nullable Duration activateAfter;
    private @Nullable PassphrasePolicy passphrases;
    private @Nullable Boolean passphraseBesideOthers;
    private @Nullable Variables variables;
    private @Nullable UnaryOperator<@Nullable String> properties;
    private boolean embedded;
    private final List<KmsEventListener> listeners = new ArrayList<>();

    KeyManagerBuilder() {}

    /** Wraps data keys with this master key; the first one given makes them. */
    public KeyManagerBuilder masterKey(String uri) {
        return add(new MasterKeyChoice(Role.WRAP_AND_OPEN, Objects.requireNonNull(uri, "uri"), null));
    }

    /** As {@link #masterKey(String)}, with a key made by a provider's own typed entry; the manager closes it. */
    public KeyManagerBuilder masterKey(MasterKey key) {
        return add(new MasterKeyChoice(Role.WRAP_AND_OPEN, key.uri(), key));
    }

    /** Wraps each data key with this master key as well, so that any one of them opens. */
    public KeyManagerBuilder alsoWrapWith(String uri) {
        demandFirst();
        return masterKey(uri);
    }

    /** As {@link #alsoWrapWith(String)}, with a key made by a provider's own typed entry. */
    public KeyManagerBuilder alsoWrapWith(MasterKey key) {
        demandFirst();
        return masterKey(key);
    }

    /** Opens messages of this master key, but seals nothing under it. A manager with such keys alone is decrypt-only. */
    public KeyManagerBuilder alsoOpenWith(String uri) {
        return add(new MasterKeyChoice(Role.OPEN_ONLY, Objects.requireNonNull(uri, "uri"), null));
    }

    /** As {@link #alsoOpenWith(String)}, with a key made by a provider's own typed entry. */
    public KeyManagerBuilder alsoOpenWith(MasterKey key) {
        return add(new MasterKeyChoice(Role.OPEN_ONLY, key.uri(), key));
    }

    /** As {@link #masterKey(String)}, with a key of what a secret store keeps; the manager closes the source. */
    public KeyManagerBuilder masterKey(SecretSource source) {
        return add(new MasterKeyChoice(Role.WRAP_AND_OPEN, source.uri(), null, source));
    }

    /** As {@link #alsoOpenWith(String)}, with a key of what a secret store keeps; the manager closes the source. */
    public KeyManagerBuilder alsoOpenWith(SecretSource source) {
        return add(new MasterKeyChoice(Role.OPEN_ONLY, source.uri(), null, source));
    }

    /** Sets how passphrases are stretched; default PBKDF2-HMAC-SHA-512 with 600,000 iterations. Those in wraps open all. */
    public KeyManagerBuilder passphrases(PassphrasePolicy policy) {
        BuilderChecks.once("passphrases", passphrases);
        passphrases = Objects.requireNonNull(policy, "policy");
        return this;
    }

    /**
     * Lets a passphrase wrap beside other keys. Refused otherwise: whoever guesses the passphrase then has what the other
     * keys guard.
     */
    public KeyManagerBuilder allowPassphraseBesideOthers() {
        BuilderChecks.once("allowPassphraseBesideOthers", passphraseBesideOthers);
        passphraseBesideOthers = true;
        return this;
    }

    /**
     * Takes everything that is not set here from this process's system properties and environment variables, as
     * {@link KeyManager#fromEnvironment()} does. What is set here counts more than a property, which counts more than a
     * variable.
     */
    public KeyManagerBuilder fromEnvironment() {
        return fromEnvironment(Variables.ofProcess(), System::getProperty);
    }

    /** As {@link #fromEnvironment()}, from variables and properties of your own; for tests and tools. */
    public KeyManagerBuilder fromEnvironment(Variables variables, UnaryOperator<@Nullable String> properties) {
        BuilderChecks.once("fromEnvironment", this.variables);
        this.variables = Objects.requireNonNull(variables, "variables");
        this.properties = Objects.requireNonNull(properties, "properties");
        return this;
    }

    /**
     * Keeps named keys here. The manager closes it.
     *
     * @throws IllegalStateException if given twice
     */
    public KeyManagerBuilder store(NamedKeyStore store) {
        BuilderChecks.once("store", this.store);
        this.store = Objects.requireNonNull(store, "store");
        return this;
    }

    /** Sets how long and how far one data key is used. */
    public KeyManagerBuilder dataKeys(Consumer<DataKeyPolicy.Builder> settings) {
        BuilderChecks.once("dataKeys", dataKeys);
        DataKeyPolicy.Builder builder = DataKeyPolicy.builder();
        settings.accept(builder);
        builder.build(); // checks
        dataKeys = builder;
        return this;
    }

    /** Sets how long keys in memory go on serving while their provider or the store does not answer. */
    public KeyManagerBuilder outage(Consumer<OutagePolicy.Builder> settings) {
        BuilderChecks.once("outage", outage);
        OutagePolicy.Builder builder = OutagePolicy.builder();
        settings.accept(builder);
        builder.build(); // checks
        outage = builder;
        return this;
    }

    /** Sets the total time a provider call may take, all attempts included; default 10 seconds, 10 ms to 10 minutes. */
    public KeyManagerBuilder deadline(Duration deadline) {
        BuilderChecks.once("deadline", this.deadline);
        if (deadline.compareTo(Duration.ofMillis(10)) < 0 || deadline.compareTo(Duration.ofMinutes(10)) > 0) {
            throw new IllegalArgumentException("deadline must be 10 ms to 10 minutes, not " + deadline);
        }
        this.deadline = deadline;
        return this;
    }

    /**
     * Sets how often a provider is asked when it does not answer, the first time included; default 3, 1 to 10. All attempts
     * share the {@link #deadline}, with growing random pauses between them. What may have been done although no answer
     * came (a master key's rotation) is not repeated.
     */
    public KeyManagerBuilder retryAttempts(int attempts) {
        BuilderChecks.once("retryAttempts", retryAttempts);
        if (attempts < 1 || attempts > MOST_RETRY_ATTEMPTS) {
            throw new IllegalArgumentException(
                    "retryAttempts must be 1 to " + MOST_RETRY_ATTEMPTS + ", not " + attempts);
        }
        this.retryAttempts = attempts;
        return this;
    }

    /** Sets how bodies are encrypted: {@link Suite#AES_256_GCM}, the default, or {@link Suite#XAES_256_GCM}. */
    public KeyManagerBuilder suite(Suite suite) {
        BuilderChecks.once("suite", this.suite);
        if (suite != Suite.AES_256_GCM && suite != Suite.XAES_256_GCM) {
            throw new IllegalArgumentException("suite must be AES_256_GCM or XAES_256_GCM, not " + suite);
        }
        this.suite = suite;
        return this;
    }

    /**
     * Runs provider calls here instead of on daemon threads of the manager's own. Not shut down by it. It must begin tasks
     * at once: some wait for others, so a pool with few threads and a queue makes calls wait until their deadline.
     */
    public KeyManagerBuilder providerExecutor(Executor executor) {
        BuilderChecks.once("providerExecutor", providerExecutor);
        providerExecutor = Objects.requireNonNull(executor, "executor");
        return this;
    }

    /** Seals and opens chunks of large messages here instead of on daemon threads of the manager's own. */
    public KeyManagerBuilder chunkExecutor(Executor executor) {
        BuilderChecks.once("chunkExecutor", chunkExecutor);
        chunkExecutor = Objects.requireNonNull(executor, "executor");
        return this;
    }

    /** Takes AES-GCM from this JCA provider instead of the platform's first. */
    public KeyManagerBuilder jcaProvider(Provider provider) {
        BuilderChecks.once("jcaProvider", jcaProvider);
        jcaProvider = Objects.requireNonNull(provider, "provider");
        return this;
    }

    /** Takes time from here; for tests. */
    public KeyManagerBuilder timeSource(TimeSource source) {
        BuilderChecks.once("timeSource", time);
        time = Objects.requireNonNull(source, "source");
        return this;
    }

    /** Looks for {@code local://} keys in this folder; default as for {@link KeyManager#embedded()}. */
    public KeyManagerBuilder home(Path home) {
        BuilderChecks.once("home", this.home);
        this.home = Objects.requireNonNull(home, "home");
        return this;
    }

    /** Sets whether the path for large messages is compiled in the background at first use; default true. */
    public KeyManagerBuilder warmUp(boolean warmUp) {
        BuilderChecks.once("warmUp", this.warmUp);
        this.warmUp = warmUp;
        return this;
    }

    /**
     * Sets whether the manager does by itself what is due for the named keys of its store: rotations by schedule, and
     * destructions whose waiting period is over. Default true; of the managers that share a store one does it. See
     * {@link NamedKeys#doDueWork}.
     */
    public KeyManagerBuilder schedule(boolean schedule) {
        BuilderChecks.once("schedule", this.schedule);
        this.schedule = schedule;
        return this;
    }

    /**
     * Sets how long a new version of a named key only opens before it seals; default 0, at most 24 hours. For stores that
     * other processes read from replicas which lag: it must be longer than the lag, so that a message reaches nobody who
     * cannot find its key yet. It holds for rotations, by call and by schedule, that name no time themselves; not for new
     * keys, which {@link NamedKeys#create(String, KeySpec, KeyOptions)} gives a time.
     */
    public KeyManagerBuilder activateAfter(Duration delay) {
        BuilderChecks.once("activateAfter", this.activateAfter);
        if (delay.isNegative() || delay.compareTo(Duration.ofHours(24)) > 0) {
            throw new IllegalArgumentException("activateAfter must be 0 to 24 hours, not " + delay);
        }
        this.activateAfter = delay;
        return this;
    }

    /** Tells this listener of events; any number of listeners. */
    public KeyManagerBuilder listener(KmsEventListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /**
     * Adds {@code local://default}, made if it is missing, and, with {@code kms-store-jdbc} and a SQLite driver on the
     * class path, the store beside it, unless another is given.
     */
    public KeyManagerBuilder embedded() {
        if (embedded) {
            throw new IllegalStateException("embedded given twice");
        }
        embedded = true;
        return this;
    }

    /**
     * Makes the manager.
     *
     * @throws ConfigurationException if no master key is given, {@code kms-core} is missing, or the settings cannot be
     *     right together
     * @throws io.sealwright.kms.error.KeyNotFoundException if a local key is not there
     */
    public KeyManager build() {
        KeyManagerEngine engine = KeyManagerEngine.find();
        KeyManagerBuilder below = new KeyManagerBuilder();
        Variables environment = variables;
        UnaryOperator<@Nullable String> system = properties;
        if (environment != null && system != null) {
            boolean wantsKey = masterKeys.isEmpty() && !embedded;
            engine.configure(below, environment, system, new KeyManagerEngine.Wanted(wantsKey, store == null));
        }
        try {
            return engine.create(settings(below));
        } catch (RuntimeException | Error e) {
            if (below.store != null) {
                below.store.close(); // closing it twice does nothing
            }
            throw e;
        }
    }

    /**
     * Opens the one master key that was given, without a manager around it; made if it is missing and its provider can make
     * it, and never replaced. Asks the provider on the caller's thread, for at most a few of its calls' deadlines. For tools
     * that set up what applications then use.
     *
     * @return the key, which is there and which the caller closes
     * @throws ConfigurationException if not exactly one master key is given by its URI
     * @throws io.sealwright.kms.error.RefusedException if it is missing and cannot be made from here; says how
     * @throws io.sealwright.kms.error.KmsException as the provider answers the question whether the key is there
     *     ({@link MasterKey#check()}), and as it answers the request to make it
     */
    public MasterKey bootstrap() {
        if (masterKeys.size() != 1 || embedded) {
            throw new ConfigurationException(
                    "It is not clear which master key is to be made.",
                    masterKeys.size() + " are given.",
                    "Call masterKey(...) once, and not embedded().");
        }
        return KeyManagerEngine.find().bootstrap(settings(new KeyManagerBuilder()));
    }

    /** What is set here, what is not from {@code below}, and what is set nowhere by default. */
    private KeyManagerSettings settings(KeyManagerBuilder below) {
        List<MasterKeyChoice> chosen = masterKeys.isEmpty() && !embedded ? below.masterKeys : masterKeys;
        if (chosen.isEmpty() && !embedded) {
            throw new ConfigurationException(
                    "The manager has no master key.",
                    "Neither masterKey, alsoOpenWith nor embedded was called.",
                    "Call masterKey(\"local://default\"), or use KeyManager.embedded().");
        }
        DataKeyPolicy.Builder keys = dataKeys == null ? DataKeyPolicy.builder() : dataKeys;
        OutagePolicy.Builder windows = outage == null ? OutagePolicy.builder() : outage;
        List<KmsEventListener> told = new ArrayList<>(listeners);
        told.addAll(below.listeners);
        return new KeyManagerSettings(
                chosen,
                embedded,
                first(store, below.store),
                policy(() -> (below.dataKeys == null ? keys : keys.over(below.dataKeys)).build()),
                policy(() -> (below.outage == null ? windows : windows.over(below.outage)).build()),
                first(deadline, below.deadline, DEFAULT_DEADLINE),
                first(retryAttempts, below.retryAttempts, DEFAULT_RETRY_ATTEMPTS),
                first(suite, below.suite, Suite.AES_256_GCM),
                providerExecutor,
                chunkExecutor,
                first(jcaProvider, below.jcaProvider),
                time == null ? TimeSource.system() : time,
                first(home, below.home),
                first(warmUp, below.warmUp, true),
                first(schedule, below.schedule, true),
                first(activateAfter, below.activateAfter, Duration.ZERO),
                told,
                first(passphrases, below.passphrases, PassphrasePolicy.defaults()),
                first(passphraseBesideOthers, below.passphraseBesideOthers, false),
                variables == null ? Variables.ofProcess() : variables);
    }

    /** Bounds that come half from here and half from the environment may not fit each other. */
    private static <T> T policy(Supplier<T> policy) {
        try {
            return policy.get();
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException(
                    "The settings of the builder and of the environment do not fit together.",
                    e.getMessage() + ".",
                    "Correct one of the two, or set both in one place.",
                    e);
        }
    }

    private static <T> @Nullable T first(@Nullable T here, @Nullable T below) {
        return here != null ? here : below;
    }

    private static <T> T first(@Nullable T here, @Nullable T below, T fallback) {
        return here != null ? here : below != null ? below : fallback;
    }

    private KeyManagerBuilder add(MasterKeyChoice choice) {
        for (MasterKeyChoice other : masterKeys) {
            if (other.uri().equals(choice.uri())) {
                throw new IllegalStateException("master key given twice: " + choice.uri());
            }
        }
        masterKeys.add(choice);
        return this;
    }

    private void demandFirst() {
        if (masterKeys.stream().noneMatch(choice -> choice.role() == Role.WRAP_AND_OPEN) && !embedded) {
            throw new IllegalStateException("alsoWrapWith needs a masterKey before it");
        }
    }
}
