package io.sealwright.kms.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A question at the terminal, before what cannot be taken back. */
final class Confirmation {
    private Confirmation() {}

    /**
     * Stops where nobody can be asked.
     *
     * @param what what is done with {@code --yes} only
     * @param remedy what to do instead
     */
    static void demandTerminal(Surroundings here, String what, String remedy) {
        if (!here.terminals().in() || !here.terminals().err()) {
            throw Failure.usage(what, "There is no terminal to ask at.", remedy);
        }
    }

    /** Goes on if the answer is yes. */
    static void ask(Surroundings here, String question) {
        here.writeError(Printable.text(question + " [y/N] "));
        String answer = readLine(here).strip().toLowerCase(Locale.ROOT);
        if (!answer.equals("y") && !answer.equals("yes")) {
            throw new Failure(
                    Failure.Code.KMS_CLI_NOT_CONFIRMED,
                    "Nothing was changed.",
                    "The question was not answered with y.",
                    "Start the command again to be asked again.");
        }
    }

    private static String readLine(Surroundings here) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            for (int b = here.in().read(); b >= 0 && b != '\n'; b = here.in().read()) {
                line.write(b);
            }
        } catch (IOException e) {
            throw Failure.reading("standard input", e);
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
