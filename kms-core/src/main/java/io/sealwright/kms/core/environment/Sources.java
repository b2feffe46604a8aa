package io.sealwright.kms.core.environment;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.Variables;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Looks settings up: the system property first, then the variables, which must agree if two are set. */
final class Sources {
    private static final int MOST_SHOWN = 60;

    private final Variables variables;
    private final UnaryOperator<@Nullable String> properties;

    Sources(Variables variables, UnaryOperator<@Nullable String> properties) {
        this.variables = variables;
        this.properties = properties;
    }

    Variables variables() {
        return variables;
    }

    /**
     * What is set; not for secrets.
     *
     * @throws ConfigurationException if it is malformed, or two variables contradict each other
     */
    <T> Optional<Found<T>> find(Setting<T> setting) {
        List<Found<T>> all = new ArrayList<>();
        for (String variable : setting.variables()) {
            variables.value(variable).ifPresent(text -> all.add(parsed(setting, variable, text)));
        }
        for (Found<T> other : all) {
            if (!other.value().equals(all.get(0).value())) {
                throw new ConfigurationException(
                        all.get(0).where() + " and " + other.where() + " contradict each other.",
                        "They mean the same, and are " + all.get(0).text() + " and " + other.text() + ".",
                        "Unset one of them.");
            }
        }
        String property = setting.property();
        String text = property == null ? null : properties.apply(property);
        return text == null || text.isEmpty()
                ? all.stream().findFirst()
                : Optional.of(parsed(setting, "-D" + property, text));
    }

    /** As {@link #find}; an error that says what the setting is needed for if it is not set. */
    <T> Found<T> demand(Setting<T> setting, String needs) {
        return find(setting).orElseThrow(() -> missing(setting, needs));
    }

    /** Stops where a secret is not there, neither as a value nor as a file's name. */
    void demandSecret(Setting<String> secret, String needs) {
        if (!variables.hasSecret(secret.variable())) {
            throw missing(secret, needs);
        }
    }

    private static ConfigurationException missing(Setting<?> setting, String needs) {
        return new ConfigurationException(
                setting.variable() + " is not set.",
                needs,
                "Set " + setting.variable() + " to " + setting.parser().allowed() + ".");
    }

    private static <T> Found<T> parsed(Setting<T> setting, String where, String text) {
        T value = setting.parser().read().apply(text);
        if (value == null) {
            throw new ConfigurationException(
                    where + " has no value that is allowed.",
                    "It is '" + shown(text) + "'.",
                    "Allowed: " + setting.parser().allowed() + ".");
        }
        return new Found<>(value, where, "'" + shown(text) + "'");
    }

    private static String shown(String text) {
        // What stands before an @ in an address is a user and a password.
        String clean = text.replaceAll("//\\S*@", "//…@").replaceAll("[\\p{Cntrl}\\p{Cf}]", "?");
        return clean.length() <= MOST_SHOWN ? clean : clean.substring(0, MOST_SHOWN) + "…";
    }
}
