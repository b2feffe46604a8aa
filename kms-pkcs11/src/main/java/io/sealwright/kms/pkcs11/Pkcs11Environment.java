package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ForeignText;
import io.sealwright.kms.spi.Variables;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;

/** {@link Pkcs11Options} out of the environment. */
final class Pkcs11Environment {
    private static final String MODULE = "KMS_PKCS11_MODULE";
    private static final String ARGUMENTS = "KMS_PKCS11_INIT_ARGS";
    private static final String PIN = "KMS_PKCS11_PIN";
    private static final String SESSIONS = "KMS_PKCS11_SESSIONS";

    private Pkcs11Environment() {}

    /** @throws ConfigurationException naming the variable that is missing, wrong or one too many */
    static Pkcs11Options options(Variables variables, Duration timeout) {
        Pkcs11Options.Builder options = Pkcs11Options.builder().timeout(timeout);
        String library = variables
                .value(MODULE)
                .orElseThrow(() -> new ConfigurationException(
                        "The variable " + MODULE + " is not set.",
                        "A key on a PKCS#11 token needs the library that reaches it.",
                        "Set it to the whole path of that library, as in /usr/lib/softhsm/libsofthsm2.so."));
        try {
            options.library(Path.of(library));
        } catch (InvalidPathException e) {
            throw new ConfigurationException(
                    "The variable " + MODULE + " names no file.",
                    "This system does not allow its value as the name of one.",
                    "Set it to the whole path of the token's library.",
                    e);
        }
        variables.value(ARGUMENTS).ifPresent(options::libraryArguments);
        if (variables.value(PIN).isPresent() && variables.fileOf(PIN).isPresent()) {
            throw new ConfigurationException(
                    PIN + " and " + PIN + "_FILE are both set.",
                    "Which of them counts cannot be told.",
                    "Unset one of them.");
        }
        if (variables.hasSecret(PIN)) {
            options.pin(Pin.variable(variables, PIN));
        }
        variables.value(SESSIONS).ifPresent(text -> options.sessions(sessions(text)));
        return options.build();
    }

    private static int sessions(String text) {
        int sessions = text.matches("[0-9]{1,3}") ? Integer.parseInt(text) : 0;
        if (sessions < 1 || sessions > Pkcs11Options.MOST_SESSIONS) {
            throw new ConfigurationException(
                    "The variable " + SESSIONS + " has the value '" + ForeignText.shown(text) + "'.",
                    "It must be 1 to " + Pkcs11Options.MOST_SESSIONS + ".",
                    "Correct it, or unset it for " + Pkcs11Options.DEFAULT_SESSIONS + ".");
        }
        return sessions;
    }
}
