package io.sealwright.kms.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerMetrics;
import io.sealwright.kms.MasterKeyMetrics;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * Shows what {@link KeyManager#metrics()} counts to a Micrometer registry, which asks when it publishes: sealing and opening
 * cost nothing more. The meters of a master key have the tag {@code master.key}, its URI as configured, which holds no
 * credentials; so there are as many series as master keys, and none for a message, a context or a named key. Safe for
 * concurrent use.
 *
 * <p>For each master key: {@code sealwright.provider.calls} (how many, and how long), {@code .calls.longest},
 * {@code .errors}, {@code .unanswered}, {@code .retries}, {@code .refused} (not made, as the breaker is open),
 * {@code .overloaded}; {@code .breaker.open} and {@code .serving.without}, which are 1 or 0. For the manager:
 * {@code sealwright.messages.sealed}, {@code sealwright.messages.opened}, {@code sealwright.opening.misses}, {@code sealwright.opening.keys}, {@code sealwright.sealing.keys}.
 *
 * <p>A registry does not keep the manager alive, nor close it.
 */
public final class KmsMeters implements MeterBinder {
    private static final String PROVIDER = "sealwright.provider.";

    private final KeyManager manager;
    private final Tags tags;

    /** Shows one manager, without tags of the application's. */
    public KmsMeters(KeyManager manager) {
        this(manager, Tags.empty());
    }

    /**
     * Shows one manager.
     *
     * @param tags for every meter; they tell managers apart where a registry has several
     */
    public KmsMeters(KeyManager manager, Tags tags) {
        this.manager = Objects.requireNonNull(manager, "manager");
        this.tags = Objects.requireNonNull(tags, "tags");
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        List<MasterKeyMetrics> keys = manager.metrics().masterKeys();
        for (int i = 0; i < keys.size(); i++) {
            new MasterKeyMeters(
                            registry,
                            manager,
                            i,
                            tags.and("master.key", keys.get(i).masterKey()))
                    .bind();
        }
        count(registry, "messages.sealed", "Messages sealed", KeyManagerMetrics::messagesSealed);
        count(registry, "messages.opened", "Messages opened or found forged", KeyManagerMetrics::messagesOpened);
        count(
                registry,
                "opening.misses",
                "Data keys to open with that were not in memory",
                KeyManagerMetrics::openingMisses);
        Gauge.builder("sealwright.opening.keys", manager, of(KeyManagerMetrics::openingKeys))
                .tags(tags)
                .description("Data keys to open with that are in memory")
                .register(registry);
        Gauge.builder("sealwright.sealing.keys", manager, of(KeyManagerMetrics::sealingKeys))
                .tags(tags)
                .description("Data keys to seal with that are in use")
                .register(registry);
    }

    private void count(
            MeterRegistry registry, String name, String description, ToDoubleFunction<KeyManagerMetrics> value) {
        FunctionCounter.builder("sealwright." + name, manager, of(value))
                .tags(tags)
                .description(description)
                .register(registry);
    }

    private static ToDoubleFunction<KeyManager> of(ToDoubleFunction<KeyManagerMetrics> value) {
        return kms -> value.applyAsDouble(kms.metrics());
    }

    /** The meters of the master key that stands at one place of the configuration, which does not change. */
    private record MasterKeyMeters(MeterRegistry registry, KeyManager manager, int place, Tags tags) {
        void bind() {
            int at = place; // not the field: a meter that held this would hold the manager
            FunctionTimer.builder(
                            PROVIDER + "calls",
                            manager,
                            kms -> key(kms, at).calls(),
                            kms -> key(kms, at).totalTime().toNanos(),
                            TimeUnit.NANOSECONDS)
                    .tags(tags)
                    .description("Calls to the provider, each with all of its attempts")
                    .register(registry);
            TimeGauge.builder(
                            PROVIDER + "calls.longest",
                            manager,
                            TimeUnit.NANOSECONDS,
                            kms -> key(kms, at).longestTime().toNanos())
                    .tags(tags)
                    .description("The longest call since the manager was built")
                    .register(registry);
            count("errors", "Calls that failed, whatever with", MasterKeyMetrics::errors);
            count("unanswered", "Calls that failed since no usable answer came", MasterKeyMetrics::noAnswers);
            count("retries", "Attempts after the first", MasterKeyMetrics::retries);
            count("refused", "Calls not made, as the breaker is open", MasterKeyMetrics::refusedByBreaker);
            count("overloaded", "Calls not made, as too many were under way", MasterKeyMetrics::overloaded);
            state("breaker.open", "Whether the provider is left alone for now", key -> key.breakerOpen() ? 1 : 0);
            state("serving.without", "Whether keys serve without their provider", key -> key.servingWithout() ? 1 : 0);
        }

        private static MasterKeyMetrics key(KeyManager kms, int place) {
            return kms.metrics().masterKeys().get(place);
        }

        private void count(String name, String description, ToDoubleFunction<MasterKeyMetrics> value) {
            int at = place;
            FunctionCounter.builder(PROVIDER + name, manager, kms -> value.applyAsDouble(key(kms, at)))
                    .tags(tags)
                    .description(description)
                    .register(registry);
        }

        private void state(String name, String description, ToDoubleFunction<MasterKeyMetrics> value) {
            int at = place;
            Gauge.builder(PROVIDER + name, manager, kms -> value.applyAsDouble(key(kms, at)))
                    .tags(tags)
                    .description(description)
                    .register(registry);
        }
    }
}
