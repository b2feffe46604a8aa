package io.sealwright.kms.testkit.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.cloud.kms.v1.CreateCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.CryptoKey.CryptoKeyPurpose;
import com.google.cloud.kms.v1.CryptoKeyVersion;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.cloud.kms.v1.DecryptRequest;
import com.google.cloud.kms.v1.DecryptResponse;
import com.google.cloud.kms.v1.DestroyCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.EncryptRequest;
import com.google.cloud.kms.v1.EncryptResponse;
import com.google.cloud.kms.v1.GetCryptoKeyRequest;
import com.google.cloud.kms.v1.KeyManagementServiceGrpc;
import com.google.cloud.kms.v1.KeyManagementServiceGrpc.KeyManagementServiceBlockingStub;
import com.google.cloud.kms.v1.ProtectionLevel;
import com.google.cloud.kms.v1.RestoreCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.UpdateCryptoKeyPrimaryVersionRequest;
import com.google.cloud.kms.v1.UpdateCryptoKeyVersionRequest;
import com.google.cloud.secretmanager.v1.AccessSecretVersionRequest;
import com.google.cloud.secretmanager.v1.AccessSecretVersionResponse;
import com.google.cloud.secretmanager.v1.AddSecretVersionRequest;
import com.google.cloud.secretmanager.v1.CreateSecretRequest;
import com.google.cloud.secretmanager.v1.DestroySecretVersionRequest;
import com.google.cloud.secretmanager.v1.DisableSecretVersionRequest;
import com.google.cloud.secretmanager.v1.EnableSecretVersionRequest;
import com.google.cloud.secretmanager.v1.Replication;
import com.google.cloud.secretmanager.v1.Secret;
import com.google.cloud.secretmanager.v1.SecretManagerServiceGrpc;
import com.google.cloud.secretmanager.v1.SecretManagerServiceGrpc.SecretManagerServiceBlockingStub;
import com.google.cloud.secretmanager.v1.SecretPayload;
import com.google.cloud.secretmanager.v1.SecretVersion;
import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Int64Value;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fake refuses what Google's references say that Google refuses. Written with bare gRPC stubs, and nothing of our provider. */
@Timeout(60)
class FakeGoogleCloudTest {
    private static final String KEY = "projects/p/locations/global/keyRings/r/cryptoKeys/k";
    private static final String SECRET = "projects/p/secrets/s";
    private static final ByteString PLAINTEXT = ByteString.copyFromUtf8("plain text");
    private static final ByteString ASSOCIATED = ByteString.copyFromUtf8("associated");

    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();
    private final ManagedChannel channel =
            ManagedChannelBuilder.forTarget(cloud.endpoint()).usePlaintext().build();
    private final KeyManagementServiceBlockingStub kms =
            KeyManagementServiceGrpc.newBlockingStub(channel).withDeadlineAfter(50, TimeUnit.SECONDS);
    private final SecretManagerServiceBlockingStub secrets =
            SecretManagerServiceGrpc.newBlockingStub(channel).withDeadlineAfter(50, TimeUnit.SECONDS);

    @BeforeEach
    void prepare() {
        cloud.kms().create(KEY);
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        cloud.close();
    }

    private static EncryptRequest.Builder encryption() {
        return EncryptRequest.newBuilder()
                .setName(KEY)
                .setPlaintext(PLAINTEXT)
                .setAdditionalAuthenticatedData(ASSOCIATED);
    }

    private DecryptRequest.Builder decryption() {
        return DecryptRequest.newBuilder()
                .setName(KEY)
                .setCiphertext(kms.encrypt(encryption().build()).getCiphertext())
                .setAdditionalAuthenticatedData(ASSOCIATED);
    }

    private static Int64Value crc(ByteString bytes) {
        return Int64Value.of(Answering.crc(bytes));
    }

    private static StatusRuntimeException refused(Code code, Runnable call) {
        StatusRuntimeException e = catchThrowableOfType(StatusRuntimeException.class, call::run);
        assertThat(e).isNotNull();
        assertThat(e.getStatus().getCode()).as(String.valueOf(e)).isEqualTo(code);
        return e;
    }

    // ---- Cloud KMS

    @Test
    void crc32c_isCastagnolis() {
        // RFC 3720, appendix B.4: 32 bytes of zeros.
        assertThat(Answering.crc(ByteString.copyFrom(new byte[32]))).isEqualTo(0x8a9136aaL);
    }

    @Test
    void encrypt_decrypt_giveBack_withChecksumsBothWays() {
        EncryptResponse sealed = kms.encrypt(encryption()
                .setPlaintextCrc32C(crc(PLAINTEXT))
                .setAdditionalAuthenticatedDataCrc32C(crc(ASSOCIATED))
                .build());
        assertThat(sealed.getName()).isEqualTo(KEY + "/cryptoKeyVersions/1");
        assertThat(sealed.getVerifiedPlaintextCrc32C()).isTrue();
        assertThat(sealed.getVerifiedAdditionalAuthenticatedDataCrc32C()).isTrue();
        assertThat(sealed.getCiphertextCrc32C()).isEqualTo(crc(sealed.getCiphertext()));
        assertThat(sealed.getCiphertext().toStringUtf8()).doesNotContain("plain");
        DecryptResponse opened = kms.decrypt(DecryptRequest.newBuilder()
                .setName(KEY)
                .setCiphertext(sealed.getCiphertext())
                .setAdditionalAuthenticatedData(ASSOCIATED)
                .build());
        assertThat(opened.getPlaintext()).isEqualTo(PLAINTEXT);
        assertThat(opened.getPlaintextCrc32C()).isEqualTo(crc(PLAINTEXT));
        assertThat(opened.getUsedPrimary()).isTrue();
        EncryptResponse without = kms.encrypt(encryption().build());
        assertThat(without.getVerifiedPlaintextCrc32C()).isFalse();
        assertThat(without.getCiphertext()).isNotEqualTo(sealed.getCiphertext());
    }

    @Test
    void checksums_thatDoNotFit_areRefused() {
        Int64Value wrong = Int64Value.of(7);
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.encrypt(encryption().setPlaintextCrc32C(wrong).build()));
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.encrypt(
                        encryption().setAdditionalAuthenticatedDataCrc32C(wrong).build()));
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.decrypt(decryption().setCiphertextCrc32C(wrong).build()));
        assertThat(refused(
                        Code.INVALID_ARGUMENT,
                        () -> kms.decrypt(decryption()
                                .setAdditionalAuthenticatedDataCrc32C(wrong)
                                .build())))
                .hasMessageContaining("checksum");
    }

    @Test
    void decrypt_otherDataCiphertextOrKey_isRefused() {
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.decrypt(decryption()
                        .setAdditionalAuthenticatedData(ByteString.EMPTY)
                        .build()));
        ByteString ciphertext = decryption().getCiphertext();
        for (int i = 0; i < ciphertext.size(); i++) {
            byte[] changed = ciphertext.toByteArray();
            changed[i] ^= 1;
            refused(
                    Code.INVALID_ARGUMENT,
                    () -> kms.decrypt(decryption()
                            .setCiphertext(ByteString.copyFrom(changed))
                            .build()));
        }
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.decrypt(
                        decryption().setCiphertext(ciphertext.substring(1)).build()));
        cloud.kms().create(KEY + "2");
        assertThat(refused(
                        Code.INVALID_ARGUMENT,
                        () -> kms.decrypt(decryption().setName(KEY + "2").build())))
                .hasMessageContaining("verify that 'name' refers to the correct CryptoKey");
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.decrypt(
                        decryption().setName(KEY + "/cryptoKeyVersions/1").build()));
    }

    @Test
    void sizes_overTheirBounds_areRefused() {
        ByteString large = ByteString.copyFrom(new byte[(64 << 10) + 1]);
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.encrypt(encryption().setPlaintext(large).build()));
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.encrypt(
                        encryption().setAdditionalAuthenticatedData(large).build()));
        String hardware = KEY + "-hsm";
        cloud.kms().create(hardware, CryptoKeyPurpose.ENCRYPT_DECRYPT, ProtectionLevel.HSM);
        ByteString most = ByteString.copyFrom(new byte[(8 << 10) - PLAINTEXT.size()]);
        kms.encrypt(encryption()
                .setName(hardware)
                .setAdditionalAuthenticatedData(most)
                .build());
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.encrypt(encryption()
                        .setName(hardware)
                        .setAdditionalAuthenticatedData(most.concat(ByteString.copyFrom(new byte[1])))
                        .build()));
    }

    @Test
    void versions_haveStates() throws Exception {
        DecryptRequest one = decryption().build();
        CryptoKeyVersion two = kms.createCryptoKeyVersion(
                CreateCryptoKeyVersionRequest.newBuilder().setParent(KEY).build());
        assertThat(two.getName()).isEqualTo(KEY + "/cryptoKeyVersions/2");
        assertThat(kms.encrypt(encryption().build()).getName()).endsWith("/1");
        assertThat(kms.encrypt(encryption().setName(two.getName()).build()).getName())
                .endsWith("/2");
        kms.updateCryptoKeyPrimaryVersion(UpdateCryptoKeyPrimaryVersionRequest.newBuilder()
                .setName(KEY)
                .setCryptoKeyVersionId("2")
                .build());
        assertThat(kms.encrypt(encryption().build()).getName()).endsWith("/2");
        assertThat(kms.decrypt(one).getUsedPrimary()).isFalse();

        state(1, CryptoKeyVersionState.DISABLED);
        StatusRuntimeException e = refused(Code.FAILED_PRECONDITION, () -> kms.decrypt(one));
        assertThat(e).hasMessageContaining(KEY + "/cryptoKeyVersions/1 is not enabled, current state is: DISABLED.");
        PreconditionFailure details = StatusProto.fromThrowable(e).getDetails(0).unpack(PreconditionFailure.class);
        assertThat(details.getViolations(0).getType()).isEqualTo("KEY_DISABLED");
        state(1, CryptoKeyVersionState.ENABLED);
        assertThat(kms.decrypt(one).getPlaintext()).isEqualTo(PLAINTEXT);

        DestroyCryptoKeyVersionRequest destroy = DestroyCryptoKeyVersionRequest.newBuilder()
                .setName(KEY + "/cryptoKeyVersions/1")
                .build();
        kms.destroyCryptoKeyVersion(destroy);
        assertThat(refused(Code.FAILED_PRECONDITION, () -> kms.decrypt(one))).hasMessageContaining("DESTROY_SCHEDULED");
        refused(Code.FAILED_PRECONDITION, () -> state(1, CryptoKeyVersionState.ENABLED));
        refused(
                Code.FAILED_PRECONDITION,
                () -> kms.updateCryptoKeyPrimaryVersion(UpdateCryptoKeyPrimaryVersionRequest.newBuilder()
                        .setName(KEY)
                        .setCryptoKeyVersionId("1")
                        .build()));
        RestoreCryptoKeyVersionRequest restore = RestoreCryptoKeyVersionRequest.newBuilder()
                .setName(KEY + "/cryptoKeyVersions/1")
                .build();
        assertThat(kms.restoreCryptoKeyVersion(restore).getState()).isEqualTo(CryptoKeyVersionState.DISABLED);
        refused(Code.FAILED_PRECONDITION, () -> kms.restoreCryptoKeyVersion(restore));
        state(1, CryptoKeyVersionState.ENABLED);
        assertThat(kms.decrypt(one).getPlaintext()).isEqualTo(PLAINTEXT);
        cloud.kms().destroy(KEY, 1);
        assertThat(refused(Code.FAILED_PRECONDITION, () -> kms.decrypt(one))).hasMessageContaining("DESTROYED");
    }

    private void state(int version, CryptoKeyVersionState state) {
        CryptoKeyVersion unused = kms.updateCryptoKeyVersion(UpdateCryptoKeyVersionRequest.newBuilder()
                .setCryptoKeyVersion(CryptoKeyVersion.newBuilder()
                        .setName(KEY + "/cryptoKeyVersions/" + version)
                        .setState(state))
                .setUpdateMask(FieldMask.newBuilder().addPaths("state"))
                .build());
    }

    @Test
    void names_unknownOrMalformed_areRefused() {
        refused(
                Code.NOT_FOUND,
                () -> kms.encrypt(encryption().setName(KEY + "-missing").build()));
        refused(
                Code.NOT_FOUND,
                () -> kms.encrypt(
                        encryption().setName(KEY + "/cryptoKeyVersions/9").build()));
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.encrypt(encryption().setName("k").build()));
        String signing = KEY + "-sign";
        cloud.kms().create(signing, CryptoKeyPurpose.ASYMMETRIC_SIGN, ProtectionLevel.SOFTWARE);
        refused(
                Code.INVALID_ARGUMENT,
                () -> kms.encrypt(encryption().setName(signing).build()));
    }

    @Test
    void permissions_thatAreMissing_comeBeforeAllElse() throws Exception {
        cloud.grant("cloudkms.cryptoKeyVersions.useToEncrypt");
        DecryptRequest request = decryption().build();
        StatusRuntimeException e = refused(Code.PERMISSION_DENIED, () -> kms.decrypt(request));
        assertThat(e)
                .hasMessageContaining("Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource '" + KEY
                        + "' (or it may not exist).");
        ErrorInfo details = StatusProto.fromThrowable(e).getDetails(0).unpack(ErrorInfo.class);
        assertThat(details.getReason()).isEqualTo("IAM_PERMISSION_DENIED");
        refused(
                Code.PERMISSION_DENIED,
                () -> kms.getCryptoKey(GetCryptoKeyRequest.newBuilder()
                        .setName(KEY + "-missing")
                        .build()));
    }

    // ---- Secret Manager

    private SecretVersion add(ByteString data, long crc) {
        return secrets.addSecretVersion(AddSecretVersionRequest.newBuilder()
                .setParent(SECRET)
                .setPayload(SecretPayload.newBuilder().setData(data).setDataCrc32C(crc))
                .build());
    }

    private AccessSecretVersionResponse access(String version) {
        return secrets.accessSecretVersion(AccessSecretVersionRequest.newBuilder()
                .setName(SECRET + "/versions/" + version)
                .build());
    }

    private void create(boolean replicated) {
        Secret.Builder secret = Secret.newBuilder();
        if (replicated) {
            secret.setReplication(Replication.newBuilder().setAutomatic(Replication.Automatic.getDefaultInstance()));
        }
        Secret unused = secrets.createSecret(CreateSecretRequest.newBuilder()
                .setParent("projects/p")
                .setSecretId("s")
                .setSecret(secret)
                .build());
    }

    @Test
    void secrets_versionsAndTheirStates() {
        assertThat(refused(Code.NOT_FOUND, () -> access("latest")))
                .hasMessageContaining("not found or has no versions");
        refused(Code.INVALID_ARGUMENT, () -> create(false));
        create(true);
        refused(Code.ALREADY_EXISTS, () -> create(true));
        refused(Code.NOT_FOUND, () -> access("latest"));
        refused(Code.INVALID_ARGUMENT, () -> add(PLAINTEXT, 7));
        SecretVersion one = add(PLAINTEXT, Answering.crc(PLAINTEXT));
        assertThat(one.getName()).matches("projects/[0-9]+/secrets/s/versions/1");
        assertThat(one.getClientSpecifiedPayloadChecksum()).isTrue();
        add(ASSOCIATED, Answering.crc(ASSOCIATED));
        AccessSecretVersionResponse latest = access("latest");
        assertThat(latest.getName()).matches("projects/[0-9]+/secrets/s/versions/2");
        assertThat(latest.getPayload().getData()).isEqualTo(ASSOCIATED);
        assertThat(latest.getPayload().getDataCrc32C()).isEqualTo(Answering.crc(ASSOCIATED));
        assertThat(access("1").getPayload().getData()).isEqualTo(PLAINTEXT);
        refused(Code.NOT_FOUND, () -> access("3"));
        refused(Code.INVALID_ARGUMENT, () -> access("-1"));

        String second = SECRET + "/versions/2";
        secrets.disableSecretVersion(
                DisableSecretVersionRequest.newBuilder().setName(second).build());
        assertThat(refused(Code.FAILED_PRECONDITION, () -> access("latest")))
                .as("latest is the newest, not the newest that is enabled")
                .hasMessageContaining("is in DISABLED state");
        secrets.enableSecretVersion(
                EnableSecretVersionRequest.newBuilder().setName(second).build());
        assertThat(access("latest").getPayload().getData()).isEqualTo(ASSOCIATED);
        secrets.destroySecretVersion(
                DestroySecretVersionRequest.newBuilder().setName(second).build());
        refused(Code.FAILED_PRECONDITION, () -> access("2"));
        refused(
                Code.FAILED_PRECONDITION,
                () -> secrets.enableSecretVersion(
                        EnableSecretVersionRequest.newBuilder().setName(second).build()));
    }

    // ---- what it is told

    @Test
    void kill_andRestart_keepKeysAndPort() {
        DecryptRequest request = decryption().build();
        String endpoint = cloud.endpoint();
        cloud.kill();
        refused(Code.UNAVAILABLE, () -> kms.decrypt(request));
        cloud.restart();
        assertThat(cloud.endpoint()).isEqualTo(endpoint);
        assertThat(kms.withWaitForReady().decrypt(request).getPlaintext()).isEqualTo(PLAINTEXT);
    }

    @Test
    void answer_ofHttp_reachesTheClientAsSuch() {
        cloud.answer(403, "text/html", "<html>no</html>");
        assertThat(refused(
                        Code.PERMISSION_DENIED,
                        () -> kms.withWaitForReady().encrypt(encryption().build())))
                .hasMessageContaining("HTTP status code 403");
    }

    @Test
    void fault_silent_holdsAndThenAnswers() {
        kms.encrypt(encryption().build());
        cloud.fault(Fault.SILENT);
        assertThatThrownBy(() -> KeyManagementServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(300, TimeUnit.MILLISECONDS)
                        .encrypt(encryption().build()))
                .isInstanceOf(StatusRuntimeException.class)
                .hasMessageContaining("DEADLINE_EXCEEDED");
        cloud.fault(Fault.NONE);
        assertThat(kms.encrypt(encryption().build()).getName()).endsWith("/1");
    }

    @Test
    void calls_areCounted_refusedOnesToo() {
        kms.encrypt(encryption().build());
        cloud.refuse(Code.INTERNAL, "");
        refused(Code.INTERNAL, () -> kms.encrypt(encryption().build()));
        cloud.behave();
        assertThat(cloud.calls()).containsExactly("Encrypt", "Encrypt");
        assertThat(cloud.calls("Encrypt")).isEqualTo(2);
    }
}
