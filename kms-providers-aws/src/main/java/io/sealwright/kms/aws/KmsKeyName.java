package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ForeignText;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What names a KMS key: its ARN, which needs no question, or a key id, an alias, or an alias' ARN, which KMS has to
 * resolve.
 *
 * @param text as given
 * @param region of an ARN; null otherwise
 * @param arn the key's ARN, if the text is one
 */
record KmsKeyName(
        String text, @Nullable String region, @Nullable Arn arn) {
    private static final String PREFIX = "(arn:aws[a-z-]*:kms:)([a-z0-9-]+)(:[0-9]{12}:)";
    private static final Pattern KEY_ARN = Pattern.compile(PREFIX + "key/([A-Za-z0-9-]{1,128})");
    private static final Pattern ALIAS_ARN = Pattern.compile(PREFIX + "alias/[A-Za-z0-9/_-]{1,250}");
    private static final Pattern LOCAL = Pattern.compile("alias/[A-Za-z0-9/_-]{1,250}"
            + "|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}");

    /** @throws ConfigurationException if it names no key */
    static KmsKeyName parse(String text) {
        Arn arn = Arn.parse(text);
        if (arn != null) {
            return new KmsKeyName(text, arn.region(), arn);
        }
        Matcher alias = ALIAS_ARN.matcher(text);
        if (alias.matches()) {
            return new KmsKeyName(text, alias.group(2), null);
        }
        if (LOCAL.matcher(text).matches()) {
            return new KmsKeyName(text, null, null);
        }
        throw new ConfigurationException(
                "'" + ForeignText.shown(text) + "' names no KMS key.",
                "It must be a key's ARN, an alias' ARN, alias/NAME, or a key id.",
                "Correct it; the key's page in the console shows its ARN.");
    }

    /** Whether that can be the key that is named: of an alias any, else the one with that id. */
    boolean fits(Arn told) {
        return arn == null ? text.contains("alias/") || told.text().endsWith(":key/" + text) : arn.equals(told);
    }

    /**
     * Whether a recipient's id can be that of the key that is named, or of a replica of it. A comparison in memory of what nobody
     * vouches for.
     */
    boolean mightBe(byte[] id) {
        String told = new String(id, StandardCharsets.US_ASCII);
        Arn other = id.length == told.length() ? Arn.parse(told) : null;
        if (other == null || !fits(other)) {
            return false;
        }
        Matcher alias = ALIAS_ARN.matcher(text);
        if (!alias.matches()) {
            return true;
        }
        // An alias is of the account and region of its key; a replica of that key is of another region.
        Matcher key = KEY_ARN.matcher(told);
        return key.matches()
                && key.group(1).equals(alias.group(1))
                && key.group(3).equals(alias.group(3))
                && (other.everywhere() != null || key.group(2).equals(alias.group(2)));
    }

    /**
     * A key's ARN.
     *
     * @param text all of it
     * @param region the key's
     * @param everywhere the ARN without its region, if the key is a multi-region one: its replicas have the same material
     *     and differ in the region alone
     */
    record Arn(String text, String region, @Nullable String everywhere) {
        /** Null if it is none. */
        static @Nullable Arn parse(String text) {
            Matcher matcher = KEY_ARN.matcher(text);
            if (!matcher.matches()) {
                return null;
            }
            String everywhere =
                    matcher.group(4).startsWith("mrk-") ? matcher.group(1) + matcher.group(3) + matcher.group(4) : null;
            return new Arn(text, matcher.group(2), everywhere);
        }

        byte[] id() {
            return text.getBytes(StandardCharsets.US_ASCII);
        }

        /** Tells whether that is this key, or a replica of it. A comparison in memory of what nobody vouches for. */
        boolean same(byte[] id) {
            String other = new String(id, StandardCharsets.US_ASCII);
            if (text.equals(other)) {
                return id.length == text.length();
            }
            if (everywhere == null || id.length != other.length()) {
                return false;
            }
            Arn parsed = parse(other);
            return parsed != null && everywhere.equals(parsed.everywhere);
        }
    }
}
