package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.cloud.secretmanager.v1.SecretVersion.State;
import io.grpc.Status.Code;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.testbed.Patiently;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.gcp.Fault;
import io.sealwright.kms.testkit.gcp.Lie;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Keys kept in Secret Manager: forms, versions and their states, writing, permissions. */
@Timeout(60)
class GcpSecretManagerTest {
    private static final byte[] ONE = filled(1);
    private static final byte[] TWO = filled(2);
    private static final byte[] THREE = filled(3);

    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();
    private SecretSource source;

    @BeforeEach
    void open() {
        cloud.grant("secretmanager.versions.access", "secretmanager.versions.add");
        source = GcpSecretManager.source(Clouds.options(cloud), Clouds.SECRET);
    }

    @AfterEach
    void close() {
        source.close();
        cloud.close();
    }

    private static byte[] filled(int value) {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) value);
        return key;
    }

    private static String hex(byte[] key) {
        return HexFormat.of().formatHex(key);
    }

    private void put(String payload) {
        cloud.secrets().add(Clouds.SECRET, payload);
    }

    private List<byte[]> fetched() {
        try (SecretVersions versions = source.fetch()) {
            List<byte[]> all = new ArrayList<>();
            all.add(versions.current().secret().copy());
            versions.previous().forEach(version -> all.add(version.secret().copy()));
            return all;
        }
    }

    @Test
    void fetch_everyForm_givesTheKeyAndItsOlderVersions() {
        put(hex(ONE));
        put(Base64.getEncoder().encodeToString(TWO) + "\n");
        put(Base64.getUrlEncoder().withoutPadding().encodeToString(THREE) + "\r\n");
        assertThat(fetched()).containsExactly(THREE, TWO, ONE);
        try (SecretVersions versions = source.fetch()) {
            assertThat(versions.revision()).isEqualTo("3");
            assertThat(versions.current().name()).isEqualTo("version 3");
            assertThat(versions.previous()).extracting(SecretVersion::name).containsExactly("version 2", "version 1");
        }
        assertThat(source.check()).contains("version 3", "2 that only open").doesNotContain("\n");
    }

    @Test
    void fetch_warm_takesUnder100Milliseconds() throws Exception {
        put(hex(ONE));
        put(hex(TWO));
        source.fetch().close();
        // One that the machine did not hold up: a loaded one holds up many.
        Patiently.until("fetched in less than 100 ms", () -> {
            long from = System.nanoTime();
            source.fetch().close();
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from) < 100;
        });
    }

    @Test
    void fetch_olderVersionDisabledDestroyedOrNoKey_leavesItOut_untilItIsBack() {
        put(hex(ONE));
        put("an old habit");
        put(hex(TWO));
        put(hex(THREE));
        cloud.secrets().state(Clouds.SECRET, 3, State.DISABLED);
        assertThat(fetched()).containsExactly(THREE, ONE);
        cloud.secrets().state(Clouds.SECRET, 3, State.ENABLED);
        cloud.secrets().state(Clouds.SECRET, 1, State.DESTROYED);
        assertThat(fetched()).containsExactly(THREE, TWO);
    }

    @Test
    void fetch_moreVersionsThanAreLookedAt_givesTheNewest() {
        for (int i = 0; i < SecretVersions.MOST + 5; i++) {
            put(hex(filled(i)));
        }
        List<byte[]> all = fetched();
        assertThat(all).hasSize(SecretVersions.MOST).first().isEqualTo(filled(SecretVersions.MOST + 4));
        assertThat(all).last().isEqualTo(filled(5));
        assertThat(cloud.calls("AccessSecretVersion")).isEqualTo(SecretVersions.MOST);
    }

    /** One after another they would take twice the deadline. */
    @Test
    void fetch_manyVersions_areAskedForTogether_butNotAllAtOnce() {
        for (int i = 0; i < SecretVersions.MOST; i++) {
            put(hex(filled(i)));
        }
        cloud.answerAfter(Duration.ofMillis(200));
        assertThat(fetched()).hasSize(SecretVersions.MOST).first().isEqualTo(filled(SecretVersions.MOST - 1));
        assertThat(cloud.mostAtOnce()).isBetween(2, GcpSecretSource.AT_ONCE);
    }

    @Test
    void fetch_oneOfManyFails_throwsWhatItSays() {
        for (int i = 0; i < 40; i++) {
            put(hex(filled(i)));
        }
        assertThat(fetched()).hasSize(40);
        cloud.secrets().lie(Lie.WRONG_CHECKSUM);
        assertThatThrownBy(source::fetch).isInstanceOf(UnavailableException.class);
        cloud.secrets().lie(Lie.NONE);
        assertThat(fetched()).hasSize(40);
    }

    @Test
    void fetch_destroyedVersions_areNotAskedForEachTime_yetNowAndThen() {
        for (int i = 1; i <= 5; i++) {
            put(hex(filled(i)));
        }
        cloud.secrets().state(Clouds.SECRET, 1, State.DESTROYED);
        cloud.secrets().state(Clouds.SECRET, 2, State.DESTROYED);
        cloud.secrets().state(Clouds.SECRET, 3, State.DISABLED);
        assertThat(fetched()).containsExactly(filled(5), filled(4));
        cloud.calls().clear();
        cloud.secrets().state(Clouds.SECRET, 3, State.ENABLED);
        assertThat(fetched()).containsExactly(filled(5), filled(4), filled(3));
        assertThat(cloud.calls("AccessSecretVersion")).isEqualTo(3);
        // A secret of that name that was made anew has versions of those numbers that are alive.
        Object gone = cloud.secrets().delete(Clouds.SECRET);
        assertThat(gone).isNotNull();
        for (int i = 11; i <= 14; i++) {
            put(hex(filled(i)));
        }
        assertThat(fetched()).containsExactly(filled(14), filled(13), filled(12), filled(11));
    }

    @Test
    void fetch_secretMadeAnewUpToTheSameNumber_isWholeAfterTenLooks() {
        for (int round = 0; round < 2; round++) {
            put(hex(filled(10 * round + 1)));
            put(hex(filled(10 * round + 2)));
            if (round == 0) {
                cloud.secrets().state(Clouds.SECRET, 1, State.DESTROYED);
                assertThat(fetched()).containsExactly(filled(2));
                Object gone = cloud.secrets().delete(Clouds.SECRET);
                assertThat(gone).isNotNull();
            }
        }
        for (int look = 0; look < DestroyedVersions.LOOKS; look++) {
            source.fetch().close();
        }
        assertThat(fetched()).containsExactly(filled(12), filled(11));
    }

    @Test
    void fetch_missingOrWithoutVersions_throwsKeyNotFound() {
        assertThatThrownBy(source::fetch).isInstanceOf(KeyNotFoundException.class);
        cloud.secrets().create(Clouds.SECRET);
        assertThatThrownBy(source::fetch)
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("has no versions");
    }

    @Test
    void fetch_newestDisabledOrDestroyed_isADefiniteNo_andNotThePreviousOne() {
        put(hex(ONE));
        put(hex(TWO));
        cloud.secrets().state(Clouds.SECRET, 2, State.DISABLED);
        assertThatThrownBy(source::fetch)
                .isInstanceOf(RefusedException.class)
                .extracting(e -> ((RefusedException) e).code())
                .isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED);
        cloud.secrets().state(Clouds.SECRET, 2, State.DESTROYED);
        assertThatThrownBy(source::fetch).isInstanceOf(KeyNotFoundException.class);
    }

    @Test
    void fetch_payloadThatIsNoKey_throwsConfigurationWithoutShowingIt() {
        for (String payload : List.of(
                "hunter2 hunter2", "{\"key\":\"" + hex(ONE) + "\"}", hex(ONE) + "\n\n", hex(ONE).substring(2))) {
            put(payload);
            assertThatThrownBy(source::fetch)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("64 hex digits")
                    .hasMessageNotContaining("hunter2")
                    .hasMessageNotContaining("0101");
        }
        cloud.secrets().add(Clouds.SECRET, ONE); // raw
        assertThatThrownBy(source::fetch).isInstanceOf(ConfigurationException.class);
    }

    @Test
    void write_addsAVersionInHex_andComparesFirst() {
        put(Base64.getEncoder().encodeToString(ONE));
        try (SecretBytes fresh = SecretBytes.copyOf(TWO)) {
            assertThat(source.write(fresh, "1")).isEqualTo("2");
            assertThat(cloud.secrets().payload(Clouds.SECRET, 2)).isEqualTo(hex(TWO));
            conflicts(fresh, "1");
            conflicts(fresh, "");
            assertThat(cloud.secrets().versions(Clouds.SECRET)).isEqualTo(2);
        }
        assertThat(fetched()).containsExactly(TWO, ONE);
    }

    private void conflicts(SecretBytes fresh, String expected) {
        assertThatThrownBy(() -> source.write(fresh, expected))
                .isInstanceOf(StoreException.class)
                .extracting(e -> ((StoreException) e).code())
                .isEqualTo(ErrorCode.KMS_STORE_CONFLICT);
    }

    @Test
    void write_secretThatIsNotThere_makesItWhereThatIsPermitted() {
        try (SecretBytes fresh = SecretBytes.copyOf(ONE)) {
            assertThatThrownBy(() -> source.write(fresh, ""))
                    .isInstanceOf(PermissionDeniedException.class)
                    .hasMessageContaining("secretmanager.secrets.create");
            cloud.grant("secretmanager.versions.access", "secretmanager.versions.add", "secretmanager.secrets.create");
            assertThat(source.write(fresh, "")).isEqualTo("1");
        }
        assertThat(fetched()).containsExactly(ONE);
        assertThat(SecretMasterKey.createIfMissing(source)).isFalse();
    }

    @Test
    void write_secretWithoutVersions_needsNoMore() {
        cloud.secrets().create(Clouds.SECRET);
        assertThat(SecretMasterKey.createIfMissing(source)).isTrue();
        assertThat(fetched()).hasSize(1);
    }

    @Test
    void write_madeByAnotherMeanwhile_throwsConflict() {
        cloud.refuseMethod("CreateSecret", Code.ALREADY_EXISTS, "Secret [projects/1/secrets/app] already exists.");
        try (SecretBytes fresh = SecretBytes.copyOf(ONE)) {
            conflicts(fresh, "");
        }
    }

    @Test
    void write_mayOnlyRead_throwsDenied() {
        put(hex(ONE));
        cloud.grant("secretmanager.versions.access");
        try (SecretBytes fresh = SecretBytes.copyOf(TWO)) {
            assertThatThrownBy(() -> source.write(fresh, "1"))
                    .isInstanceOf(PermissionDeniedException.class)
                    .hasMessageContaining("secretmanager.versions.add");
        }
        assertThat(fetched()).containsExactly(ONE);
    }

    @Test
    void fetch_drippedOrSilent_endsAtTheDeadlineOrTheInterrupt() throws Exception {
        put(hex(ONE));
        try (SecretSource quick =
                GcpSecretManager.source(Clouds.options(cloud, Duration.ofSeconds(1)), Clouds.SECRET)) {
            Patiently.repeat(UnavailableException.class, () -> quick.fetch().close());
            for (Fault fault : List.of(Fault.DRIP, Fault.SILENT)) {
                cloud.fault(fault);
                long from = System.nanoTime();
                assertThatThrownBy(quick::fetch).isInstanceOf(UnavailableException.class);
                assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(10));
            }
            Thread.currentThread().interrupt();
            assertThatThrownBy(quick::fetch).isInstanceOf(CallInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
            cloud.fault(Fault.NONE);
            Patiently.repeat(UnavailableException.class, () -> quick.fetch().close());
        }
    }

    @Test
    void close_thenFetch_throwsClosed() {
        source.close();
        source.close();
        assertThatThrownBy(source::fetch).isInstanceOf(ClosedException.class);
    }

    @Test
    void texts_holdNoKey() {
        put(hex(ONE));
        assertThat(source.toString()).isEqualTo("GcpSecretSource[gcp-secretmanager://" + Clouds.SECRET + "]");
        try (SecretVersions versions = source.fetch()) {
            assertThat(versions.toString() + versions.current()).doesNotContain(hex(ONE));
        }
    }
}
