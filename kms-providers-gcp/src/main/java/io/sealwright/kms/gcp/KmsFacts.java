package io.sealwright.kms.gcp;

import com.google.cloud.kms.v1.CryptoKey;
import com.google.cloud.kms.v1.CryptoKey.CryptoKeyPurpose;
import com.google.cloud.kms.v1.CryptoKeyVersion;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.protobuf.Timestamp;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What Google tells about a key.
 *
 * @param key as it came
 * @param primary the primary version's number; 0 if there is none
 */
record KmsFacts(CryptoKey key, int primary) {
    static KmsFacts of(CryptoKey key, String name) {
        return new KmsFacts(key, Names.version(key.getPrimary().getName(), name));
    }

    private CryptoKeyVersion version() {
        return key.getPrimary();
    }

    /**
     * @throws ConfigurationException if keys of such a purpose bind no context
     * @throws RefusedException if there is no primary version, or it is disabled or scheduled for destruction
     * @throws KeyNotFoundException if it is destroyed
     * @throws UnavailableException if it is not ready
     */
    void requireUsable(String uri) {
        if (key.getPurpose() != CryptoKeyPurpose.ENCRYPT_DECRYPT) {
            throw new ConfigurationException(
                    uri + " cannot be a master key.",
                    "Its purpose is " + key.getPurpose() + ", not ENCRYPT_DECRYPT.",
                    "Make another one with --purpose encryption.");
        }
        if (primary == 0) {
            throw new RefusedException(
                    ErrorCode.KMS_KEY_STATE_REFUSED,
                    uri + " cannot be used.",
                    "It has no primary version.",
                    "Make one: gcloud kms keys versions create --primary.");
        }
        String which = "Its primary version, " + primary + ", is " + version().getState() + ".";
        switch (version().getState()) {
            case ENABLED -> {
                // What it should be.
            }
            case DISABLED, DESTROY_SCHEDULED ->
                throw new RefusedException(
                        ErrorCode.KMS_KEY_STATE_REFUSED,
                        uri + " cannot be used.",
                        which,
                        "Enable or restore it if that was a mistake, or make another version primary.");
            case DESTROYED ->
                throw new KeyNotFoundException(
                        uri + " cannot be used.",
                        which,
                        "Make another version: gcloud kms keys versions create --primary.");
            default ->
                throw new UnavailableException(
                        uri + " cannot be used yet.", which, "Wait until Google has made it, or look why it does not.");
        }
    }

    /** One line for people. */
    String told(String uri) {
        return uri + ": " + version().getAlgorithm() + ", " + version().getProtectionLevel() + ", version " + primary
                + " of " + instant(version().getCreateTime())
                + (key.hasRotationPeriod()
                        ? ", rotated every " + key.getRotationPeriod().getSeconds() / 86_400 + " days"
                        : ", rotated by hand");
    }

    MasterKeyMetadata metadata(String uri) {
        boolean enabled = primary != 0
                && key.getPurpose() == CryptoKeyPurpose.ENCRYPT_DECRYPT
                && version().getState() == CryptoKeyVersionState.ENABLED;
        return new MasterKeyMetadata(
                uri,
                primary == 0 ? null : Integer.toString(primary),
                null,
                key.hasCreateTime() ? instant(key.getCreateTime()) : null,
                rotated(),
                enabled,
                key.getPurpose().name(),
                primary == 0 ? null : version().getAlgorithm().name());
    }

    private @Nullable Instant rotated() {
        return primary != 0 && version().hasCreateTime() ? instant(version().getCreateTime()) : null;
    }

    private static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds());
    }
}
