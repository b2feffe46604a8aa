package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.jopenlibs.vault.json.Json;
import io.github.jopenlibs.vault.json.JsonObject;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.testbed.Patiently;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import io.sealwright.kms.vault.FaultyProxy.Fault;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Keys kept in the KV engine of the real OpenBao, under the policy that the documentation gives. */
@ExtendWith(OpenBao.Extension.class)
@Timeout(60)
class VaultKvTest {
    private static final byte[] ONE = filled(1);
    private static final byte[] TWO = filled(2);
    private static final byte[] THREE = filled(3);

    private final OpenBao bao;
    private final FaultyProxy proxy;
    private final String name = "kv" + UUID.randomUUID();
    private SecretSource source;

    VaultKvTest(OpenBao bao) {
        this.bao = bao;
        this.proxy = new FaultyProxy(bao.port());
    }

    @BeforeEach
    void open() throws Exception {
        bao.mount("", "secret", "kv", ",\"options\":{\"version\":\"2\"}");
        // A mount of version 2 is upgraded in the background, and says 400 meanwhile.
        while (bao.call("GET", "secret/config", null, bao.rootToken()).status() != 200) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
        bao.policy(name, OpenBao.documentedPolicy(2).replace("app/master-key", path()));
        source = source(bao.token("10m", name));
    }

    private SecretSource source(String token) {
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(token))
                .build();
        return VaultKeys.of(options).kv("secret/" + path());
    }

    @AfterEach
    void close() {
        source.close();
        proxy.close();
    }

    private String path() {
        return name + "/master-key";
    }

    private static byte[] filled(int value) {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) value);
        return key;
    }

    private void put(JsonObject fields) {
        bao.root(
                "POST",
                "secret/data/" + path(),
                Json.object().add("data", fields).toString());
    }

    private static JsonObject base64(byte[] key) {
        return Json.object().add("key", Base64.getEncoder().encodeToString(key));
    }

    private JsonObject stored() {
        return bao.root("GET", "secret/data/" + path(), null)
                .get("data")
                .asObject()
                .get("data")
                .asObject();
    }

    private static List<byte[]> bytes(SecretVersions versions) {
        List<byte[]> all = new java.util.ArrayList<>();
        all.add(versions.current().secret().copy());
        versions.previous().forEach(version -> all.add(version.secret().copy()));
        return all;
    }

    @Test
    void fetch_everyForm_givesTheKeyAndItsOlderVersions() {
        put(Json.object()
                .add("key", HexFormat.of().formatHex(ONE))
                .add("created_at", "then")
                .add("description", "d"));
        put(base64(TWO));
        put(Json.object().add("key", Base64.getUrlEncoder().withoutPadding().encodeToString(THREE)));
        try (SecretVersions versions = source.fetch()) {
            assertThat(bytes(versions)).containsExactly(THREE, TWO, ONE);
            assertThat(versions.revision()).isEqualTo("3");
            assertThat(versions.previous()).extracting(SecretVersion::name).containsExactly("version 2", "version 1");
            assertThat(versions.current().created())
                    .hasValueSatisfying(made -> assertThat(made)
                            .isBetween(
                                    Instant.now().minusSeconds(60),
                                    Instant.now().plusSeconds(5)));
        }
        assertThat(source.check()).contains("version 3", "2 that only open").doesNotContain("\n");
    }

    @Test
    void fetch_warm_takesUnder100Milliseconds() throws Exception {
        put(base64(ONE));
        source.fetch().close();
        // One that the machine did not hold up: a loaded one holds up many.
        Patiently.until("fetched in less than 100 ms", () -> {
            long from = System.nanoTime();
            source.fetch().close();
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - from) < 100;
        });
    }

    @Test
    void fetch_olderVersionDeletedDestroyedOrNoKey_leavesItOut() {
        put(base64(ONE));
        put(base64(TWO));
        put(Json.object().add("key", "an old habit"));
        put(base64(THREE));
        bao.root("POST", "secret/delete/" + path(), "{\"versions\":[1]}");
        try (SecretVersions versions = source.fetch()) {
            assertThat(bytes(versions)).containsExactly(THREE, TWO);
        }
        bao.root("PUT", "secret/destroy/" + path(), "{\"versions\":[2]}");
        bao.root("POST", "secret/undelete/" + path(), "{\"versions\":[1]}");
        try (SecretVersions versions = source.fetch()) {
            assertThat(bytes(versions)).containsExactly(THREE, ONE);
        }
    }

    @Test
    void fetch_moreVersionsThanTheServerKeeps_givesThoseItKeeps() {
        for (int i = 1; i <= 13; i++) {
            put(base64(filled(i)));
        }
        try (SecretVersions versions = source.fetch()) {
            assertThat(bytes(versions)).hasSize(10).first().isEqualTo(filled(13));
            assertThat(bytes(versions)).last().isEqualTo(filled(4));
        }
    }

    @Test
    void fetch_neverWrittenOrDeleted_throwsKeyNotFound() {
        assertThatThrownBy(source::fetch)
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("no such secret");
        put(base64(ONE));
        bao.root("DELETE", "secret/data/" + path(), null);
        assertThatThrownBy(source::fetch)
                .isInstanceOf(KeyNotFoundException.class)
                .hasMessageContaining("was deleted");
        bao.root("PUT", "secret/destroy/" + path(), "{\"versions\":[1]}");
        assertThatThrownBy(source::fetch).isInstanceOf(KeyNotFoundException.class);
        bao.root("DELETE", "secret/metadata/" + path(), null);
        assertThatThrownBy(source::fetch).isInstanceOf(KeyNotFoundException.class);
    }

    @Test
    void fetch_fieldThatIsNoKey_throwsConfigurationWithoutShowingIt() {
        put(Json.object().add("key", "hunter2 hunter2"));
        assertThatThrownBy(source::fetch)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("15 ")
                .hasMessageNotContaining("hunter2");
        put(Json.object().add("key", 7));
        assertThatThrownBy(source::fetch)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("no text");
        put(Json.object().add("kei", "x"));
        assertThatThrownBy(source::fetch)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("no field 'key'");
    }

    /** A cache on the way that leaves out the question would hand the newest key out as every older one. */
    @Test
    void fetch_anotherVersionThanAskedFor_throwsUnavailable() {
        put(base64(ONE));
        source.fetch().close();
        String key = Base64.getEncoder().encodeToString(TWO);
        proxy.answer(
                200,
                "application/json",
                "{\"data\":{\"data\":{\"key\":\"" + key + "\"},\"metadata\":{\"version\":3}}}");
        assertThatThrownBy(source::fetch)
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("version 3 where version 2 was asked for")
                .hasMessageNotContaining(key);
        assertThat(proxy.count("version=")).isEqualTo(1);
    }

    /** Those that open nothing count, too: else each look asks for as many as there ever were. */
    @Test
    void fetch_manyDeletedVersions_asksForTheNewestHundredNumbersAlone() {
        bao.root("POST", "secret/metadata/" + path(), "{\"max_versions\":300}");
        int all = SecretVersions.MOST + 20;
        StringBuilder deleted = new StringBuilder("{\"versions\":[2");
        for (int i = 1; i <= all; i++) {
            put(base64(filled(i)));
            if (i > 2 && i < all) {
                deleted.append(',').append(i);
            }
        }
        bao.root("POST", "secret/delete/" + path(), deleted + "]}");
        try (SecretVersions versions = source.fetch()) {
            assertThat(bytes(versions)).containsExactly(filled(all));
        }
        assertThat(proxy.count("version=")).isEqualTo(SecretVersions.MOST - 1);
    }

    @Test
    void check_overPlainHttp_saysSo() {
        put(base64(ONE));
        assertThat(source.check()).endsWith("; the connection is not encrypted");
    }

    @Test
    void metadata_hasWhatTheOwnerWroteBesideTheKey() {
        put(Json.object()
                .add("key", HexFormat.of().formatHex(ONE))
                .add("created_at", "2020-01-01T00:00:00Z")
                .add("description", "orders, Schlüssel"));
        try (SecretBytes fresh = SecretBytes.copyOf(TWO)) {
            assertThat(source.write(fresh, "1")).isEqualTo("2");
        }
        ProviderSettings settings = TestSettings.with(TestSettings.variables());
        try (MasterKey key = new SecretMasterKey(source, PassphrasePolicy.defaults(), settings)) {
            MasterKeyMetadata told = key.metadata();
            assertThat(told.version()).isEqualTo("version 2");
            assertThat(told.description()).isEqualTo("orders, Schlüssel");
            assertThat(told.createdAt()).isEqualTo(Instant.parse("2020-01-01T00:00:00Z"));
            assertThat(told.rotatedAt()).isAfter(Instant.now().minusSeconds(60));
            assertThat(told.usage()).isEqualTo("ENCRYPT_DECRYPT");
            put(Json.object()
                    .add("key", HexFormat.of().formatHex(THREE))
                    .add("created_at", "last summer")
                    .add("description", 7));
            assertThat(key.metadata().description()).isNull();
            assertThat(key.metadata().createdAt()).isEqualTo(Instant.parse("2020-01-01T00:00:00Z"));
        }
    }

    @Test
    void write_checkAndSet_keepsFieldsAndForm() {
        put(Json.object()
                .add("key", HexFormat.of().formatHex(ONE))
                .add("created_at", "2020-01-01T00:00:00Z")
                .add("description", "Schlüssel \uD83D\uDD11"));
        try (SecretBytes fresh = SecretBytes.copyOf(TWO)) {
            assertThat(source.write(fresh, "1")).isEqualTo("2");
        }
        JsonObject stored = stored();
        assertThat(stored.getString("key")).isEqualTo(HexFormat.of().formatHex(TWO));
        assertThat(stored.getString("description")).isEqualTo("Schlüssel \uD83D\uDD11");
        assertThat(Instant.parse(stored.getString("created_at")))
                .isAfter(Instant.now().minusSeconds(60));
        try (SecretVersions versions = source.fetch()) {
            assertThat(bytes(versions)).containsExactly(TWO, ONE);
        }
    }

    @Test
    void write_secretThatIsNotThere_makesItOnce() {
        try (SecretBytes fresh = SecretBytes.copyOf(ONE)) {
            assertThat(source.write(fresh, "")).isEqualTo("1");
            assertThat(stored().toString())
                    .isEqualTo("{\"key\":\""
                            + Base64.getUrlEncoder().withoutPadding().encodeToString(ONE) + "\"}");
            conflicts(() -> source.write(fresh, ""));
            conflicts(() -> source.write(fresh, "7"));
        }
        assertThat(source.fetch().revision()).isEqualTo("1");
    }

    private static void conflicts(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(StoreException.class)
                .extracting(e -> ((StoreException) e).code())
                .isEqualTo(ErrorCode.KMS_STORE_CONFLICT);
    }

    @Test
    void write_manyAtOnce_oneWins() throws Exception {
        put(base64(ONE));
        int threads = 8;
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Boolean>> all = new java.util.ArrayList<>();
            for (int i = 0; i < threads; i++) {
                byte[] mine = filled(10 + i);
                all.add(pool.submit(() -> {
                    start.await(30, TimeUnit.SECONDS);
                    try (SecretBytes fresh = SecretBytes.copyOf(mine)) {
                        source.write(fresh, "1");
                        return true;
                    } catch (StoreException e) {
                        return false;
                    }
                }));
            }
            int won = 0;
            for (Future<Boolean> one : all) {
                won += one.get(30, TimeUnit.SECONDS) ? 1 : 0;
            }
            assertThat(won).isEqualTo(1);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void write_policyThatOnlyReads_throwsDenied() {
        bao.policy(
                name,
                OpenBao.documentedPolicy(2)
                        .replace("app/master-key", path())
                        .replace("\"read\", \"create\", \"update\"", "\"read\""));
        put(base64(ONE));
        try (SecretBytes fresh = SecretBytes.copyOf(TWO)) {
            assertThatThrownBy(() -> source.write(fresh, "1")).isInstanceOf(PermissionDeniedException.class);
        }
        source.fetch().close();
    }

    @Test
    void fetch_foreignAnswers_throwsUnavailable() {
        put(base64(ONE));
        source.fetch().close();
        proxy.answer(200, "text/html", "<html>");
        assertThatThrownBy(source::fetch).isInstanceOf(UnavailableException.class);
        proxy.answer(404, "text/html", "<html>");
        assertThatThrownBy(source::fetch).isInstanceOf(UnavailableException.class);
        proxy.answer(404, "application/json", "{\"message\":\"no such page\"}");
        assertThatThrownBy(source::fetch).isInstanceOf(UnavailableException.class);
        proxy.answer(200, "application/json", "{\"data\":{\"data\":{\"key\":\"x\"}}}");
        assertThatThrownBy(source::fetch).isInstanceOf(UnavailableException.class);
        proxy.fault(Fault.CUT);
        assertThatThrownBy(source::fetch).isInstanceOf(UnavailableException.class);
        proxy.fault(Fault.NONE);
        source.fetch().close();
    }

    @Test
    void fetch_drippedOrSilent_endsAtTheDeadlineOrTheInterrupt() throws Exception {
        put(base64(ONE));
        VaultOptions hurried = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(bao.rootToken()))
                .timeout(Duration.ofSeconds(1))
                .build();
        try (SecretSource quick = VaultKeys.of(hurried).kv("secret/" + path())) {
            Patiently.repeat(UnavailableException.class, () -> quick.fetch().close());
            for (Fault fault : List.of(Fault.DRIP, Fault.SILENT)) {
                proxy.fault(fault);
                long from = System.nanoTime();
                assertThatThrownBy(quick::fetch)
                        .isInstanceOf(UnavailableException.class)
                        .hasMessageContaining("within 1000 ms");
                assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(Duration.ofSeconds(15));
            }
            Thread.currentThread().interrupt();
            assertThatThrownBy(quick::fetch).isInstanceOf(CallInterruptedException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void fetch_engineOfVersionOne_throwsNoKeyThatIsWrong() {
        bao.mount("", "kv1", "kv", ",\"options\":{\"version\":\"1\"}");
        bao.root("POST", "kv1/" + path(), base64(ONE).toString());
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(bao.rootToken()))
                .build();
        try (SecretSource old = VaultKeys.of(options).kv("kv1/" + path())) {
            assertThatThrownBy(old::fetch).isInstanceOf(KeyNotFoundException.class);
        }
    }

    @Test
    void close_thenFetch_throwsClosed() {
        source.close();
        source.close();
        assertThatThrownBy(source::fetch).isInstanceOf(ClosedException.class);
    }
}
