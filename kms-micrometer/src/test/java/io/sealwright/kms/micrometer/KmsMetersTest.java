package io.sealwright.kms.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.time.ManualTime;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class KmsMetersTest {
    private static final Supplier<KmsException> AWAY = () -> new UnavailableException("Away.", "A test.", "Wait.");

    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey first = new FaultyMasterKey("first");
    private final FaultyMasterKey second = new FaultyMasterKey("second");
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final KeyManager kms = KeyManager.builder()
            .masterKey(first)
            .alsoOpenWith(second)
            .timeSource(time)
            .retryAttempts(1)
            .build();

    @AfterEach
    void close() {
        first.behave();
        kms.close();
        registry.close();
    }

    private double count(String name, String key) {
        return registry.get("sealwright.provider." + name)
                .tag("master.key", "faulty://" + key)
                .functionCounter()
                .count();
    }

    private double state(String name, String key) {
        return registry.get("sealwright.provider." + name)
                .tag("master.key", "faulty://" + key)
                .gauge()
                .value();
    }

    @Test
    void bindTo_showsWhatTheManagerCounts_ofEachMasterKeyApart() {
        new KmsMeters(kms).bindTo(registry);
        byte[] message = kms.encrypt("m").toBytes();
        kms.decrypt(message).toBytes();
        assertThat(registry.get("sealwright.provider.calls")
                        .tag("master.key", "faulty://first")
                        .functionTimer()
                        .count())
                .isEqualTo(2);
        assertThat(registry.get("sealwright.provider.calls")
                        .tag("master.key", "faulty://second")
                        .functionTimer()
                        .count())
                .isZero();
        assertThat(registry.get("sealwright.opening.misses").functionCounter().count())
                .isEqualTo(1);
        assertThat(registry.get("sealwright.opening.keys").gauge().value()).isEqualTo(1);
        assertThat(registry.get("sealwright.sealing.keys").gauge().value()).isEqualTo(1);
        first.fail(Operation.GENERATE, 1, () -> new PermissionDeniedException("No.", "A test.", "None."));
        assertThatThrownBy(() -> kms.encrypt("m").context("a", "b").toBytes())
                .isInstanceOf(PermissionDeniedException.class);
        assertThat(count("errors", "first")).isEqualTo(1);
        assertThat(count("unanswered", "first")).isZero();
        first.answerLate(() -> time.advance(Duration.ofMillis(1500)), Operation.GENERATE);
        kms.encrypt("m").context("a", "c").toBytes();
        assertThat(registry.get("sealwright.provider.calls.longest")
                        .tag("master.key", "faulty://first")
                        .timeGauge()
                        .value(TimeUnit.MILLISECONDS))
                .isEqualTo(1500);
    }

    @Test
    void bindTo_providerAway_showsTheBreakerAndThatKeysServeWithout() {
        new KmsMeters(kms).bindTo(registry);
        byte[] message = kms.encrypt("m").toBytes();
        kms.decrypt(message).toBytes();
        assertThat(state("breaker.open", "first")).isZero();
        assertThat(state("serving.without", "first")).isZero();
        first.fail(Operation.GENERATE, 1000, AWAY);
        first.fail(Operation.UNWRAP, 1000, AWAY);
        time.advance(Duration.ofMinutes(6));
        assertThat(kms.decrypt(message).toText()).isEqualTo("m");
        for (int i = 0; i < 20; i++) {
            String context = "c" + i;
            assertThatThrownBy(() -> kms.encrypt("m").context("a", context).toBytes())
                    .isInstanceOf(UnavailableException.class);
        }
        assertThat(state("serving.without", "first")).isEqualTo(1);
        assertThat(state("breaker.open", "first")).isEqualTo(1);
        assertThat(count("refused", "first")).isPositive();
        assertThat(count("unanswered", "first")).isPositive();
        assertThat(count("unanswered", "second")).isZero();
    }

    @Test
    void bindTo_withTags_theyStandOnEachMeter_andEachHasADescription() {
        new KmsMeters(kms, Tags.of("app", "orders")).bindTo(registry);
        assertThat(registry.getMeters()).hasSize(2 * 9 + 5).allSatisfy(meter -> {
            Meter.Id id = meter.getId();
            assertThat(id.getTag("app")).isEqualTo("orders");
            assertThat(id.getDescription()).isNotBlank();
        });
    }

    @Test
    void meters_areThoseOfTheTableInTheDocs() throws Exception {
        new KmsMeters(kms).bindTo(registry);
        String page = Files.readString(Path.of("..", "docs", "OUTAGES.md"));
        String table = page.substring(page.indexOf("| meter |"), page.indexOf("Those of a provider"));
        assertThat(registry.getMeters()).isNotEmpty().allSatisfy(meter -> {
            String name = meter.getId().getName();
            String last = name.substring(name.indexOf('.', "sealwright.".length()));
            assertThat(table)
                    .containsAnyOf(
                            "`" + name + "`", "`" + last + "`", "`" + name.substring("sealwright".length()) + "`");
        });
    }

    @Test
    void afterClose_theMetersStay() {
        new KmsMeters(kms).bindTo(registry);
        kms.encrypt("m").toBytes();
        kms.close();
        assertThat(registry.get("sealwright.provider.calls")
                        .tag("master.key", "faulty://first")
                        .functionTimer()
                        .count())
                .isEqualTo(1);
    }

    @Test
    @Timeout(60)
    void bindTo_doesNotKeepTheManagerAlive() throws InterruptedException {
        WeakReference<KeyManager> closed = bound(registry);
        while (closed.get() != null) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertThat(registry.getMeters()).isNotEmpty();
    }

    private static WeakReference<KeyManager> bound(SimpleMeterRegistry registry) {
        KeyManager kms =
                KeyManager.builder().masterKey(new FaultyMasterKey("third")).build();
        new KmsMeters(kms).bindTo(registry);
        kms.close();
        return new WeakReference<>(kms);
    }
}
