package io.sealwright.kms.spi;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.Suite;
import io.sealwright.kms.event.KmsEventListener;
import java.nio.file.Path;
import java.security.Provider;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * What a builder collected, checked setting by setting.
 *
 * @param masterKeys in order
 * @param embedded whether {@code local://default} and its store are added, made if missing
 * @param store where named keys lie, or null
 * @param dataKeys bounds of data keys
 * @param outage how long keys in memory serve while a provider or the store does not answer
 * @param deadline total time of a provider call, all attempts included
 * @param retryAttempts how often a provider that does not answer is asked, the first time included
 * @param suite how bodies are encrypted
 * @param providerExecutor where provider calls run, or null for the engine's own threads
 * @param chunkExecutor where chunks are sealed and opened, or null for the engine's own threads
 * @param jcaProvider where AES-GCM comes from, or null for the platform's first
 * @param time the clock
 * @param home where local keys lie, or null for the usual place
 * @param warmUp whether large-message code is compiled in the background
 * @param schedule whether the manager does due work of the store's named keys by itself
 * @param activateAfter how long new versions of named keys only open before they seal
 * @param listeners who hears of events
 * @param passphrases how passphrases are stretched
 * @param passphraseBesideOthers whether a passphrase may wrap beside other keys
 * @param variables the environment that providers see
 */
public record KeyManagerSettings(
        List<MasterKeyChoice> masterKeys,
        boolean embedded,
        @Nullable NamedKeyStore store,
        DataKeyPolicy dataKeys,
        OutagePolicy outage,
        Duration deadline,
        int retryAttempts,
        Suite suite,
        @Nullable Executor providerExecutor,
        @Nullable Executor chunkExecutor,
        @Nullable Provider jcaProvider,
        TimeSource time,
        @Nullable Path home,
        boolean warmUp,
        boolean schedule,
        Duration activateAfter,
        List<KmsEventListener> listeners,
        PassphrasePolicy passphrases,
        boolean passphraseBesideOthers,
        Variables variables) {
    /** Copies the lists. */
    public KeyManagerSettings {
        masterKeys = List.copyOf(masterKeys);
        listeners = List.copyOf(listeners);
    }

    /** What a master key is for. */
    public enum Role {
        /** Wraps new data keys, and opens. */
        WRAP_AND_OPEN,
        /** Opens only. */
        OPEN_ONLY
    }

    /**
     * One master key.
     *
     * @param role what it is for
     * @param uri its name
     * @param key the key itself if the caller made it, else null: the provider of the URI's scheme opens it
     * @param source where its bytes are kept, if the caller made that, else null
     */
    public record MasterKeyChoice(
            Role role,
            String uri,
            @Nullable MasterKey key,
            @Nullable SecretSource source) {
        /** One that comes from no secret source of the caller's. */
        public MasterKeyChoice(Role role, String uri, @Nullable MasterKey key) {
            this(role, uri, key, null);
        }
    }
}
