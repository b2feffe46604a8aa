package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.provider.Verdicts.Matter;
import io.sealwright.kms.spi.MasterKey;
import org.jspecify.annotations.Nullable;

/**
 * Material that a master key unwrapped, and which version of it did.
 *
 * @param material the caller's to close
 */
record Opened(SecretBytes material, Source source) implements AutoCloseable {
    /**
     * Where material came from.
     *
     * @param version as the key names it
     * @param context what the wrap is bound to
     */
    record Source(MasterKey key, String version, EncryptionContext context) {
        boolean concernedBy(Matter matter) {
            return matter.concernsOpening(key, version, context);
        }

        /** Whether that version of that key is this one: then its answer is one to a check. */
        static boolean proven(@Nullable Source source, MasterKey key, String version) {
            return source != null
                    && source.key().equals(key)
                    && source.version().equals(version);
        }
    }

    @Override
    public void close() {
        material.close();
    }

    @Override
    public String toString() {
        return "Opened[redacted]";
    }
}
