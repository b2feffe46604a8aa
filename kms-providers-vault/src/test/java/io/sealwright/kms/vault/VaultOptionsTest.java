package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings from the program and from the environment: nothing connects, and what is wrong is named. */
class VaultOptionsTest {
    private static ProviderSettings settings(String... namesAndValues) {
        return TestSettings.with(TestSettings.variables(namesAndValues));
    }

    private static VaultOptions read(String... namesAndValues) {
        return VaultEnvironment.options(TestSettings.variables(namesAndValues));
    }

    @Test
    void environment_addressAndToken_areEnough() {
        VaultOptions options = read("VAULT_ADDR", "https://vault.example:8200/", "VAULT_TOKEN", "s.secret");
        assertThat(options.address()).isEqualTo("https://vault.example:8200");
        assertThat(options.toString()).doesNotContain("s.secret").contains("token");
    }

    @Test
    void environment_methods_takeTheirVariables() {
        String[] address = {"VAULT_ADDR", "http://127.0.0.1:8200", "VAULT_NAMESPACE", "team/pay/"};
        assertThat(read(with(
                        address, "VAULT_AUTH_METHOD", "AppRole", "VAULT_ROLE_ID", "r", "VAULT_SECRET_ID_FILE", "/f")))
                .hasToString("VaultOptions[http://127.0.0.1:8200, namespace team/pay, auth/approle]");
        assertThat(read(with(address, "VAULT_AUTH_METHOD", "userpass", "VAULT_USERNAME", "u", "VAULT_PASSWORD", "p"))
                        .auth())
                .hasToString("auth/userpass");
        assertThat(read(with(address, "VAULT_AUTH_METHOD", "jwt", "VAULT_ROLE", "r", "VAULT_JWT_FILE", "/f"))
                        .auth())
                .hasToString("auth/jwt");
        assertThat(read(with(
                                address,
                                "VAULT_AUTH_METHOD",
                                "kubernetes",
                                "VAULT_ROLE",
                                "r",
                                "VAULT_AUTH_MOUNT",
                                "k8s/eu"))
                        .auth())
                .hasToString("auth/k8s/eu");
        assertThat(read(with(address, "VAULT_TOKEN_FILE", "/f")).auth()).hasToString("token");
    }

    private static String[] with(String[] some, String... more) {
        String[] all = java.util.Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    @Test
    void environment_missingOrContradicting_namesTheVariable() {
        String[] address = {"VAULT_ADDR", "http://127.0.0.1:8200"};
        refused("VAULT_ADDR", "VAULT_TOKEN", "t");
        refused("VAULT_TOKEN", address);
        refused("VAULT_TOKEN_FILE", with(address, "VAULT_TOKEN", "t", "VAULT_TOKEN_FILE", "/f"));
        refused("VAULT_AUTH_METHOD", with(address, "VAULT_AUTH_METHOD", "ldap"));
        refused("VAULT_ROLE_ID", with(address, "VAULT_AUTH_METHOD", "approle"));
        refused("VAULT_SECRET_ID", with(address, "VAULT_AUTH_METHOD", "approle", "VAULT_ROLE_ID", "r"));
        refused("VAULT_PASSWORD", with(address, "VAULT_AUTH_METHOD", "userpass", "VAULT_USERNAME", "u"));
        refused("VAULT_JWT_FILE", with(address, "VAULT_AUTH_METHOD", "jwt", "VAULT_ROLE", "r"));
        refused("VAULT_ROLE", with(address, "VAULT_AUTH_METHOD", "kubernetes"));
        refused("VAULT_CLIENT_KEY", with(address, "VAULT_TOKEN", "t", "VAULT_CLIENT_CERT", "/f"));
        refused("VAULT_SKIP_VERIFY", with(address, "VAULT_TOKEN", "t", "VAULT_SKIP_VERIFY", "1"));
        refused("/no/such/file", with(address, "VAULT_TOKEN", "t", "VAULT_CACERT", "/no/such/file"));
    }

    private static void refused(String named, String... variables) {
        assertThatThrownBy(() -> read(variables))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(named);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vault.example:8200",
                "ftp://vault.example",
                "https://user:hunter2@vault.example",
                "https://vault.example/?token=hunter2",
                "https://",
                "not a uri hunter2"
            })
    void address_thatIsNone_isRefusedWithoutBeingShown(String address) {
        assertThatThrownBy(() -> VaultOptions.builder().address(address))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void builder_givenTwiceOrIncomplete_isRefused() {
        assertThatThrownBy(() -> VaultOptions.builder().address("http://a").address("http://b"))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> VaultOptions.builder().address("http://a").build())
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> VaultOptions.builder().timeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> VaultAuth.token("t").mount("x")).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> VaultAuth.appRole("r", "s").mount("a/../b"))
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> VaultAuth.userpass("../../sys", "p")).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> VaultAuth.token("")).isInstanceOf(ConfigurationException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vault-transit://app",
                "vault-transit://vault.example:8200/transit/app",
                "vault-transit://transit/../sys/app",
                "vault-transit://transit/app?version=1",
                "vault-transit://transit//app",
                "vault-transit://transit/app/",
                "vault-transit://transit/a%2fb",
                "vault-transit://transit/a b"
            })
    void uri_thatNamesNoKey_isRefused(String uri) {
        ProviderSettings settings = settings("VAULT_ADDR", "http://127.0.0.1:1", "VAULT_TOKEN", "t");
        assertThatThrownBy(() -> new VaultTransitProvider().open(MasterKeyUri.parse(uri), settings))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("vault-transit://MOUNT/KEY");
    }

    @Test
    void providers_openByUri_connectToNothing() {
        ProviderSettings settings = settings("VAULT_ADDR", "http://127.0.0.1:1", "VAULT_TOKEN", "t");
        try (MasterKey key = new VaultTransitProvider()
                        .open(MasterKeyUri.parse("vault-transit://team/transit/app"), settings);
                SecretSource source = new VaultKvProvider()
                        .open(MasterKeyUri.parse("vault-kv://secret/fedha/encryption/master-key"), settings)) {
            assertThat(key.uri()).isEqualTo("vault-transit://team/transit/app");
            assertThat(source.uri()).isEqualTo("vault-kv://secret/fedha/encryption/master-key");
            assertThat(source.writable()).isTrue();
        }
    }
}
