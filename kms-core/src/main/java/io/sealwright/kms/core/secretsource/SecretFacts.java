package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import java.time.Instant;
import java.util.Comparator;
import java.util.stream.Stream;

/** What a store's answer tells about a secret without the secret. */
final class SecretFacts {
    private SecretFacts() {}

    static MasterKeyMetadata of(String uri, SecretVersions there) {
        SecretVersion current = there.current();
        Instant rotated = current.created().orElse(null);
        Instant created = Stream.of(
                        there.created().stream(),
                        current.created().stream(),
                        there.previous().stream().flatMap(version -> version.created().stream()))
                .flatMap(times -> times)
                .min(Comparator.naturalOrder())
                .orElse(null);
        String description = there.description().orElse(null);
        String spec = current.form() == SecretVersion.Form.KEY ? "AES-256" : "passphrase";
        return new MasterKeyMetadata(uri, current.name(), description, created, rotated, true, "ENCRYPT_DECRYPT", spec);
    }
}
