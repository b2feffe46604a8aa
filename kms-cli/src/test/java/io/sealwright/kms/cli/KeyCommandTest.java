package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyCommandTest extends FreshHome {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void create_emptyHome_makesKeyFileAndStore() {
        Result result = done("key", "create", "orders");
        assertThat(result.errLines()).hasSize(2);
        assertThat(result.out()).isEqualTo("created orders, AES_256, version 1, active\n");
        assertThat(done("key", "list").out().lines()).hasSize(1);
    }

    @Test
    void create_nameIsTaken_isRefused() {
        done("key", "create", "orders");
        kms("key", "create", "orders").refused("KMS_KEY_EXISTS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"HMAC_SHA256", "hmac-sha384", "HMAC_SHA512"})
    void create_otherSpec_isShown(String spec) throws Exception {
        done("key", "create", "signing", "--spec", spec);
        assertThat(JSON.readTree(done("key", "show", "signing", "--json").out())
                        .get("spec")
                        .asText())
                .isEqualTo(spec.toUpperCase(java.util.Locale.ROOT).replace('-', '_'));
        Result encrypted = kms("encrypt", plain, "-k", "signing");
        assertThat(encrypted.code()).isEqualTo(1);
        assertThat(sealed).doesNotExist();
    }

    @Test
    void create_activeFromLater_doesNotEncryptYet() throws Exception {
        done("key", "create", "orders", "--active-from", "2999-01-01T00:00:00Z");
        assertThat(JSON.readTree(done("key", "show", "orders", "--json").out())
                        .get("state")
                        .asText())
                .isEqualTo("pre-active");
        kms("encrypt", plain, "-k", "orders").refused("KMS_KEY_STATE_REFUSED");
    }

    @Test
    void list_emptyHome_isEmptyAndMakesNothing() {
        assertThat(done("key", "list", "--json").out()).isEqualTo("{\"keys\":[]}\n");
        assertThat(done("key", "list").out()).isEmpty();
        assertThat(home).doesNotExist();
    }

    @Test
    void list_json_hasExactlyTheMembersOfTheContractSortedByName() throws Exception {
        done("key", "create", "orders");
        done("key", "create", "bills");
        done("key", "rotate", "orders");
        JsonNode keys = JSON.readTree(done("key", "list", "--json").out()).get("keys");
        assertThat(keys).extracting(key -> key.get("name").asText()).containsExactly("bills", "orders");
        JsonNode orders = keys.get(1);
        assertThat(orders.fieldNames())
                .toIterable()
                .containsExactly(
                        "name",
                        "spec",
                        "state",
                        "version",
                        "versionCount",
                        "createdAt",
                        "rotatedAt",
                        "nextRotationAt",
                        "destroyAt",
                        "masterKey");
        assertThat(orders.get("spec").asText()).isEqualTo("AES_256");
        assertThat(orders.get("state").asText()).isEqualTo("active");
        assertThat(orders.get("version").asInt()).isEqualTo(2);
        assertThat(orders.get("versionCount").asInt()).isEqualTo(2);
        assertThat(orders.get("createdAt").asText()).endsWith("Z");
        assertThat(Instant.parse(orders.get("rotatedAt").asText()))
                .isAfterOrEqualTo(Instant.parse(orders.get("createdAt").asText()));
        assertThat(orders.get("nextRotationAt").isNull()).isTrue();
        assertThat(orders.get("destroyAt").isNull()).isTrue();
        assertThat(orders.get("masterKey").asText()).isEqualTo("local://default");
    }

    @Test
    void show_json_addsVersions() throws Exception {
        done("key", "create", "orders");
        done("key", "rotate", "orders");
        JsonNode versions =
                JSON.readTree(done("key", "show", "orders", "--json").out()).get("versions");
        assertThat(versions).hasSize(2);
        assertThat(versions.get(0).fieldNames())
                .toIterable()
                .containsExactly("version", "id", "state", "createdAt", "destroyAt");
        assertThat(versions.get(0).get("state").asText()).isEqualTo("deactivated");
        assertThat(versions.get(1).get("state").asText()).isEqualTo("active");
        assertThat(versions.get(0).get("id").asText()).matches("[0-9a-f]{32}");
        assertThat(done("key", "show", "orders").out().lines()).hasSize(3);
    }

    @Test
    void show_missingKey_isNotFoundAndJsonStaysEmpty() {
        done("key", "create", "orders");
        kms("key", "show", "bills", "--json").refused("KMS_KEY_NOT_FOUND");
        Run.at(folder.resolve("empty")).kms("key", "show", "bills", "--json").refused("KMS_CLI_NOTHING_MADE");
        assertThat(folder.resolve("empty")).doesNotExist();
    }

    @Test
    void rotate_olderMessages_goOnOpening() {
        done("encrypt", plain);
        assertThat(done("key", "rotate", "default").out()).contains("version 2");
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
    }

    @Test
    void deactivate_wholeKey_endsEncryptingOnly() {
        done("encrypt", plain);
        done("key", "deactivate", "default", "--yes");
        kms("encrypt", plain, "-o", folder.resolve("b")).refused("KMS_KEY_STATE_REFUSED");
        assertThat(done("decrypt", sealed, "-o", "-").out()).isEqualTo("attack at dawn");
    }

    @Test
    void compromise_opensOnlyWhenAllowed() {
        done("encrypt", plain);
        done("key", "compromise", "default", "--yes");
        kms("decrypt", sealed, "-o", "-").refused("KMS_KEY_STATE_REFUSED");
        assertThat(done("decrypt", sealed, "-o", "-", "--allow-compromised").out())
                .isEqualTo("attack at dawn");
    }

    @Test
    void compromise_oneVersion_doesNotAsk() throws Exception {
        done("key", "create", "orders");
        done("key", "rotate", "orders");
        done("key", "compromise", "orders", "--version", "1");
        JsonNode versions =
                JSON.readTree(done("key", "show", "orders", "--json").out()).get("versions");
        assertThat(versions.get(0).get("state").asText()).isEqualTo("compromised");
        assertThat(versions.get(1).get("state").asText()).isEqualTo("active");
    }

    @Test
    void destroy_nowAndYes_losesTheMessagesAndLeavesATombstone() throws Exception {
        done("encrypt", plain);
        done("key", "destroy", "default", "--now", "--yes");
        Result result = kms("decrypt", sealed, "-o", "-");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.bytes()).isEmpty();
        assertThat(JSON.readTree(done("key", "show", "default", "--json").out())
                        .get("state")
                        .asText())
                .isEqualTo("destroyed");
        kms("key", "create", "default").refused("KMS_KEY_EXISTS");
        assertThat(kms("encrypt", plain, "-o", folder.resolve("b")).code()).isEqualTo(1);
    }

    @Test
    void destroy_oneVersion_leavesTheOthers() {
        done("encrypt", plain);
        done("key", "rotate", "default");
        done("encrypt", plain, "-o", folder.resolve("b.sealed"));
        done("key", "destroy", "default", "--version", "1", "--now", "--yes");
        assertThat(kms("decrypt", sealed, "-o", "-").code()).isEqualTo(1);
        assertThat(done("decrypt", folder.resolve("b.sealed"), "-o", "-").out()).isEqualTo("attack at dawn");
    }

    @ParameterizedTest
    @ValueSource(strings = {"y\n", "YES\n", "y"})
    void deactivate_askedAndConfirmed_isDone(String answer) {
        done("key", "create", "orders");
        Result result = here().terminals(true, false, true)
                .in(answer)
                .kms("key", "deactivate", "orders")
                .done();
        assertThat(result.err()).contains("Deactivate key 'orders'").contains("[y/N]");
        assertThat(result.out()).contains("deactivated");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "", "n\n", "yep\n"})
    void compromise_askedAndNotConfirmed_changesNothing(String answer) {
        done("key", "create", "orders");
        Result result = here().terminals(true, false, true).in(answer).kms("key", "compromise", "orders");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("[KMS_CLI_NOT_CONFIRMED]");
        assertThat(done("key", "show", "orders").out()).contains(" active ");
    }

    @Test
    void change_versionThatIsNotThere_isNotFound() {
        done("key", "create", "orders");
        kms("key", "deactivate", "orders", "--version", "7").refused("KMS_KEY_NOT_FOUND");
    }

    @Test
    void bootstrap_absent_exitsWithOneAndNamesTheSwitch() {
        Result result = kms("master-key", "bootstrap").refused("KMS_KEY_NOT_FOUND");
        assertThat(result.err()).contains("--create");
        kms("bootstrap_master_key").refused("KMS_KEY_NOT_FOUND");
        assertThat(home).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"master-key bootstrap", "bootstrap_master_key"})
    void bootstrap_create_makesItOnceAndThenVerifies(String command) throws Exception {
        Object[] verify = command.split(" ");
        Object[] create = (command + " --create").split(" ");
        assertThat(done(create).err()).contains("default.key");
        byte[] made = Files.readAllBytes(home.resolve("local/default.key"));
        assertThat(done(create).err()).isEmpty();
        assertThat(done(verify).out()).startsWith("master key local://default: ");
        assertThat(home.resolve("local/default.key")).hasBinaryContent(made);
    }

    @Test
    void bootstrap_damagedKeyFile_exitsWithOne() throws Exception {
        done("master-key", "bootstrap", "--create");
        Files.writeString(home.resolve("local/default.key"), "sealwright-key 1\nnonsense\n");
        kms("master-key", "bootstrap").refused("KMS_KEY_FILE");
    }

    @Test
    void health_emptyHome_saysNothingMadeYetAndMakesNothing() {
        Result result = kms("health", "--json").refused("KMS_CLI_NOTHING_MADE");
        assertThat(result.err()).containsIgnoringCase("nothing made yet");
        assertThat(home).doesNotExist();
    }

    @Test
    void health_wellHome_namesMasterKeyAndStore() throws Exception {
        done("key", "create", "orders");
        JsonNode health = JSON.readTree(done("health", "--json").out());
        assertThat(health.get("healthy").asBoolean()).isTrue();
        assertThat(health.get("parts"))
                .extracting(part -> part.get("name").asText())
                .contains("local://default", "store");
        assertThat(done("health").out()).contains("local://default").contains("store");
    }

    @Test
    void health_keyFileOfAnotherStore_isNotHealthy() throws Exception {
        done("key", "create", "orders");
        Path other = folder.resolve("other");
        Run.at(other).kms("master-key", "bootstrap", "--create").done();
        Files.copy(
                other.resolve("local/default.key"),
                home.resolve("local/default.key"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Result result = kms("health", "--json").refused("KMS_CLI_UNHEALTHY");
        assertThat(result.err()).contains("the store's own key");
    }

    @Test
    void listAndHealth_namedStoreThatIsNotThere_areRefused() {
        done("key", "create", "orders");
        String missing = "jdbc:sqlite:" + folder.resolve("none.db");
        kms("key", "list", "--json", "--store", missing).refused("KMS_CLI_NOTHING_MADE");
        kms("health", "--json", "--store", missing).refused("KMS_CLI_NOTHING_MADE");
        assertThat(folder.resolve("none.db")).doesNotExist();
    }

    @Test
    void health_damagedStore_exitsWithOneAndJsonStaysEmpty() throws Exception {
        done("key", "create", "orders");
        Files.write(home.resolve("store.db"), new byte[4096]);
        Files.deleteIfExists(home.resolve("store.db-wal"));
        Files.deleteIfExists(home.resolve("store.db-shm"));
        Result result = kms("health", "--json");
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.errLines())
                .singleElement()
                .asString()
                .startsWith("kms: ")
                .endsWith("]");
    }
}
