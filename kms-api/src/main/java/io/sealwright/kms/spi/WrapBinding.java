package io.sealwright.kms.spi;

import io.sealwright.kms.EncryptionContext;
import java.util.Objects;

/**
 * What a wrap is bound to. A provider must make unwrapping under another binding fail: by the vendor's own associated
 * data or encryption context, or by an inner wrap.
 *
 * @param purpose what the wrapped key is for; separates data keys from stored keys even if the context is equal
 * @param context the pairs; reserved names occur for everything but data keys
 */
public record WrapBinding(Purpose purpose, EncryptionContext context) {
    /** What a wrapped key is for. The numbers stand in associated data and never change. */
    public enum Purpose {
        /** The root of messages. */
        DATA_KEY(1),
        /** The material of a named key's version. */
        NAMED_KEY(2),
        /** The key that authenticates a store's manifests. */
        STORE_KEY(3),
        /** A pad of a key bank (reserved). */
        PAD(4),
        /** A backup (reserved). */
        BACKUP(5);

        private final int id;

        Purpose(int id) {
            this.id = id;
        }

        /** The number. */
        public int id() {
            return id;
        }
    }

    /** Checks that both are there. */
    public WrapBinding {
        Objects.requireNonNull(purpose, "purpose");
        Objects.requireNonNull(context, "context");
    }
}
