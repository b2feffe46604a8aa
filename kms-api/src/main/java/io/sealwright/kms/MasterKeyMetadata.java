package io.sealwright.kms;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a master key's provider tells about it; nothing of it is secret, and nothing of it is authenticated: it is for
 * people and their dashboards, and decides nothing.
 *
 * @param masterKey the key's URI
 * @param version the version that wraps now, as the provider calls it; null if it does not tell
 * @param description what the key's owner wrote there, cut at 256 characters; null if nothing
 * @param createdAt when the key, or its oldest version that is known, was made; null if the provider does not tell
 * @param rotatedAt when the version that wraps now was made; null if the provider does not tell
 * @param enabled whether the provider would wrap with it now
 * @param usage what the provider lets it do: {@code ENCRYPT_DECRYPT}, or {@code DECRYPT} of one that only opens, or the
 *     provider's own word for another purpose; null if the provider does not tell
 * @param spec the kind of key, in the provider's own word ({@code SYMMETRIC_DEFAULT}, {@code aes256-gcm96}), or
 *     {@code AES-256}; null if the provider does not tell
 */
public record MasterKeyMetadata(
        String masterKey,
        @Nullable String version,
        @Nullable String description,
        @Nullable Instant createdAt,
        @Nullable Instant rotatedAt,
        boolean enabled,
        @Nullable String usage,
        @Nullable String spec) {
    private static final int LONGEST_DESCRIPTION = 256;

    /** Checks that the URI is there; cuts the description. */
    public MasterKeyMetadata {
        Objects.requireNonNull(masterKey, "masterKey");
        if (description != null && description.length() > LONGEST_DESCRIPTION) {
            description = description.substring(0, LONGEST_DESCRIPTION);
        }
    }

    /** Of a key that can be used and of which no more is known. */
    public static MasterKeyMetadata enabled(String masterKey) {
        return new MasterKeyMetadata(masterKey, null, null, null, null, true, null, null);
    }
}
