package io.sealwright.kms.testkit.gcp;

import com.google.cloud.kms.v1.CreateCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.CryptoKey;
import com.google.cloud.kms.v1.CryptoKey.CryptoKeyPurpose;
import com.google.cloud.kms.v1.CryptoKeyVersion;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.cloud.kms.v1.DecryptRequest;
import com.google.cloud.kms.v1.DecryptResponse;
import com.google.cloud.kms.v1.DestroyCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.EncryptRequest;
import com.google.cloud.kms.v1.EncryptResponse;
import com.google.cloud.kms.v1.GetCryptoKeyRequest;
import com.google.cloud.kms.v1.GetCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.KeyManagementServiceGrpc;
import com.google.cloud.kms.v1.ProtectionLevel;
import com.google.cloud.kms.v1.RestoreCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.UpdateCryptoKeyPrimaryVersionRequest;
import com.google.cloud.kms.v1.UpdateCryptoKeyVersionRequest;
import com.google.protobuf.ByteString;
import com.google.protobuf.Int64Value;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Cloud KMS as its reference documents it (cloud.google.com/kms/docs/reference/rpc/google.cloud.kms.v1), for symmetric keys:
 * AES-256-GCM with associated data, CRC32C both ways, states of versions, sizes. Texts and details of errors are those that
 * users have shown of the real service. A ciphertext is the key's id (8 bytes), the version (4), the nonce (12), and what GCM gives; like
 * Google's it is nobody's to read.
 */
final class KmsService extends KeyManagementServiceGrpc.KeyManagementServiceImplBase {
    private static final Pattern KEY = Pattern.compile(
            "(projects/[^/]+/locations/[^/]+/keyRings/[A-Za-z0-9_-]{1,63}/cryptoKeys/[A-Za-z0-9_-]{1,63})"
                    + "(?:/cryptoKeyVersions/([0-9]{1,9}))?");
    private static final int MOST_BYTES = 64 << 10;
    private static final int MOST_BYTES_OF_HARDWARE = 8 << 10;
    private static final int HEAD_BYTES = Long.BYTES + Integer.BYTES;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final FakeKms kms;
    private final Gatekeeper gate;

    KmsService(FakeKms kms, Gatekeeper gate) {
        this.kms = kms;
        this.gate = gate;
    }

    @Override
    public void encrypt(EncryptRequest request, StreamObserver<EncryptResponse> to) {
        Answering.answer(to, () -> encrypt(request));
    }

    @Override
    public void decrypt(DecryptRequest request, StreamObserver<DecryptResponse> to) {
        Answering.answer(to, () -> decrypt(request));
    }

    private EncryptResponse encrypt(EncryptRequest request) {
        Lie lie = kms.lie();
        Matcher name = matched(request.getName());
        gate.demand("cloudkms.cryptoKeyVersions.useToEncrypt", request.getName(), "on");
        ByteString plaintext =
                lie == Lie.CHANGED_REQUEST ? Answering.changed(request.getPlaintext()) : request.getPlaintext();
        ByteString associated = request.getAdditionalAuthenticatedData();
        synchronized (kms) {
            FakeKey key = key(name.group(1));
            demandPurpose(key);
            demandSizes(key, plaintext, associated);
            checksum(request.hasPlaintextCrc32C(), request.getPlaintextCrc32C(), plaintext, "plaintext");
            checksum(
                    request.hasAdditionalAuthenticatedDataCrc32C(),
                    request.getAdditionalAuthenticatedDataCrc32C(),
                    associated,
                    "additional_authenticated_data");
            FakeKey.Version version =
                    version(key, name.group(2) == null ? key.primary : Integer.parseInt(name.group(2)));
            demandEnabled(key, version);
            ByteString ciphertext = sealed(key, version, plaintext, associated);
            if (lie == Lie.EMPTY) {
                return EncryptResponse.getDefaultInstance();
            }
            EncryptResponse.Builder response = EncryptResponse.newBuilder()
                    .setName(
                            lie == Lie.WRONG_NAME
                                    ? key.nameOf(version).replace("/cryptoKeys/", "/cryptoKeys/not-")
                                    : key.nameOf(version))
                    .setCiphertext(lie == Lie.CHANGED_BYTES ? Answering.changed(ciphertext) : ciphertext)
                    .setVerifiedPlaintextCrc32C(request.hasPlaintextCrc32C() && lie != Lie.UNVERIFIED)
                    .setVerifiedAdditionalAuthenticatedDataCrc32C(
                            request.hasAdditionalAuthenticatedDataCrc32C() && lie != Lie.UNVERIFIED_ASSOCIATED_DATA)
                    .setProtectionLevel(key.protection);
            if (lie != Lie.NO_CHECKSUM) {
                response.setCiphertextCrc32C(told(lie, ciphertext));
            }
            return response.build();
        }
    }

    private DecryptResponse decrypt(DecryptRequest request) {
        Lie lie = kms.lie();
        Matcher name = matched(request.getName());
        if (name.group(2) != null) {
            throw Errors.invalid("The request must name a CryptoKey, not a version of one.");
        }
        gate.demand("cloudkms.cryptoKeyVersions.useToDecrypt", request.getName(), "on");
        ByteString ciphertext =
                lie == Lie.CHANGED_REQUEST ? Answering.changed(request.getCiphertext()) : request.getCiphertext();
        ByteString associated = request.getAdditionalAuthenticatedData();
        synchronized (kms) {
            FakeKey key = key(name.group(1));
            demandPurpose(key);
            checksum(request.hasCiphertextCrc32C(), request.getCiphertextCrc32C(), ciphertext, "ciphertext");
            checksum(
                    request.hasAdditionalAuthenticatedDataCrc32C(),
                    request.getAdditionalAuthenticatedDataCrc32C(),
                    associated,
                    "additional_authenticated_data");
            if (ciphertext.size() < HEAD_BYTES + NONCE_BYTES + TAG_BYTES) {
                throw Errors.invalid("Decryption failed: the ciphertext is invalid.");
            }
            ByteBuffer head = ciphertext.asReadOnlyByteBuffer();
            FakeKey made = kms.find(head.getLong());
            FakeKey.Version version = made == null ? null : made.version(head.getInt());
            if (made != key || version == null) {
                throw Errors.invalid("Decryption failed: verify that 'name' refers to the correct CryptoKey.");
            }
            demandEnabled(key, version);
            ByteString plaintext = opened(version, ciphertext, associated);
            if (lie == Lie.EMPTY) {
                return DecryptResponse.getDefaultInstance();
            }
            DecryptResponse.Builder response = DecryptResponse.newBuilder()
                    .setPlaintext(lie == Lie.CHANGED_BYTES ? Answering.changed(plaintext) : plaintext)
                    .setUsedPrimary(version.number == key.primary)
                    .setProtectionLevel(key.protection);
            if (lie != Lie.NO_CHECKSUM) {
                response.setPlaintextCrc32C(told(lie, plaintext));
            }
            return response.build();
        }
    }

    private static Int64Value told(Lie lie, ByteString bytes) {
        return Int64Value.of(Answering.crc(bytes) ^ (lie == Lie.WRONG_CHECKSUM ? 1 : 0));
    }

    @Override
    public void getCryptoKey(GetCryptoKeyRequest request, StreamObserver<CryptoKey> to) {
        onKey(to, "cryptoKeys.get", request.getName(), key -> {
            CryptoKey shown = key.shown();
            return switch (kms.lie()) {
                case EMPTY -> CryptoKey.getDefaultInstance();
                case WRONG_NAME ->
                    shown.toBuilder().setName(shown.getName() + "-not").build();
                default -> shown;
            };
        });
    }

    @Override
    public void getCryptoKeyVersion(GetCryptoKeyVersionRequest request, StreamObserver<CryptoKeyVersion> to) {
        onVersion(to, "get", request.getName(), (key, version) -> {
            // What was being generated is ready when it is looked at.
            if (version.state == CryptoKeyVersionState.PENDING_GENERATION) {
                version.state = CryptoKeyVersionState.ENABLED;
            }
        });
    }

    /** A version of a key in hardware is not ready at once. */
    @Override
    public void createCryptoKeyVersion(CreateCryptoKeyVersionRequest request, StreamObserver<CryptoKeyVersion> to) {
        onKey(to, "cryptoKeyVersions.create", request.getParent(), key -> {
            if (key.protection == ProtectionLevel.EXTERNAL) {
                throw Errors.invalid("An external key's version needs external_protection_level_options.");
            }
            return key.shown(key.add(
                    key.protection == ProtectionLevel.HSM
                            ? CryptoKeyVersionState.PENDING_GENERATION
                            : CryptoKeyVersionState.ENABLED));
        });
    }

    @Override
    public void updateCryptoKeyPrimaryVersion(
            UpdateCryptoKeyPrimaryVersionRequest request, StreamObserver<CryptoKey> to) {
        onKey(to, "cryptoKeys.update", request.getName(), key -> {
            demandPurpose(key);
            if (!request.getCryptoKeyVersionId().matches("[0-9]{1,9}")) {
                throw Errors.invalid("Invalid crypto_key_version_id.");
            }
            FakeKey.Version version = version(key, Integer.parseInt(request.getCryptoKeyVersionId()));
            demandEnabled(key, version);
            key.primary = version.number;
            return key.shown();
        });
    }

    /** Enables and disables. */
    @Override
    public void updateCryptoKeyVersion(UpdateCryptoKeyVersionRequest request, StreamObserver<CryptoKeyVersion> to) {
        onVersion(to, "update", request.getCryptoKeyVersion().getName(), (key, version) -> {
            CryptoKeyVersionState wanted = request.getCryptoKeyVersion().getState();
            if (!request.getUpdateMask().getPathsList().equals(List.of("state")) || !usable(wanted)) {
                throw Errors.invalid("Only the state may be changed, to ENABLED or DISABLED.");
            }
            demandUsable(key, version);
            version.state = wanted;
        });
    }

    /** Only schedules it; {@link FakeKms#destroy} is what time does then. */
    @Override
    public void destroyCryptoKeyVersion(DestroyCryptoKeyVersionRequest request, StreamObserver<CryptoKeyVersion> to) {
        onVersion(to, "destroy", request.getName(), (key, version) -> {
            demandUsable(key, version);
            version.state = CryptoKeyVersionState.DESTROY_SCHEDULED;
        });
    }

    @Override
    public void restoreCryptoKeyVersion(RestoreCryptoKeyVersionRequest request, StreamObserver<CryptoKeyVersion> to) {
        onVersion(to, "restore", request.getName(), (key, version) -> {
            if (version.state != CryptoKeyVersionState.DESTROY_SCHEDULED) {
                throw Errors.precondition(key.nameOf(version) + " is not scheduled for destruction.");
            }
            version.state = CryptoKeyVersionState.DISABLED;
        });
    }

    /** Answers what {@code how} makes of the key that a resource names, or is a part of, if the caller may. */
    private <A> void onKey(StreamObserver<A> to, String permission, String resource, Function<FakeKey, A> how) {
        onResource(to, permission, resource, (key, name) -> how.apply(key));
    }

    /** Answers with the version that a resource names, as it is when {@code change} is done. */
    private void onVersion(
            StreamObserver<CryptoKeyVersion> to,
            String permission,
            String resource,
            BiConsumer<FakeKey, FakeKey.Version> change) {
        onResource(to, "cryptoKeyVersions." + permission, resource, (key, name) -> {
            FakeKey.Version version = named(key, name);
            change.accept(key, version);
            return key.shown(version);
        });
    }

    private <A> void onResource(
            StreamObserver<A> to, String permission, String resource, BiFunction<FakeKey, Matcher, A> how) {
        Answering.answer(to, () -> {
            Matcher name = matched(resource);
            gate.demand("cloudkms." + permission, resource, "on");
            synchronized (kms) {
                return how.apply(key(name.group(1)), name);
            }
        });
    }

    // ---- what is demanded

    private static Matcher matched(String name) {
        Matcher matcher = KEY.matcher(name);
        if (!matcher.matches()) {
            throw Errors.invalid("The request contains an invalid resource name: '" + name + "'.");
        }
        return matcher;
    }

    private FakeKey key(String name) {
        FakeKey key = kms.find(name);
        if (key == null) {
            throw Errors.notFound("CryptoKey " + name + " not found.");
        }
        return key;
    }

    private static FakeKey.Version named(FakeKey key, Matcher name) {
        if (name.group(2) == null) {
            throw Errors.invalid("The request must name a CryptoKeyVersion.");
        }
        return version(key, Integer.parseInt(name.group(2)));
    }

    private static FakeKey.Version version(FakeKey key, int number) {
        FakeKey.Version version = key.version(number);
        if (version == null) {
            throw number == 0
                    ? Errors.precondition(key.name + " has no primary version.")
                    : Errors.notFound("CryptoKeyVersion " + key.name + "/cryptoKeyVersions/" + number + " not found.");
        }
        return version;
    }

    private static void demandPurpose(FakeKey key) {
        if (key.purpose != CryptoKeyPurpose.ENCRYPT_DECRYPT) {
            throw Errors.invalid(key.name + " has purpose " + key.purpose + ", which does not allow this operation.");
        }
    }

    private static void demandEnabled(FakeKey key, FakeKey.Version version) {
        if (version.state != CryptoKeyVersionState.ENABLED) {
            throw Errors.notEnabled(key.nameOf(version), version.state.name());
        }
    }

    private static boolean usable(CryptoKeyVersionState state) {
        return state == CryptoKeyVersionState.ENABLED || state == CryptoKeyVersionState.DISABLED;
    }

    private static void demandUsable(FakeKey key, FakeKey.Version version) {
        if (!usable(version.state)) {
            throw Errors.notEnabled(key.nameOf(version), version.state.name());
        }
    }

    private static void demandSizes(FakeKey key, ByteString plaintext, ByteString associated) {
        boolean tooLong = key.protection == ProtectionLevel.HSM
                ? plaintext.size() + associated.size() > MOST_BYTES_OF_HARDWARE
                : plaintext.size() > MOST_BYTES || associated.size() > MOST_BYTES;
        if (tooLong) {
            throw Errors.invalid("The plaintext or the additional authenticated data is too large.");
        }
    }

    private static void checksum(boolean given, Int64Value value, ByteString bytes, String field) {
        if (given && value.getValue() != Answering.crc(bytes)) {
            throw Errors.invalid(
                    "The checksum in field " + field + "_crc32c did not match the data in field " + field + ".");
        }
    }

    // ---- what is done

    private static ByteString sealed(
            FakeKey key, FakeKey.Version version, ByteString plaintext, ByteString associated) {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES)
                .putLong(key.id)
                .putInt(version.number)
                .flip();
        try {
            Cipher cipher = cipher(Cipher.ENCRYPT_MODE, version, nonce, head.array(), associated);
            return ByteString.copyFrom(head)
                    .concat(ByteString.copyFrom(nonce))
                    .concat(ByteString.copyFrom(cipher.doFinal(plaintext.toByteArray())));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ByteString opened(FakeKey.Version version, ByteString ciphertext, ByteString associated) {
        byte[] head = ciphertext.substring(0, HEAD_BYTES).toByteArray();
        byte[] nonce =
                ciphertext.substring(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES).toByteArray();
        byte[] body = ciphertext.substring(HEAD_BYTES + NONCE_BYTES).toByteArray();
        try {
            return ByteString.copyFrom(cipher(Cipher.DECRYPT_MODE, version, nonce, head, associated)
                    .doFinal(body));
        } catch (javax.crypto.AEADBadTagException e) {
            throw Errors.invalid("Decryption failed: the ciphertext is invalid.");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Cipher cipher(int mode, FakeKey.Version version, byte[] nonce, byte[] head, ByteString associated)
            throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(version.material, "AES"), new GCMParameterSpec(TAG_BYTES * 8, nonce));
        cipher.updateAAD(head);
        cipher.updateAAD(associated.toByteArray());
        return cipher;
    }
}
