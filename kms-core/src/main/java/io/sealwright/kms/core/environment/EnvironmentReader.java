package io.sealwright.kms.core.environment;

import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.PassphrasePolicy.Kdf;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.KeyManagerEngine.Wanted;
import io.sealwright.kms.spi.KeyManagerSettings.MasterKeyChoice;
import io.sealwright.kms.spi.KeyManagerSettings.Role;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.spi.StoreProvider;
import io.sealwright.kms.spi.Variables;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.Provider;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads the table of settings and puts what is set on a builder. Everything is checked before anything is opened. */
public final class EnvironmentReader {
    private final KeyManagerBuilder target;
    private final Sources sources;

    private EnvironmentReader(KeyManagerBuilder target, Sources sources) {
        this.target = target;
        this.sources = sources;
    }

    /**
     * Reads everything.
     *
     * @param target a builder on which nothing is set
     * @throws ConfigurationException if a setting is missing, malformed, or contradicts another; names the variable
     */
    public static void read(
            KeyManagerBuilder target, Variables variables, UnaryOperator<@Nullable String> properties, Wanted wanted) {
        EnvironmentReader reader = new EnvironmentReader(target, new Sources(variables, properties));
        // Each, whether it is used or not: a value that is wrong stops the start.
        for (Setting<?> setting : Settings.ALL) {
            if (!setting.secret()) {
                Object unused = reader.sources.find(setting);
            }
        }
        if (wanted.masterKey()) {
            reader.masterKeys();
        }
        reader.calls();
        reader.dataKeys();
        reader.messages();
        reader.namedKeys();
        reader.passphrases();
        if (wanted.store()) {
            reader.store();
        }
    }

    /**
     * The master key's URI as the environment names it.
     *
     * @throws ConfigurationException if none is named, or what names it is malformed
     */
    public static String masterKey(Variables variables, UnaryOperator<@Nullable String> properties) {
        return new MasterKeyNames(new Sources(variables, properties)).uri();
    }

    /**
     * The master keys that are named beside the first, in order.
     *
     * @throws ConfigurationException if one is no URI, or is given twice
     */
    public static List<MasterKeyChoice> otherMasterKeys(
            Variables variables, UnaryOperator<@Nullable String> properties, String first) {
        return new MasterKeyNames(new Sources(variables, properties)).others(first);
    }

    private void masterKeys() {
        MasterKeyNames names = new MasterKeyNames(sources);
        String first = names.uri();
        target.masterKey(first);
        for (MasterKeyChoice other : names.others(first)) {
            if (other.role() == Role.WRAP_AND_OPEN) {
                target.alsoWrapWith(other.uri());
            } else {
                target.alsoOpenWith(other.uri());
            }
        }
    }

    private void calls() {
        sources.find(Settings.DEADLINE).ifPresent(found -> target.deadline(found.value()));
        sources.find(Settings.RETRY_ATTEMPTS)
                .ifPresent(found -> target.retryAttempts(found.value().intValue()));
        sources.find(Settings.DEBUG).filter(Found::value).ifPresent(found -> target.listener(new DebugListener()));
        sources.find(Settings.HOME).ifPresent(found -> target.home(path(found)));
    }

    private static Path path(Found<String> found) {
        try {
            return Path.of(found.value());
        } catch (InvalidPathException e) {
            throw new ConfigurationException(
                    found.where() + " is no path.",
                    "This system does not allow its value as the name of a folder.",
                    "Set it to a folder of your own, such as /var/lib/sealwright.",
                    e);
        }
    }

    private void dataKeys() {
        List<Found<?>> bounds = new ArrayList<>();
        Optional<Found<java.time.Duration>> age = noted(bounds, Settings.MAX_AGE);
        Optional<Found<java.time.Duration>> refresh = noted(bounds, Settings.REFRESH_AFTER);
        Optional<Found<Long>> messages = noted(bounds, Settings.MAX_MESSAGES);
        Optional<Found<Long>> bytes = noted(bounds, Settings.MAX_BYTES);
        Optional<Found<Long>> epochs = noted(bounds, Settings.MAX_EPOCHS);
        if (!bounds.isEmpty()) {
            together(
                    bounds,
                    () -> target.dataKeys(policy -> {
                        age.ifPresent(found -> policy.maxAge(found.value()));
                        refresh.ifPresent(found -> policy.refreshAfter(found.value()));
                        messages.ifPresent(found -> policy.maxMessagesPerEpoch(found.value()));
                        bytes.ifPresent(found -> policy.maxBytesPerEpoch(found.value()));
                        epochs.ifPresent(found -> policy.maxEpochs(found.value()));
                    }));
        }
        List<Found<?>> windows = new ArrayList<>();
        Optional<Found<java.time.Duration>> encryptFor = noted(windows, Settings.ENCRYPT_FOR);
        Optional<Found<java.time.Duration>> decryptFor = noted(windows, Settings.DECRYPT_FOR);
        if (!windows.isEmpty()) {
            target.outage(policy -> {
                encryptFor.ifPresent(found -> policy.encryptFor(found.value()));
                decryptFor.ifPresent(found -> policy.decryptFor(found.value()));
            });
        }
    }

    private <T> Optional<Found<T>> noted(List<Found<?>> all, Setting<T> setting) {
        Optional<Found<T>> found = sources.find(setting);
        found.ifPresent(all::add);
        return found;
    }

    private void messages() {
        sources.find(Settings.SUITE).ifPresent(found -> target.suite(found.value()));
        sources.find(Settings.WARM_UP).ifPresent(found -> target.warmUp(found.value()));
        sources.find(Settings.JCA_PROVIDER).ifPresent(found -> {
            Provider provider = Security.getProvider(found.value());
            if (provider == null) {
                throw new ConfigurationException(
                        found.where() + " names no JCA provider.",
                        "It is " + found.text() + ".",
                        "Name one that is installed, as SunJCE, or unset it.");
            }
            target.jcaProvider(provider);
        });
    }

    private void namedKeys() {
        sources.find(Settings.SCHEDULE).ifPresent(found -> target.schedule(found.value()));
        sources.find(Settings.ACTIVATE_AFTER).ifPresent(found -> target.activateAfter(found.value()));
    }

    private void passphrases() {
        List<Found<?>> said = new ArrayList<>();
        Kdf kdf = noted(said, Settings.KDF).map(Found::value).orElse(Kdf.PBKDF2);
        List<Found<?>> others = new ArrayList<>();
        Optional<Found<Long>> iterations = noted(kdf == Kdf.PBKDF2 ? said : others, Settings.ITERATIONS);
        List<Found<?>> argon = kdf == Kdf.ARGON2ID ? said : others;
        Optional<Found<Long>> memory = noted(argon, Settings.MEMORY);
        Optional<Found<Long>> passes = noted(argon, Settings.PASSES);
        Optional<Found<Long>> lanes = noted(argon, Settings.LANES);
        if (!others.isEmpty()) {
            throw new ConfigurationException(
                    others.get(0).where() + " does not fit " + Settings.KDF.variable() + ".",
                    "The function is " + kdf.name().toLowerCase(java.util.Locale.ROOT) + ", which has no such setting.",
                    "Unset it, or set " + Settings.KDF.variable() + " to the other function.");
        }
        if (!said.isEmpty()) {
            target.passphrases(
                    kdf == Kdf.PBKDF2
                            ? PassphrasePolicy.pbkdf2(number(iterations, PassphrasePolicy.DEFAULT_ITERATIONS))
                            : PassphrasePolicy.argon2id(
                                    memory.map(found -> (int) (found.value() >> 10))
                                            .orElse(PassphrasePolicy.DEFAULT_MEMORY_KIB),
                                    number(passes, PassphrasePolicy.DEFAULT_PASSES),
                                    number(lanes, PassphrasePolicy.DEFAULT_LANES)));
        }
        sources.find(Settings.BESIDE_OTHERS)
                .filter(Found::value)
                .ifPresent(found -> target.allowPassphraseBesideOthers());
    }

    private static int number(Optional<Found<Long>> found, int fallback) {
        return found.map(Found::value).map(Long::intValue).orElse(fallback);
    }

    private void store() {
        Optional<Found<String>> url = sources.find(Settings.STORE_URL);
        Optional<Found<String>> user = sources.find(Settings.STORE_USER);
        boolean password = sources.variables().hasSecret(Settings.STORE_PASSWORD.variable());
        if (url.isEmpty()) {
            if (user.isPresent() || password) {
                throw new ConfigurationException(
                        "KMS_STORE_URL is not set.",
                        (password
                                        ? Settings.STORE_PASSWORD.variable()
                                        : user.orElseThrow().where()) + " is, and belongs to a store.",
                        "Set KMS_STORE_URL to " + Settings.STORE_URL.parser().allowed() + ".");
            }
            return;
        }
        Optional<SecretBytes> secret = sources.variables().secret(Settings.STORE_PASSWORD.variable());
        try (StoreAddress address =
                StoreAddress.of(url.get().value(), user.map(Found::value).orElse(null), secret.orElse(null))) {
            target.store(provider(url.get()).open(address));
        } finally {
            secret.ifPresent(SecretBytes::close);
        }
    }

    private static StoreProvider provider(Found<String> url) {
        try {
            return StoreProvider.of(url.value());
        } catch (ConfigurationException e) {
            // Not the URL itself: people put passwords into URLs.
            throw new ConfigurationException(
                    url.where() + " names no store that can be opened.", e.why(), e.remedy(), e);
        }
    }

    private static void together(List<Found<?>> settings, Runnable set) {
        try {
            set.run();
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException(
                    String.join(", ", settings.stream().map(Found::told).toList()) + " do not fit together.",
                    e.getMessage() + ".",
                    "Correct one of them.",
                    e);
        }
    }
}
