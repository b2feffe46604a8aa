package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.spi.WrappedKey;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is the transit engine's own, against the real OpenBao. */
@ExtendWith(OpenBao.Extension.class)
@Timeout(60)
class VaultTransitTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final OpenBao bao;
    private final FaultyProxy proxy;
    private final String name = "k" + UUID.randomUUID();

    VaultTransitTest(OpenBao bao) {
        this.bao = bao;
        this.proxy = new FaultyProxy(bao.port());
    }

    @BeforeEach
    void makeKey() {
        bao.mount("", "transit", "transit", "");
        bao.root("POST", "transit/keys/" + name, "{}");
        bao.root("POST", "transit/keys/" + name + "/config", "{\"deletion_allowed\":true}");
        bao.policy(name, OpenBao.documentedPolicy(1).replace("/app", "/" + name));
    }

    @AfterEach
    void close() {
        proxy.close();
    }

    private MasterKey key(String token) {
        return key(token, name);
    }

    private MasterKey key(String token, String keyName) {
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(token))
                .build();
        return VaultKeys.masterKey(options, "transit/" + keyName);
    }

    private MasterKey key() {
        return key(bao.token("10m", name));
    }

    /** Keys of one server come and go: a key may be made in the moment in which the last of the others is closed. */
    @Test
    void session_lastKeyClosed_servesTheNextKey() {
        VaultKeys keys = VaultKeys.of(VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(bao.token("10m", name)))
                .build());
        MasterKey first = keys.transit("transit/" + name);
        assertThat(first.check()).contains("aes256-gcm96");
        first.close();
        first.close();
        assertThatThrownBy(first::check).isInstanceOf(ClosedException.class).hasMessageContaining(name);
        try (MasterKey second = keys.transit("transit/" + name)) {
            first.close();
            assertThat(second.check()).contains("aes256-gcm96");
        }
    }

    @Test
    void generate_serverBindsDataKeys_usesThemAndProvesItOnce() {
        try (MasterKey key = key();
                GeneratedKey one = key.generate(BINDING);
                GeneratedKey two = key.generate(BINDING)) {
            assertThat(one.recipient().wrap()).hasSize(4 + 12 + 32 + 16);
            assertThat(new String(one.recipient().id(), StandardCharsets.US_ASCII))
                    .isEqualTo(":transit/" + name);
            assertThat(proxy.requests())
                    .containsExactly(
                            "GET /v1/auth/token/lookup-self",
                            "POST /v1/transit/datakey/plaintext/" + name,
                            "POST /v1/transit/decrypt/" + name,
                            "POST /v1/transit/datakey/plaintext/" + name);
            assertThat(two.key().length()).isEqualTo(32);
        }
    }

    @Test
    void generate_serverDropsAssociatedDataOfDataKeys_makesKeysHereInstead() {
        // An older server: what it does not know in a data-key request, it ignores.
        proxy.change(request -> request.contains("/datakey/")
                ? request.replaceFirst("\"associated_data\":\"[^\"]*\"", "\"bits\":256")
                : request);
        try (MasterKey key = key();
                GeneratedKey one = key.generate(BINDING);
                GeneratedKey two = key.generate(BINDING)) {
            try (SecretBytes opened = key.unwrap(one.recipient(), BINDING);
                    SecretBytes openedToo = key.unwrap(two.recipient(), BINDING)) {
                assertThat(opened.copy()).isEqualTo(one.key().copy());
                assertThat(openedToo.copy()).isEqualTo(two.key().copy());
            }
            assertThat(proxy.count("/datakey/")).isEqualTo(1);
            assertThat(proxy.count("/encrypt/")).isEqualTo(2);
        }
    }

    @Test
    void prefetch_ofMessagesOfManyContexts_takesOneRequestForTwoHundred() {
        List<byte[]> messages = new ArrayList<>();
        try (KeyManager kms = KeyManager.builder().masterKey(key()).build()) {
            for (int i = 0; i < 250; i++) {
                messages.add(kms.encrypt("m").context("n", "" + i).toBytes());
            }
        }
        try (KeyManager kms = KeyManager.builder().masterKey(key()).build()) {
            proxy.requests().clear();
            kms.prefetch(messages);
            assertThat(proxy.count("/decrypt/")).isEqualTo(2);
            for (int i = 0; i < 250; i++) {
                assertThat(kms.decrypt(messages.get(i)).context("n", "" + i).toText())
                        .isEqualTo("m");
            }
            assertThat(proxy.count("/decrypt/")).isEqualTo(2);
        }
    }

    @Test
    void unwrapAll_withAWrapOfWhatIsNoKey_givesTheOthers() {
        String ciphertext = bao.call(
                        "POST",
                        "transit/encrypt/" + name,
                        "{\"plaintext\":\"AAAA\",\"associated_data\":\"" + TransitWrap.associatedData(BINDING) + "\"}",
                        bao.rootToken())
                .body()
                .get("data")
                .asObject()
                .getString("ciphertext");
        Recipient noKey = TransitWrap.recipient(TransitWrap.id("", "transit/" + name), ciphertext);
        assertThat(noKey).isNotNull();
        try (MasterKey key = key();
                GeneratedKey generated = key.generate(BINDING)) {
            List<Optional<SecretBytes>> opened = key.unwrapAll(
                    List.of(new WrappedKey(noKey, BINDING), new WrappedKey(generated.recipient(), BINDING)));
            assertThat(opened.get(0)).isEmpty();
            try (SecretBytes one = opened.get(1).orElseThrow()) {
                assertThat(one.copy()).isEqualTo(generated.key().copy());
            }
        }
    }

    @Test
    void prefetch_whereTheServerAnswersForFewer_keepsNothing() {
        byte[] message;
        byte[] other;
        try (KeyManager kms = KeyManager.builder().masterKey(key()).build()) {
            message = kms.encrypt("m").toBytes();
            other = kms.encrypt("m").context("a", "b").toBytes();
        }
        proxy.requests().clear();
        proxy.change(request -> request.replaceFirst(",\\{\"ciphertext\":[^}]*\\}\\]", "]"));
        try (KeyManager kms =
                KeyManager.builder().masterKey(key()).retryAttempts(1).build()) {
            kms.prefetch(List.of(message, other));
            assertThat(proxy.count("/decrypt/")).isEqualTo(1);
            assertThat(kms.metrics().openingKeys()).isZero();
            assertThat(kms.decrypt(message).toText()).isEqualTo("m");
        }
    }

    @Test
    void needsRewrap_afterARotationOnTheServer_isTrueInAProcessThatHasJustBegun() {
        byte[] message;
        try (KeyManager kms = KeyManager.builder().masterKey(key()).build()) {
            message = kms.encrypt("m").toBytes();
        }
        bao.root("POST", "transit/keys/" + name + "/rotate", "{}");
        try (KeyManager kms = KeyManager.builder().masterKey(key()).build()) {
            assertThat(kms.needsRewrap(message)).isTrue();
            byte[] moved = kms.rewrap(message).toBytes();
            bao.root("POST", "transit/keys/" + name + "/config", "{\"min_decryption_version\":2}");
            assertThat(kms.needsRewrap(moved)).isFalse();
        }
        try (KeyManager kms = KeyManager.builder().masterKey(key()).build()) {
            byte[] old = message;
            assertThatThrownBy(() -> kms.decrypt(old).toText()).isInstanceOf(RefusedException.class);
        }
    }

    @Test
    void generate_policyPermitsNoDataKeys_makesKeysHereInstead() {
        bao.policy(name, OpenBao.documentedPolicy(1).replace("/app", "/" + name).replace("datakey", "nothing"));
        try (MasterKey key = key();
                GeneratedKey generated = key.generate(BINDING);
                SecretBytes opened = key.unwrap(generated.recipient(), BINDING)) {
            assertThat(opened.copy()).isEqualTo(generated.key().copy());
        }
    }

    @Test
    void wrap_unknownKeyAndAPolicyThatLetsTheServerMakeOne_throwsKeyNotFoundAndMakesNone() {
        String unknown = "k" + UUID.randomUUID();
        bao.policy("upsert", "path \"transit/*\" { capabilities = [\"create\", \"read\", \"update\"] }");
        String token = bao.token("10m", "upsert", "default");
        assertThat(bao.call("POST", "transit/encrypt/" + unknown + "-witness", "{\"plaintext\":\"AAAA\"}", token)
                        .status())
                .as("the server makes keys by encrypt")
                .isEqualTo(200);
        try (MasterKey key = key(token, unknown);
                SecretBytes material = SecretBytes.owning(new byte[32])) {
            assertThatThrownBy(() -> key.wrap(material, BINDING)).isInstanceOf(KeyNotFoundException.class);
            assertThatThrownBy(() -> key.generate(BINDING))
                    .isInstanceOf(KeyNotFoundException.class)
                    .hasMessageContaining("no such key");
            assertThatThrownBy(key::rotate).isInstanceOf(KeyNotFoundException.class);
        }
        assertThat(bao.call("GET", "transit/keys/" + unknown, null, bao.rootToken())
                        .status())
                .isEqualTo(404);
    }

    @Test
    void unwrap_versionDisabledByMinDecryptionVersion_throwsRefusedForThatVersionAlone() {
        try (MasterKey key = key();
                SecretBytes material = SecretBytes.owning(new byte[32])) {
            Recipient old = key.wrap(material, BINDING);
            assertThat(key.rotate()).isEqualTo("2");
            Recipient fresh = key.wrap(material, BINDING);
            bao.root("POST", "transit/keys/" + name + "/config", "{\"min_decryption_version\":2}");
            assertThatThrownBy(() -> key.unwrap(old, BINDING))
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("min_decryption_version")
                    .extracting(e -> ((RefusedException) e).code())
                    .isEqualTo(ErrorCode.KMS_KEY_STATE_REFUSED);
            key.unwrap(fresh, BINDING).close();
            assertThat(key.versionOf(old)).isEqualTo("1");
            assertThat(key.versionOf(fresh)).isEqualTo("2");
            MasterKeyMetadata told = key.metadata();
            assertThat(told.version()).isEqualTo("2");
            assertThat(told.spec()).isEqualTo("aes256-gcm96");
            assertThat(told.usage()).isEqualTo("ENCRYPT_DECRYPT");
            assertThat(told.createdAt()).isNotNull().isBeforeOrEqualTo(told.rotatedAt());
            assertThat(key.check()).contains("version 2 of", "opens from version 2 on", "not encrypted");
        }
    }

    @Test
    void unwrap_recipientThatIsNotThisKeys_asksNobody() {
        try (MasterKey key = key()) {
            Recipient hostile = new Recipient(
                    6, ":169.254.169.254/latest/../..%2f".getBytes(StandardCharsets.US_ASCII), new byte[] {0, 0, 0, 1, 5
                    });
            assertThat(key.recognizes(hostile)).isFalse();
            assertThatThrownBy(() -> key.unwrap(hostile, BINDING)).isInstanceOf(AuthenticationFailedException.class);
            assertThat(proxy.requests()).isEmpty();
        }
    }

    @Test
    void wrap_keyOfATypeThatBindsNothing_throwsConfiguration() {
        String rsa = "rsa" + name;
        bao.root("POST", "transit/keys/" + rsa, "{\"type\":\"rsa-2048\"}");
        String derived = "derived" + name;
        bao.root("POST", "transit/keys/" + derived, "{\"derived\":true}");
        bao.policy(
                name,
                "path \"transit/*\" { capabilities = [\"read\", \"update\"] }\n"
                        + "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }");
        try (MasterKey one = key(bao.token("10m", name), rsa);
                MasterKey two = key(bao.token("10m", name), derived);
                SecretBytes material = SecretBytes.owning(new byte[32])) {
            assertThatThrownBy(() -> one.wrap(material, BINDING))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("rsa-2048");
            assertThatThrownBy(one::check).isInstanceOf(ConfigurationException.class);
            assertThatThrownBy(() -> two.wrap(material, BINDING))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("derived");
        }
    }

    @Test
    void everyType_thatBindsAssociatedData_wraps() {
        bao.policy(
                name,
                "path \"transit/*\" { capabilities = [\"read\", \"update\"] }\n"
                        + "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }");
        String token = bao.token("10m", name);
        for (String type : new String[] {"aes128-gcm96", "aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"}) {
            String keyName = type + name;
            bao.root("POST", "transit/keys/" + keyName, "{\"type\":\"" + type + "\"}");
            try (MasterKey key = key(token, keyName);
                    GeneratedKey generated = key.generate(BINDING);
                    SecretBytes opened = key.unwrap(generated.recipient(), BINDING)) {
                assertThat(opened.copy()).as(type).isEqualTo(generated.key().copy());
                assertThatThrownBy(() -> key.unwrap(
                                generated.recipient(), new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty())))
                        .as(type)
                        .isInstanceOf(AuthenticationFailedException.class);
            }
        }
    }

    @Test
    void namespace_keyOfThatNamespace_hasAnIdOfItsOwn() {
        if (bao.call("GET", "sys/namespaces/team", null, bao.rootToken()).status() == 404) {
            bao.root("POST", "sys/namespaces/team", null);
        }
        bao.mount("team", "transit", "transit", "");
        bao.in("team", "POST", "transit/keys/" + name, "{}");
        String token = bao.root("POST", "auth/token/create", "{\"policies\":[\"root\"]}")
                .get("auth")
                .asObject()
                .getString("client_token");
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .namespace("/team/")
                .auth(VaultAuth.token(token))
                .build();
        try (MasterKey inside = VaultKeys.masterKey(options, "transit/" + name);
                MasterKey outside = key();
                GeneratedKey generated = inside.generate(BINDING)) {
            assertThat(new String(generated.recipient().id(), StandardCharsets.US_ASCII))
                    .isEqualTo("team:transit/" + name);
            inside.unwrap(generated.recipient(), BINDING).close();
            assertThat(outside.recognizes(generated.recipient())).isFalse();
        }
    }

    @Test
    void everyCall_noSuchMountOrNamespace_throwsKeyNotFoundThatSaysWhich() {
        String root = bao.rootToken();
        VaultOptions elsewhere = VaultOptions.builder()
                .address(proxy.address())
                .namespace("nowhere")
                .auth(VaultAuth.token(root))
                .build();
        VaultOptions here = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.token(root))
                .build();
        try (MasterKey noMount = VaultKeys.masterKey(here, "nothing/here/app")) {
            assertThatThrownBy(() -> noMount.generate(BINDING))
                    .isInstanceOf(KeyNotFoundException.class)
                    .hasMessageContaining("nothing mounted at 'nothing/here'");
            assertThatThrownBy(noMount::check).isInstanceOf(KeyNotFoundException.class);
        }
        try (MasterKey noNamespace = VaultKeys.masterKey(elsewhere, "transit/" + name)) {
            assertThatThrownBy(noNamespace::check).hasMessageContaining("namespace");
        }
    }

    @Test
    void rotate_policyWithoutIt_throwsDeniedThatNamesThePath() {
        bao.policy(name, OpenBao.documentedPolicy(1).replace("/app", "/" + name).replace("/rotate", "/nothing"));
        try (MasterKey key = key()) {
            assertThatThrownBy(key::rotate)
                    .isInstanceOf(PermissionDeniedException.class)
                    .hasMessageContaining("'update' on transit/keys/" + name + "/rotate");
        }
    }
}
