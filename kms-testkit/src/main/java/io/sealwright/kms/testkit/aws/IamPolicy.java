package io.sealwright.kms.testkit.aws;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An identity policy: what is not allowed by a statement is denied, and so is what a statement denies. Knows actions,
 * resources with {@code *} and {@code ?}, and the condition {@code StringEquals}; refuses what else a policy can hold, since
 * passing over it would allow too much.
 *
 * @see <a href="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html">Policy
 *     evaluation logic</a>
 */
final class IamPolicy {
    private record Statement(boolean allows, List<Pattern> actions, List<Pattern> resources, Map<?, ?> equal) {}

    private final List<Statement> statements = new ArrayList<>();

    /** @throws IllegalArgumentException if it is no policy, or has parts that are not known here */
    IamPolicy(String json) {
        Map<String, Object> policy = Json.object(json);
        demandOnly(policy, Set.of("Version", "Statement"));
        if (!"2012-10-17".equals(policy.get("Version")) || !(policy.get("Statement") instanceof List<?> list)) {
            throw new IllegalArgumentException("a policy has Version 2012-10-17 and a list Statement");
        }
        for (Object one : list) {
            if (!(one instanceof Map<?, ?> statement)) {
                throw new IllegalArgumentException("a statement is an object");
            }
            demandOnly(statement, Set.of("Sid", "Effect", "Action", "Resource", "Condition"));
            Map<?, ?> equal = Map.of();
            if (statement.get("Condition") instanceof Map<?, ?> condition) {
                demandOnly(condition, Set.of("StringEquals"));
                if (!(condition.get("StringEquals") instanceof Map<?, ?> pairs)) {
                    throw new IllegalArgumentException("StringEquals is an object");
                }
                equal = pairs;
            }
            Object effect = statement.get("Effect");
            if (!"Allow".equals(effect) && !"Deny".equals(effect)) {
                throw new IllegalArgumentException("an effect is Allow or Deny");
            }
            statements.add(new Statement(
                    "Allow".equals(effect),
                    patterns(statement.get("Action")),
                    patterns(statement.get("Resource")),
                    equal));
        }
    }

    /** @param conditions what condition keys are about, as {@code kms:EncryptionContext:tenant} */
    boolean allows(String action, String resource, Map<String, String> conditions) {
        boolean allowed = false;
        for (Statement statement : statements) {
            boolean fits = matches(statement.actions(), action)
                    && matches(statement.resources(), resource)
                    && statement.equal().entrySet().stream()
                            .allMatch(equal -> equal.getValue().equals(conditions.get(String.valueOf(equal.getKey()))));
            if (fits && !statement.allows()) {
                return false;
            }
            allowed |= fits;
        }
        return allowed;
    }

    private static boolean matches(List<Pattern> patterns, String text) {
        return patterns.stream().anyMatch(pattern -> pattern.matcher(text).matches());
    }

    private static List<Pattern> patterns(@Nullable Object value) {
        List<?> texts = value instanceof List<?> list ? list : value == null ? List.of() : List.of(value);
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("a statement has Action and Resource");
        }
        List<Pattern> patterns = new ArrayList<>();
        for (Object text : texts) {
            String quoted =
                    Pattern.quote(text.toString()).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
            patterns.add(Pattern.compile(quoted));
        }
        return patterns;
    }

    private static void demandOnly(Map<?, ?> object, Set<String> names) {
        for (Object name : object.keySet()) {
            if (!names.contains(String.valueOf(name))) {
                throw new IllegalArgumentException("policies with " + name + " are not known here");
            }
        }
    }
}
