package io.sealwright.kms.testkit.gcp;

import com.google.cloud.kms.v1.CryptoKey;
import com.google.cloud.kms.v1.CryptoKeyVersion;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.cloud.kms.v1.ProtectionLevel;
import com.google.protobuf.Timestamp;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A key of the fake's KMS and its versions. Guarded by the fake. */
final class FakeKey {
    private static final SecureRandom RANDOM = new SecureRandom();

    /** A version; destroyed ones have no material. */
    static final class Version {
        final int number;
        final Timestamp created = now();
        byte[] material = new byte[32];
        CryptoKeyVersionState state;

        private Version(int number, CryptoKeyVersionState state) {
            this.number = number;
            this.state = state;
            RANDOM.nextBytes(material);
        }
    }

    final String name;
    final long id = RANDOM.nextLong();
    final CryptoKey.CryptoKeyPurpose purpose;
    final ProtectionLevel protection;
    final List<Version> versions = new ArrayList<>();
    final Timestamp created = now();
    int primary; // 0: none

    FakeKey(String name, CryptoKey.CryptoKeyPurpose purpose, ProtectionLevel protection) {
        this.name = name;
        this.purpose = purpose;
        this.protection = protection;
    }

    Version add(CryptoKeyVersionState state) {
        Version version = new Version(versions.size() + 1, state);
        versions.add(version);
        return version;
    }

    /** Null if there is none of that number. */
    @Nullable
    Version version(int number) {
        return number < 1 || number > versions.size() ? null : versions.get(number - 1);
    }

    String nameOf(Version version) {
        return name + "/cryptoKeyVersions/" + version.number;
    }

    CryptoKey shown() {
        CryptoKey.Builder shown =
                CryptoKey.newBuilder().setName(name).setPurpose(purpose).setCreateTime(created);
        Version version = version(primary);
        if (version != null) {
            shown.setPrimary(shown(version));
        }
        return shown.build();
    }

    CryptoKeyVersion shown(Version version) {
        return CryptoKeyVersion.newBuilder()
                .setName(nameOf(version))
                .setState(version.state)
                .setCreateTime(version.created)
                .setProtectionLevel(protection)
                .setAlgorithm(CryptoKeyVersionAlgorithm.GOOGLE_SYMMETRIC_ENCRYPTION)
                .build();
    }

    private static Timestamp now() {
        return Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond()).build();
    }
}
