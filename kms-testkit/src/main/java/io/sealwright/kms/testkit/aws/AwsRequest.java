package io.sealwright.kms.testkit.aws;

import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One request whose sender is known: its action and parameters.
 *
 * @param service {@code kms}, {@code secretsmanager} or {@code ssm}
 * @param operation as in {@code Decrypt}
 * @param region the one that the signature is for
 * @param parameters the JSON body
 */
record AwsRequest(String service, String operation, String region, Map<String, Object> parameters) {
    /** As permissions name it, {@code kms:Decrypt}. */
    String action() {
        return service + ":" + operation;
    }

    /** Refuses parameters that the operation does not have, as a typing error in a client would send. */
    void demandOnly(String... names) throws AwsError {
        for (String name : parameters.keySet()) {
            if (!Set.of(names).contains(name)) {
                throw new AwsError("SerializationException", "Unknown parameter: " + name);
            }
        }
    }

    String text(String name) throws AwsError {
        String text = optional(name);
        if (text == null || text.isEmpty()) {
            throw AwsError.validation(name, "not be null");
        }
        return text;
    }

    @Nullable
    String optional(String name) throws AwsError {
        Object value = parameters.get(name);
        if (value != null && !(value instanceof String)) {
            throw new AwsError("SerializationException", name + " is no text");
        }
        return (String) value;
    }

    String text(String name, String otherwise) throws AwsError {
        String value = optional(name);
        return value == null ? otherwise : value;
    }

    boolean flag(String name) throws AwsError {
        Object value = parameters.getOrDefault(name, false);
        if (!(value instanceof Boolean flag)) {
            throw new AwsError("SerializationException", name + " is no boolean");
        }
        return flag;
    }

    /** @param otherwise if it is not there */
    long number(String name, long otherwise, long least, long most) throws AwsError {
        Object value = parameters.getOrDefault(name, otherwise);
        if (!(value instanceof Long number)) {
            throw new AwsError("SerializationException", name + " is no whole number");
        }
        if (number < least || number > most) {
            throw AwsError.validation(name, "have value between " + least + " and " + most);
        }
        return number;
    }

    byte[] bytes(String name, int most) throws AwsError {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(text(name));
        } catch (IllegalArgumentException e) {
            throw new AwsError("SerializationException", name + " is no base64");
        }
        if (bytes.length < 1 || bytes.length > most) {
            throw AwsError.validation(name, "have length between 1 and " + most);
        }
        return bytes;
    }

    Map<String, String> texts(String name) throws AwsError {
        Object value = parameters.getOrDefault(name, Map.of());
        Map<String, String> texts = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                if (!(entry.getValue() instanceof String text)) {
                    throw new AwsError("SerializationException", name + " holds what is no text");
                }
                texts.put((String) entry.getKey(), text);
            }
            return texts;
        }
        throw new AwsError("SerializationException", name + " is no map");
    }

    List<?> list(String name) throws AwsError {
        Object value = parameters.getOrDefault(name, List.of());
        if (!(value instanceof List<?> list)) {
            throw new AwsError("SerializationException", name + " is no list");
        }
        return list;
    }
}
