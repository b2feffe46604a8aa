package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.JsonValue;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.ForeignText;
import java.time.Instant;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the server tells about a transit key.
 *
 * @param type as in {@code aes256-gcm96}
 * @param latest the newest version
 * @param oldestOpening the oldest version that it still decrypts with
 * @param encrypts whether keys of that type encrypt
 * @param derived whether the key wants a context of its own for each use
 * @param softDeleted whether it is marked as deleted
 * @param created when the first version that is listed was made
 * @param rotated when the newest one was
 */
record TransitFacts(
        String type,
        long latest,
        long oldestOpening,
        boolean encrypts,
        boolean derived,
        boolean softDeleted,
        Instant created,
        Instant rotated) {
    /** Those that authenticate associated data. */
    private static final Set<String> BINDING =
            Set.of("aes128-gcm96", "aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305");

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    static TransitFacts of(Answer.Part data) {
        long first = Long.MAX_VALUE;
        long newest = 0;
        for (String name : data.part("keys").object().names()) {
            JsonValue made = data.part("keys").object().get(name);
            if (NUMBER.matcher(name).matches() && made.isNumber()) {
                first = Math.min(first, made.asLong());
                newest = Math.max(newest, made.asLong());
            }
        }
        return new TransitFacts(
                data.text("type"),
                data.number("latest_version"),
                data.number("min_decryption_version"),
                data.flag("supports_encryption"),
                data.flag("derived"),
                data.flag("soft_deleted"),
                Instant.ofEpochSecond(newest == 0 ? 0 : first),
                Instant.ofEpochSecond(newest));
    }

    /** What keys of that type are for; null if it is something else than encrypting. */
    @Nullable
    String usage() {
        return encrypts ? "ENCRYPT_DECRYPT" : null;
    }

    /**
     * @throws ConfigurationException if such a key binds no context
     * @throws RefusedException if it is marked as deleted
     */
    void requireUsable(String uri) {
        if (softDeleted) {
            throw new RefusedException(
                    ErrorCode.KMS_KEY_STATE_REFUSED,
                    "The key " + uri + " cannot be used.",
                    "It is marked as deleted (soft-deleted) on the server.",
                    "Restore it there by 'transit/keys/NAME/soft-delete-restore' if that was a mistake.");
        }
        if (!BINDING.contains(type) || derived) {
            throw new ConfigurationException(
                    "The key " + uri + " cannot be a master key.",
                    derived
                            ? "It is a derived key, which wants a context of its own for each use."
                            : "Its type is " + ForeignText.shown(type) + ", which binds no encryption context.",
                    "Make another one of type aes256-gcm96, not derived.");
        }
    }
}
