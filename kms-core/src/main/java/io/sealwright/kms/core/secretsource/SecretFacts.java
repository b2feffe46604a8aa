package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import java.time.Instant;
import java.util.Comparator;

/** What a store's answer tells about a secret without the secret. */
final class SecretFacts {
    private SecretFacts() {}

    static MasterKeyMetadata of(String uri, SecretVersions there) {
        SecretVersion current = there.current();
        Instant rotated = current.created().orElse(null);
        Instant created = there.previous().stream()
                .flatMap(version -> version.created().stream())
                .min(Comparator.naturalOrder())
                .orElse(rotated);
        String spec = current.form() == SecretVersion.Form.KEY ? "AES-256" : "passphrase";
        return new MasterKeyMetadata(uri, current.name(), null, created, rotated, true, "ENCRYPT_DECRYPT", spec);
    }
}
