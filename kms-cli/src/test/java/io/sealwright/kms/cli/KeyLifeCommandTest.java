package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.cli.Run.Result;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Waiting periods, schedules, and what is done in passing. */
class KeyLifeCommandTest extends FreshHome {
    private static final ObjectMapper JSON = new ObjectMapper();

    private JsonNode show(String name) throws Exception {
        return JSON.readTree(done("key", "show", name, "--json").out());
    }

    private static Instant time(JsonNode node) {
        return Instant.parse(node.asText());
    }

    /** A home whose key was made so long ago that something is due. */
    private void made(Duration ago, KeyOptions options) {
        TimeSource past = new TimeSource() {
            @Override
            public long nanoTime() {
                return System.nanoTime();
            }

            @Override
            public Instant instant() {
                return Instant.now().minus(ago);
            }
        };
        try (KeyManager kms =
                KeyManager.builder().home(home).embedded().timeSource(past).build()) {
            kms.keys().create("orders", KeySpec.AES_256, options);
            kms.keys().create("leaving", KeySpec.AES_256).destroyAfter(Duration.ofDays(1));
        }
    }

    @Test
    void destroy_withoutAfter_waitsThirtyDaysAndNeitherEncryptsNorDecrypts() throws Exception {
        done("encrypt", plain);
        Instant before = Instant.now();

        Result result = done("key", "destroy", "default", "--yes");

        JsonNode key = show("default");
        assertThat(key.get("state").asText()).isEqualTo("deactivated");
        assertThat(Duration.between(before, time(key.get("destroyAt"))))
                .isBetween(Duration.ofDays(30), Duration.ofDays(30).plusMinutes(5));
        assertThat(key.get("versions").get(0).get("destroyAt")).isEqualTo(key.get("destroyAt"));
        assertThat(JSON.readTree(done("key", "list", "--json").out())
                        .get("keys")
                        .get(0)
                        .get("destroyAt"))
                .isEqualTo(key.get("destroyAt"));
        assertThat(result.out())
                .isEqualTo("default, AES_256, version 1, deactivated, to be destroyed at "
                        + key.get("destroyAt").asText() + "\n");
        assertThat(done("key", "show", "default").out()).contains("to be destroyed at");
        kms("decrypt", sealed, "-o", "-").refused("KMS_KEY_STATE_REFUSED");
        kms("encrypt", plain, "-o", folder.resolve("b")).refused("KMS_KEY_STATE_REFUSED");
        kms("key", "rotate", "default").refused("KMS_KEY_STATE_REFUSED");
        kms("key", "destroy", "default", "--yes").refused("KMS_KEY_STATE_REFUSED");
    }

    @Test
    void cancelDestroy_waiting_opensAgain() throws Exception {
        done("encrypt", plain);
        done("key", "destroy", "default", "--after", "P7D", "--yes");
        assertThat(kms("decrypt", sealed, "-o", "-").err()).contains("kms key cancel-destroy default");

        assertThat(done("key", "cancel-destroy", "default").out())
                .isEqualTo("default, AES_256, version 1, deactivated\n");

        assertThat(show("default").get("destroyAt").isNull()).isTrue();
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
        kms("key", "cancel-destroy", "default").refused("KMS_KEY_STATE_REFUSED");
        done("key", "rotate", "default");
        done("encrypt", plain, "-o", folder.resolve("b"));
    }

    @Test
    void destroy_oneVersion_waitsAloneAndDoesNotAsk() throws Exception {
        done("key", "create", "orders");
        done("key", "rotate", "orders");
        done("key", "destroy", "orders", "--version", "1", "--after", "P365D");
        JsonNode key = show("orders");
        assertThat(key.get("destroyAt").isNull()).isTrue();
        assertThat(key.get("versions").get(0).get("destroyAt").isNull()).isFalse();
        assertThat(key.get("versions").get(1).get("destroyAt").isNull()).isTrue();
        done("key", "cancel-destroy", "orders", "--version", "1");
        kms("key", "cancel-destroy", "orders", "--version", "2").refused("KMS_KEY_STATE_REFUSED");
    }

    @Test
    void destroy_asked_saysWhatHappensWhen() {
        done("key", "create", "orders");
        Result result = here().terminals(true, false, true)
                .in("y\n")
                .kms("key", "destroy", "orders", "--after", "P10D")
                .done();
        assertThat(result.err()).contains("Destroy key 'orders'").contains("in 10 days");
    }

    @Test
    void create_rotateEvery_isShown() throws Exception {
        Result result = done("key", "create", "orders", "--rotate-every", "P90D");
        JsonNode key = show("orders");
        assertThat(time(key.get("nextRotationAt")))
                .isEqualTo(time(key.get("createdAt")).plus(Duration.ofDays(90)));
        assertThat(result.out())
                .contains("rotates at " + key.get("nextRotationAt").asText());
    }

    @Test
    void create_rotateEveryAndActiveFrom_countsFromThen() throws Exception {
        done("key", "create", "orders", "--rotate-every", "PT12H", "--active-from", "2999-01-01T00:00:00Z");
        assertThat(show("orders").get("nextRotationAt").asText()).isEqualTo("2999-01-01T12:00:00Z");
    }

    @Test
    void schedule_setAndEnded() throws Exception {
        done("key", "create", "orders");
        done("key", "schedule", "orders", "--rotate-every", "P365D");
        assertThat(show("orders").get("nextRotationAt").isNull()).isFalse();
        done("key", "schedule", "orders", "--off");
        assertThat(show("orders").get("nextRotationAt").isNull()).isTrue();
    }

    @Test
    void schedule_keyIsOlderThanThePeriod_rotatesAtOnce() throws Exception {
        made(Duration.ofDays(50), KeyOptions.none());
        assertThat(done("key", "schedule", "orders", "--rotate-every", "P30D").out())
                .contains("version 2");
    }

    @Test
    void encrypt_rotationAndDestructionAreDue_areDoneInPassing() throws Exception {
        made(Duration.ofDays(400), KeyOptions.none().withRotateEvery(Duration.ofDays(90)));
        assertThat(show("orders").get("version").asInt())
                .as("looking changes nothing")
                .isEqualTo(1);
        assertThat(show("leaving").get("state").asText()).isEqualTo("deactivated");

        done("encrypt", plain, "-k", "orders");

        JsonNode key = show("orders");
        assertThat(key.get("version").asInt())
                .as("once, however often it was missed")
                .isEqualTo(2);
        assertThat(time(key.get("nextRotationAt"))).isAfter(Instant.now().plus(Duration.ofDays(89)));
        assertThat(done("inspect", sealed, "--json").out())
                .contains(key.get("versions").get(1).get("id").asText());
        assertThat(show("leaving").get("state").asText()).isEqualTo("destroyed");
    }

    @Test
    void encrypt_scheduleIsOff_leavesWhatIsDueAlone() throws Exception {
        made(Duration.ofDays(400), KeyOptions.none().withRotateEvery(Duration.ofDays(90)));

        Result result = here().with("KMS_SCHEDULE", "off")
                .kms("encrypt", plain, "-k", "orders")
                .done();
        assertThat(show("orders").get("version").asInt()).isEqualTo(1);
        assertThat(show("leaving").get("state").asText()).isEqualTo("deactivated");
        Result wrong = here().with("KMS_SCHEDULE", "sometimes")
                .kms("encrypt", plain, "-k", "orders", "-o", folder.resolve("b"));
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).contains("KMS_SCHEDULE");
    }

    @Test
    void cancelDestroy_waitIsOverButNobodyWasThere_isStillInTime() throws Exception {
        made(Duration.ofDays(3), KeyOptions.none());
        done("key", "cancel-destroy", "leaving");
        assertThat(show("leaving").get("state").asText()).isEqualTo("deactivated");
    }
}
