package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.KmsException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A program that runs while its store is restored. Takes lines and answers each by one: {@code seal KEY} by {@code sealed
 * TOKEN}, {@code open TOKEN} by {@code opened}, {@code show KEY} by {@code state STATE}, {@code held} by {@code held
 * NUMBER} of versions in memory; whatever goes wrong by {@code failed CODE} and what it was.
 */
final class RestoreChild {
    static final String TEXT = "the same in all messages";

    private RestoreChild() {}

    /** Arguments: home, URL of the store. */
    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (KeyManager kms = StoreKind.manager(Path.of(arguments[0]), arguments[1])) {
            say("ready");
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                say(answer(kms, line));
            }
        }
    }

    private static String answer(KeyManager kms, String line) throws ReflectiveOperationException {
        String[] words = line.split(" ");
        try {
            return switch (words[0]) {
                case "seal" -> "sealed " + kms.encrypt(TEXT).key(words[1]).toToken();
                case "open" -> kms.decrypt(words[1]).toText().equals(TEXT) ? "opened" : "failed: other text";
                case "show" -> "state " + kms.key(words[1]).state();
                // Of the engine, which exports nothing.
                case "held" -> "held " + kms.keys().getClass().getMethod("held").invoke(kms.keys());
                default -> "failed " + line + ": not known";
            };
        } catch (KmsException e) {
            return "failed " + e.code() + ": " + e.getMessage().replace('\n', ' ');
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
