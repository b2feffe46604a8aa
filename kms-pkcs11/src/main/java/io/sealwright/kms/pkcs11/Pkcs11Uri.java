package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ForeignText;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which key on which token: an RFC 7512 URI, read strictly. It says nothing of how the token is reached: a module's path
 * in a URI would let whoever writes the URI load code into this process, and a PIN would end in logs. What it does not
 * know it refuses, since an attribute that is skipped may be the one that told two keys apart.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc7512">RFC 7512</a>, section 2.3
 */
final class Pkcs11Uri {
    static final String SCHEME = "pkcs11";

    /** CK_TOKEN_INFO's field. */
    private static final int LONGEST_TOKEN_LABEL = 32;

    private static final int LONGEST_LABEL = 255;
    private static final int LONGEST_ID = 255;
    private static final int LONGEST_URI = 2048;

    private static final Set<String> KNOWN = Set.of("token", "manufacturer", "model", "serial", "object", "id", "type");

    private static final Set<String> IN_QUERY = Set.of("pin-value", "pin-source", "module-path", "module-name");

    /** What of a URI that cannot be used is shown: it may hold a PIN where none belongs. */
    private static final Set<String> SHOWN = Set.of("token", "object", "serial");

    /** What RFC 7512 lets stand in the path without percent-encoding, besides letters and digits. */
    private static final String PLAIN = "-._~:[]@!$'()*+,=&";

    private final String token;
    private final String object;
    private final byte @Nullable [] id;
    private final @Nullable String serial;
    private final @Nullable String model;
    private final @Nullable String manufacturer;

    private Pkcs11Uri(String token, String object, byte @Nullable [] id, Map<String, String> others) {
        this.token = token;
        this.object = object;
        this.id = id;
        this.serial = others.get("serial");
        this.model = others.get("model");
        this.manufacturer = others.get("manufacturer");
    }

    /**
     * Reads what stands behind the scheme.
     *
     * @throws ConfigurationException if it is none, or says more than a URI may
     */
    static Pkcs11Uri parse(String rest) {
        if (rest.length() > LONGEST_URI) {
            throw unusable(rest, "It has more than " + LONGEST_URI + " characters.");
        }
        refuseQuery(rest);
        Map<String, byte[]> values = new LinkedHashMap<>();
        for (String attribute : rest.split(";", -1)) {
            int equals = attribute.indexOf('=');
            String name = equals < 0 ? attribute : attribute.substring(0, equals);
            if (equals < 0) {
                throw unusable(rest, "Between two ';' something stands that is no NAME=VALUE.");
            }
            if (!KNOWN.contains(name)) {
                throw unusable(rest, refusal(name));
            }
            if (values.put(name, decoded(rest, name, attribute.substring(equals + 1))) != null) {
                throw unusable(rest, "The attribute '" + name + "' stands twice.");
            }
        }
        return checked(rest, values);
    }

    private static Pkcs11Uri checked(String rest, Map<String, byte[]> values) {
        byte[] id = values.remove("id");
        Map<String, String> texts = new LinkedHashMap<>();
        values.forEach((name, bytes) -> texts.put(name, text(rest, name, bytes)));
        String token = texts.get("token");
        String object = texts.get("object");
        if (token == null || object == null) {
            throw unusable(
                    rest,
                    "It has no '" + (token == null ? "token" : "object") + "', the label of the "
                            + (token == null ? "token" : "key") + ".");
        }
        if (token.getBytes(StandardCharsets.UTF_8).length > LONGEST_TOKEN_LABEL
                || object.getBytes(StandardCharsets.UTF_8).length > LONGEST_LABEL
                || id != null && id.length > LONGEST_ID) {
            throw unusable(rest, "A label or an id is longer than any token allows.");
        }
        String type = texts.getOrDefault("type", "secret-key");
        if (!type.equals("secret-key")) {
            throw unusable(rest, "Its type is not 'secret-key'; a master key is an AES key.");
        }
        return new Pkcs11Uri(token, object, id, texts);
    }

    private static void refuseQuery(String rest) {
        int query = rest.indexOf('?');
        if (query < 0) {
            return;
        }
        for (String attribute : rest.substring(query + 1).split("&", -1)) {
            String name = attribute.split("=", 2)[0];
            if (IN_QUERY.contains(name)) {
                throw unusable(rest, refusal(name));
            }
        }
        throw unusable(rest, "It has a query, behind '?'.");
    }

    private static String refusal(String name) {
        return switch (name) {
            case "pin-value", "pin-source" -> "It has a '" + name + "': a PIN would end in logs and lists.";
            case "module-path", "module-name" ->
                "It has a '" + name + "': a URI must not choose the code that is loaded into this process.";
            case "slot-id", "slot-description", "slot-manufacturer" ->
                "It names a slot ('" + name + "'), whose number changes when readers or tokens do.";
            case "library-manufacturer", "library-description", "library-version" ->
                "It names a library ('" + name + "'), which the configuration chooses.";
            default -> "It has an attribute that is not known here: '" + ForeignText.shown(name) + "'.";
        };
    }

    private static byte[] decoded(String rest, String name, String value) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(value.length());
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '%') {
                if (i + 2 >= value.length()
                        || !HexFormat.isHexDigit(value.charAt(i + 1))
                        || !HexFormat.isHexDigit(value.charAt(i + 2))) {
                    throw unusable(rest, "In '" + name + "' a '%' is not followed by two hex digits.");
                }
                bytes.write(HexFormat.fromHexDigits(value, i + 1, i + 3));
                i += 2;
            } else if (isPlain(c)) {
                bytes.write(c);
            } else {
                throw unusable(rest, "In '" + name + "' a character stands that must be percent-encoded.");
            }
        }
        if (bytes.size() == 0) {
            throw unusable(rest, "The attribute '" + name + "' is empty.");
        }
        return bytes.toByteArray();
    }

    private static String text(String rest, String name, byte[] bytes) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw unusable(rest, "The attribute '" + name + "' is not UTF-8.");
        }
        if (text.codePoints().anyMatch(Character::isISOControl)) {
            throw unusable(rest, "The attribute '" + name + "' has a control character.");
        }
        return text;
    }

    private static boolean isPlain(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || PLAIN.indexOf(c) >= 0;
    }

    private static ConfigurationException unusable(String rest, String why) {
        String known = Arrays.stream(rest.split("\\?", 2)[0].split(";"))
                .filter(attribute ->
                        attribute.contains("=") && SHOWN.contains(attribute.split("=", 2)[0]))
                .collect(Collectors.joining(";"));
        return new ConfigurationException(
                "The master key URI 'pkcs11:" + ForeignText.shown(known) + "…' cannot be used.",
                why,
                "Give pkcs11:token=LABEL;object=LABEL, with serial, model, manufacturer or id where these are not enough;"
                        + " module and PIN come from KMS_PKCS11_MODULE and KMS_PKCS11_PIN_FILE, or from Pkcs11Options.");
    }

    /** The token's label. */
    String token() {
        return token;
    }

    /** The key's label, which all of its versions have. */
    String object() {
        return object;
    }

    /** The one version that the URI pins, by its CKA_ID; null if it means the key with all its versions. */
    byte @Nullable [] id() {
        return id == null ? null : id.clone();
    }

    boolean pins(byte[] other) {
        return id == null || Arrays.equals(id, other);
    }

    /** Tells whether a token is the one meant. */
    boolean matches(TokenFacts facts) {
        return facts.label().equals(token)
                && (serial == null || serial.equals(facts.serial()))
                && (model == null || model.equals(facts.model()))
                && (manufacturer == null || manufacturer.equals(facts.manufacturer()));
    }

    /**
     * What headers name the key by: its label and its token's, in one spelling. No serial number, so that the key opens
     * from a clone of the token, and no version, which the wrap has.
     */
    byte[] family() {
        return ("token=" + encoded(token) + ";object=" + encoded(object)).getBytes(StandardCharsets.US_ASCII);
    }

    private static String encoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0)) {
                encoded.append(c);
            } else {
                encoded.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return encoded.toString();
    }

    /** The URI in one spelling. */
    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder(SCHEME).append(':').append(new String(family(), StandardCharsets.US_ASCII));
        if (id != null) {
            text.append(";id=");
            for (byte b : id) {
                text.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        append(text, "serial", serial);
        append(text, "model", model);
        append(text, "manufacturer", manufacturer);
        return text.toString();
    }

    private static void append(StringBuilder text, String name, @Nullable String value) {
        if (value != null) {
            text.append(';').append(name).append('=').append(encoded(Objects.requireNonNull(value)));
        }
    }
}
