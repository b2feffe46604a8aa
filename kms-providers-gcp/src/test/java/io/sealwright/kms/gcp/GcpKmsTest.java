package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.kms.v1.CryptoKey.CryptoKeyPurpose;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.cloud.kms.v1.KeyManagementServiceClient;
import com.google.cloud.kms.v1.KeyManagementServiceSettings;
import com.google.cloud.kms.v1.ProtectionLevel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status.Code;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Keys of Cloud KMS: what stands in a header, versions, rotation, permissions, clients. */
@Timeout(60)
class GcpKmsTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();
    private MasterKey key;

    @BeforeEach
    void open() {
        cloud.kms().create(Clouds.KEY);
        key = GcpKms.masterKey(Clouds.options(cloud), Clouds.KEY);
    }

    @AfterEach
    void close() {
        key.close();
        cloud.close();
    }

    private static SecretBytes material() {
        byte[] bytes = new byte[32];
        Arrays.fill(bytes, (byte) 7);
        return SecretBytes.owning(bytes);
    }

    private Recipient wrapped() {
        try (SecretBytes material = material()) {
            return key.wrap(material, BINDING);
        }
    }

    private byte[] unwrapped(Recipient recipient) {
        try (SecretBytes opened = key.unwrap(recipient, BINDING)) {
            return opened.copy();
        }
    }

    @Test
    void wrap_header_namesKeyAndVersion() {
        Recipient recipient = wrapped();
        assertThat(recipient.kind()).isEqualTo(RecipientKind.GCP_KMS.id());
        assertThat(new String(recipient.id(), StandardCharsets.US_ASCII)).isEqualTo(Clouds.KEY);
        assertThat(ByteBuffer.wrap(recipient.wrap()).getInt()).isEqualTo(1);
        assertThat(key.versionOf(recipient)).isEqualTo("1");
        assertThat(new String(recipient.wrap(), StandardCharsets.ISO_8859_1))
                .as("the key does not lie in it")
                .doesNotContain(new String(new byte[] {7, 7, 7, 7}, StandardCharsets.ISO_8859_1));
        assertThat(unwrapped(recipient)).isEqualTo(material().copy());
    }

    @Test
    void unwrap_versionOfAnotherOnes_throwsAuthenticationFailed() {
        Recipient one = wrapped();
        key.rotate();
        Recipient two = wrapped();
        byte[] wrap = one.wrap();
        System.arraycopy(two.wrap(), 0, wrap, 0, 4);
        Recipient relabelled = new Recipient(one.kind(), one.id(), wrap);
        assertThat(key.versionOf(relabelled)).isEqualTo("2");
        assertThatThrownBy(() -> key.unwrap(relabelled, BINDING)).isInstanceOf(AuthenticationFailedException.class);
        assertThat(unwrapped(one)).isEqualTo(unwrapped(two));
    }

    @Test
    void unwrap_headsMixed_throwsAuthenticationFailed() {
        byte[] one = wrapped().wrap();
        Recipient other = wrapped();
        System.arraycopy(other.wrap(), 0, one, 0, 20);
        assertThatThrownBy(() -> key.unwrap(new Recipient(other.kind(), other.id(), one), BINDING))
                .isInstanceOf(AuthenticationFailedException.class);
    }

    @Test
    void generate_asksOnce_unwrap_asksOnce() {
        try (GeneratedKey generated = key.generate(BINDING)) {
            key.unwrap(generated.recipient(), BINDING).close();
        }
        assertThat(cloud.calls()).containsExactly("Encrypt", "Decrypt");
    }

    @Test
    void versions_disabledOneByOne_onlyTheirWrapsAreRefused() {
        Recipient one = wrapped();
        assertThat(key.rotate()).isEqualTo("2");
        Recipient two = wrapped();
        assertThat(key.isOutdated(one)).isTrue();
        cloud.kms().state(Clouds.KEY, 1, CryptoKeyVersionState.DISABLED);
        assertThatThrownBy(() -> unwrapped(one))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("cryptoKeyVersions/1");
        assertThat(unwrapped(two)).hasSize(32);
        key.generate(BINDING).close();
        cloud.kms().destroy(Clouds.KEY, 1);
        assertThatThrownBy(() -> unwrapped(one)).isInstanceOf(KeyNotFoundException.class);
        assertThat(unwrapped(two)).hasSize(32);
    }

    @Test
    void refresh_rotatedByGoogle_seesIt_andAlsoByEncrypting() {
        Recipient one = wrapped();
        try (MasterKey other = GcpKms.masterKey(Clouds.options(cloud), Clouds.KEY)) {
            assertThat(other.rotate()).isEqualTo("2");
        }
        assertThat(key.isOutdated(one)).isFalse();
        assertThat(key.refresh()).isTrue();
        assertThat(key.refresh()).isFalse();
        assertThat(key.isOutdated(one)).isTrue();
        key.rotate();
        Recipient three = wrapped();
        assertThat(key.versionOf(three)).isEqualTo("3");
        cloud.kms().primary(Clouds.KEY, 1); // taken back by an administrator
        assertThat(key.refresh()).isTrue();
        assertThat(key.isOutdated(one)).isFalse();
    }

    @Test
    void rotate_hardwareKey_waitsUntilTheVersionIsMade() {
        String hardware = Clouds.RING + "hardware";
        cloud.kms().create(hardware, CryptoKeyPurpose.ENCRYPT_DECRYPT, ProtectionLevel.HSM);
        try (MasterKey hsm = GcpKms.masterKey(Clouds.options(cloud), hardware)) {
            assertThat(hsm.rotate()).isEqualTo("2");
            assertThat(cloud.calls())
                    .containsExactly("CreateCryptoKeyVersion", "GetCryptoKeyVersion", "UpdateCryptoKeyPrimaryVersion");
            assertThat(hsm.check()).contains("HSM", "version 2");
            WrapBinding large = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("large", "x".repeat(8_000)));
            hsm.generate(large).close();
            WrapBinding larger = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("large", "x".repeat(8_150)));
            assertThatThrownBy(() -> hsm.generate(larger))
                    .as("whoever chooses the context must not make it look as if Google were away")
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("8,000 bytes");
        }
    }

    @Test
    void rotate_mayNotMakePrimary_throwsDenied_andOldVersionServes() {
        cloud.grant("cloudkms.cryptoKeyVersions.create", "cloudkms.cryptoKeyVersions.useToEncrypt");
        assertThatThrownBy(key::rotate)
                .isInstanceOf(PermissionDeniedException.class)
                .hasMessageContaining("make version 2")
                .hasMessageContaining("cloudkms.cryptoKeys.update");
        assertThat(key.versionOf(wrapped())).isEqualTo("1");
    }

    @Test
    void check_tellsWhatItIs() {
        assertThat(key.check())
                .startsWith("gcp-kms://" + Clouds.KEY + ": GOOGLE_SYMMETRIC_ENCRYPTION, SOFTWARE, version 1 of 20")
                .endsWith("rotated by hand");
        MasterKeyMetadata told = key.metadata();
        assertThat(told.version()).isEqualTo("1");
        assertThat(told.spec()).isEqualTo("GOOGLE_SYMMETRIC_ENCRYPTION");
        assertThat(told.usage()).isEqualTo("ENCRYPT_DECRYPT");
        assertThat(told.createdAt()).isNotNull().isBeforeOrEqualTo(told.rotatedAt());
        cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DISABLED);
        assertThat(key.metadata().enabled()).isFalse();
        assertThatThrownBy(key::check).isInstanceOf(RefusedException.class).hasMessageContaining("DISABLED");
    }

    @Test
    void check_otherPurpose_throwsConfiguration() {
        String signing = Clouds.RING + "signing";
        cloud.kms().create(signing, CryptoKeyPurpose.ASYMMETRIC_SIGN, ProtectionLevel.SOFTWARE);
        try (MasterKey other = GcpKms.masterKey(Clouds.options(cloud), signing)) {
            assertThatThrownBy(other::check)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("ASYMMETRIC_SIGN");
            assertThatThrownBy(() -> other.generate(BINDING))
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("ENCRYPT_DECRYPT");
        }
    }

    @Test
    void permissions_encrypterAlone_seals_decrypterAlone_opens() {
        cloud.grant("cloudkms.cryptoKeyVersions.useToEncrypt");
        Recipient recipient = wrapped();
        assertThatThrownBy(() -> unwrapped(recipient))
                .isInstanceOf(PermissionDeniedException.class)
                .hasMessageContaining("cloudkms.cryptoKeyVersions.useToDecrypt");
        cloud.grant("cloudkms.cryptoKeyVersions.useToDecrypt");
        assertThat(unwrapped(recipient)).hasSize(32);
        assertThatThrownBy(this::wrapped).isInstanceOf(PermissionDeniedException.class);
    }

    @Test
    void names_projectAsNumber_isTakenForTheSame() {
        assertThat(Names.same("projects/123/secrets/s", "projects/acme/secrets/s"))
                .isTrue();
        assertThat(Names.same("projects/acme/secrets/s", "projects/123/secrets/s"))
                .isTrue();
        assertThat(Names.same("projects/evil/secrets/s", "projects/acme/secrets/s"))
                .isFalse();
        assertThat(Names.same("projects/123/secrets/t", "projects/acme/secrets/s"))
                .isFalse();
        assertThat(Names.same("projects/123/secrets/s", "projects/124/secrets/s"))
                .isFalse();
        assertThat(Names.version("projects/123/secrets/s/versions/17", "projects/acme/secrets/s"))
                .isEqualTo(17);
        assertThat(Names.version("projects/123/secrets/s/versions/0", "projects/acme/secrets/s"))
                .isZero();
        assertThat(Names.version("projects/acme/secrets/s/versions/17/x", "projects/acme/secrets/s"))
                .isZero();
    }

    @Test
    void readyClient_withRetriesOfItsOwn_isAskedOnce_andNotClosed() throws Exception {
        KeyManagementServiceSettings settings = KeyManagementServiceSettings.newBuilder()
                .setTransportChannelProvider(KeyManagementServiceSettings.defaultGrpcTransportProviderBuilder()
                        .setEndpoint(cloud.endpoint())
                        .setChannelConfigurator(ManagedChannelBuilder::usePlaintext)
                        .build())
                .setCredentialsProvider(NoCredentialsProvider.create())
                .build();
        try (KeyManagementServiceClient client = KeyManagementServiceClient.create(settings)) {
            MasterKey ready = GcpKms.masterKey(client, Clouds.KEY);
            try (KeyManager kms = KeyManager.builder().masterKey(ready).build()) {
                assertThat(kms.decrypt(kms.encrypt("hello").toBytes()).toText()).isEqualTo("hello");
            }
            MasterKey again = GcpKms.masterKey(client, Clouds.KEY);
            cloud.refuse(Code.UNAVAILABLE, "");
            cloud.calls().clear();
            long from = System.nanoTime();
            assertThatThrownBy(() -> again.generate(BINDING)).isInstanceOf(UnavailableException.class);
            assertThat(cloud.calls()).containsExactly("Encrypt");
            assertThat(System.nanoTime() - from).isLessThan(8_000_000_000L);
            cloud.behave();
            again.generate(BINDING).close();
            client.close();
            assertThatThrownBy(() -> again.generate(BINDING)).isInstanceOf(UnavailableException.class);
            again.close();
        }
    }

    @Test
    void keysOfOneCloud_shareAConnection_untilTheLastIsClosed() {
        cloud.kms().create(Clouds.OTHER);
        GcpKms keys = GcpKms.of(Clouds.options(cloud));
        MasterKey one = keys.key(Clouds.KEY);
        MasterKey two = keys.key(Clouds.OTHER);
        one.generate(BINDING).close();
        one.close();
        two.generate(BINDING).close();
        two.close();
        assertThatThrownBy(() -> two.generate(BINDING)).isInstanceOf(ClosedException.class);
        MasterKey three = keys.key(Clouds.KEY); // begins anew
        three.generate(BINDING).close();
        assertThatThrownBy(() -> two.generate(BINDING)).isInstanceOf(ClosedException.class);
        three.close();
    }
}
