package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.EncryptionContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Seals and opens what leaves a store in one piece. Such messages carry a reserved name in their context, which decrypt
 * refuses and no user can state, so that neither passes for a message nor a message for one of them. Made by the engine,
 * which has the means.
 */
public interface Parcels {
    /** What a parcel holds. */
    enum Content {
        /** One named key. */
        KEY_EXPORT("key-export", "export of a key"),
        /** All rows of a store. */
        BACKUP("backup", "backup of a store");

        /** The reserved name that says so. */
        private static final String NAME = EncryptionContext.RESERVED_PREFIX + "content";

        private final String value;
        private final String text;

        Content(String value, String text) {
            this.value = value;
            this.text = text;
        }

        /** What it is, in words. */
        public String text() {
            return text;
        }

        /** The context of such a parcel, with more reserved pairs. */
        public EncryptionContext context(Map<String, String> more) {
            Map<String, String> pairs = new TreeMap<>(more);
            pairs.put(NAME, value);
            return EncryptionContext.encode(pairs);
        }

        /** Tells whether a header's context is one of such a parcel. */
        public boolean isIn(EncryptionContext context) {
            return value.equals(context.pairs().get(NAME))
                    && context.pairs().keySet().stream()
                            .allMatch(name -> name.startsWith(EncryptionContext.RESERVED_PREFIX));
        }
    }

    /** URIs of the master keys that wrap. */
    List<String> masterKeys();

    /**
     * Begins a parcel.
     *
     * @param context one of {@link Content#context}
     * @param masterKey the only one it is for, or null for all that wrap
     */
    EncryptingOutputStream seal(EncryptionContext context, @Nullable String masterKey, OutputStream to)
            throws IOException;

    /**
     * Opens a parcel; every byte handed out is authenticated.
     *
     * @throws io.sealwright.kms.error.MalformedMessageException if it is none with that content
     */
    InputStream open(Content content, InputStream from) throws IOException;
}
