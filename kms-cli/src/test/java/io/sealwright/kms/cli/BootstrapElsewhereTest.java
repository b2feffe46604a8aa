package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code master-key bootstrap --create} of keys that are looked for at their first use only: on a token, and on a server. */
@Timeout(120)
class BootstrapElsewhereTest {
    @TempDir
    static Path folder;

    private static void roundTrip(Run run, String uri) throws Exception {
        Path plain = Files.writeString(folder.resolve("a"), "attack at dawn");
        Path sealed = folder.resolve("a.sealed");
        run.kms("encrypt", plain, "-m", uri, "-o", sealed, "--force").done();
        assertThat(run.kms("decrypt", sealed, "-m", uri, "-o", "-").done().out())
                .isEqualTo("attack at dawn");
    }

    @Nested
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    class Token {
        private Path library;

        @BeforeAll
        void start() {
            library = TestHsm.start();
        }

        private Run run() throws Exception {
            Path pin = Files.writeString(folder.resolve("pin"), TestHsm.PIN + "\n");
            return Run.at(folder.resolve("home"))
                    .with("KMS_PKCS11_MODULE", library.toString())
                    .with("KMS_PKCS11_PIN_FILE", pin.toString());
        }

        private Result bootstrap(String uri, String... more) throws Exception {
            Object[] args = new Object[4 + more.length];
            System.arraycopy(new Object[] {"master-key", "bootstrap", "-m", uri}, 0, args, 0, 4);
            System.arraycopy(more, 0, args, 4, more.length);
            return run().kms(args);
        }

        @Test
        void keyMissing_createMakesItOnce_andItSealsAndOpens() throws Exception {
            String uri = "pkcs11:token=" + TestHsm.LABEL + ";object=app";
            Result missing = bootstrap(uri);
            assertThat(missing.code()).isEqualTo(1);
            assertThat(missing.err()).contains("kms master-key bootstrap --create -m '" + uri + "'");
            Result made = bootstrap(uri, "--create").done();
            assertThat(made.errLines())
                    .containsExactly("kms: made the master key " + uri + ": back it up, without it everything is lost");
            assertThat(made.out())
                    .startsWith("master key " + uri + ": AES-256, version 1-")
                    .contains("newest of 1");
            String version = made.out().replaceAll("(?s).*version (1-[0-9a-f]+).*", "$1");
            roundTrip(run(), uri);
            Result again = bootstrap(uri, "--create").done();
            assertThat(again.err()).isEmpty();
            assertThat(again.out())
                    .contains(version + ", newest of 1")
                    .endsWith("; it was there already, nothing was made\n");
            assertThat(bootstrap(uri).done().out()).doesNotContain("already");
        }

        @Test
        void keyPinnedById_isNotMade_andTheErrorSaysHow() throws Exception {
            Result result = bootstrap("pkcs11:token=" + TestHsm.LABEL + ";object=pinned;id=%01", "--create");
            result.refused("KMS_OPERATION_REFUSED");
            assertThat(result.err()).contains("Leave ';id=' out").contains("pkcs11-tool");
        }

        @Test
        void tokenMissing_isNoAnswer_andNothingIsMade() throws Exception {
            bootstrap("pkcs11:token=none;object=app", "--create").refused("KMS_UNAVAILABLE");
        }
    }

    @Nested
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    class Server {
        private DevBao bao;

        @BeforeAll
        void start() {
            bao = DevBao.start(folder);
        }

        @AfterAll
        void stop() {
            bao.close();
        }

        private Run run() {
            return Run.at(folder.resolve("home"))
                    .with("VAULT_ADDR", bao.address())
                    .with("VAULT_TOKEN", DevBao.TOKEN);
        }

        private Result create(String uri) {
            return run().kms("master-key", "bootstrap", "--create", "-m", uri);
        }

        @Test
        void secretMissing_createMakesItOnce_andItSealsAndOpens() throws Exception {
            String uri = "vault-kv://secret/shop/master-key";
            assertThat(run().kms("master-key", "bootstrap", "-m", uri).code()).isEqualTo(1);
            Result made = create(uri).done();
            assertThat(made.errLines())
                    .containsExactly("kms: made the master key " + uri + ": back it up, without it everything is lost");
            assertThat(made.out()).startsWith("master key " + uri + ": current version version 1;");
            roundTrip(run(), uri);
            Result again = create(uri).done();
            assertThat(again.err()).isEmpty();
            assertThat(again.out()).contains("version 1").endsWith("; it was there already, nothing was made\n");
        }

        @Test
        void secretDeleted_isNotReplaced() throws Exception {
            create("vault-kv://secret/deleted").done();
            bao.ask("DELETE", "secret/data/deleted", "");
            create("vault-kv://secret/deleted").refused("KMS_STORE_CONFLICT");
            bao.ask("POST", "secret/undelete/deleted", "{\"versions\":[1]}");
            assertThat(create("vault-kv://secret/deleted").done().out()).contains("version 1");
        }

        @Test
        void secretWithoutAKey_isNotReplaced() throws Exception {
            bao.ask("POST", "secret/data/other", "{\"data\":{\"password\":\"hunter2\"}}");
            create("vault-kv://secret/other").refused("KMS_CONFIGURATION");
            assertThat(bao.status("GET", "secret/data/other?version=2", "")).isEqualTo(404);
        }

        @Test
        void engineMissing_theErrorSaysHowItIsMounted() {
            Result result = create("vault-kv://nowhere/app");
            result.refused("KMS_KEY_NOT_FOUND");
            assertThat(result.err()).contains("bao secrets enable -path=nowhere -version=2 kv");
            assertThat(create("vault-transit://nowhere/app").err())
                    .contains("bao secrets enable -path=nowhere transit && bao write -f nowhere/keys/app");
        }

        @Test
        void transitKeyMissing_isNotMade_andTheErrorSaysHow() throws Exception {
            String uri = "vault-transit://transit/app";
            Result result = create(uri);
            result.refused("KMS_OPERATION_REFUSED");
            assertThat(result.err()).contains("bao write -f transit/keys/app");
            assertThat(bao.status("GET", "transit/keys/app", "")).isEqualTo(404);
            bao.ask("POST", "transit/keys/app", "{}");
            Result there = create(uri).done();
            assertThat(there.err()).isEmpty();
            assertThat(there.out()).contains("aes256-gcm96").contains("nothing was made");
            roundTrip(run(), uri);
        }

        @Test
        void serverAway_isNoAnswer_andNothingIsMade() {
            Result result = run().with("VAULT_ADDR", "http://127.0.0.1:1")
                    .kms("master-key", "bootstrap", "--create", "-m", "vault-kv://secret/away");
            result.refused("KMS_UNAVAILABLE");
        }
    }
}
