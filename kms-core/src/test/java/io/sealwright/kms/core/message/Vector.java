package io.sealwright.kms.core.message;

import io.sealwright.kms.core.message.MessageBuilder.Key;
import io.sealwright.kms.core.message.MessageBuilder.Message;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One case: what the opener has and says, the message, and what comes of it. Mutable while it is made. */
final class Vector {
    static final String OK = "ok";

    final String name;
    final String description;
    final String result;
    List<Key> masterKeys = List.of(VectorGenerator.MASTER);
    List<Key> namedKeys = List.of();
    List<String> passphrases = List.of();
    Map<String, String> context = new LinkedHashMap<>();
    byte[] associatedData = {};
    boolean allowUnencrypted;
    byte[] message = {};
    byte @Nullable [] plaintext;

    @Nullable
    String token;

    Map<String, byte[]> steps = Map.of();
    Map<String, byte[]> fields = Map.of();

    Vector(String name, String description, String result) {
        this.name = name;
        this.description = description;
        this.result = result;
    }

    Vector masterKeys(Key... keys) {
        masterKeys = List.of(keys);
        return this;
    }

    Vector namedKeys(Key... keys) {
        namedKeys = List.of(keys);
        return this;
    }

    Vector passphrases(String... texts) {
        passphrases = List.of(texts);
        return this;
    }

    /** What the opener states: names and values in turn. */
    Vector context(String... pairs) {
        context.clear();
        for (int i = 0; i < pairs.length; i += 2) {
            context.put(pairs[i], pairs[i + 1]);
        }
        return this;
    }

    Vector aad(byte[] value) {
        associatedData = value;
        return this;
    }

    Vector allowUnencrypted() {
        allowUnencrypted = true;
        return this;
    }

    Vector message(byte[] value) {
        message = value;
        return this;
    }

    Vector plaintext(byte[] value) {
        plaintext = value;
        return this;
    }

    Vector token(String value) {
        token = value;
        return this;
    }

    /** Shows how the message came about. */
    Vector explained(Message built) {
        steps = built.steps;
        fields = built.fields;
        return this;
    }
}
