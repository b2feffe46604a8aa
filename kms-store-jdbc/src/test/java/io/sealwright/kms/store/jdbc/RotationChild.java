package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.error.KmsException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * One of several processes that seal and open under one named key and rotate it. Takes lines and answers each by one:
 * {@code seal} by {@code sealed TOKEN}, {@code direct} likewise, {@code open TOKEN} by {@code opened}, {@code rotate} by
 * {@code rotated NUMBER}, {@code end} by nothing; whatever goes wrong by {@code failed} and what it was.
 */
final class RotationChild {
    static final String KEY = "orders";
    static final String TEXT = "the same in all messages";

    private RotationChild() {}

    /** Arguments: home, URL of the store. */
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (KeyManager kms = StoreKind.manager(Path.of(arguments[0]), arguments[1])) {
            NamedKey key = kms.key(KEY);
            say("ready");
            for (String line = in.readLine(); line != null && !line.equals("end"); line = in.readLine()) {
                say(answer(kms, key, line));
            }
        }
    }

    private static String answer(KeyManager kms, NamedKey key, String line) {
        try {
            if (line.startsWith("open ")) {
                String text = kms.decrypt(line.substring(5)).allowCompromised().toText();
                return text.equals(TEXT) ? "opened" : "failed " + line + " gave " + text;
            }
            return switch (line) {
                case "seal" -> "sealed " + kms.encrypt(TEXT).key(KEY).toToken();
                case "direct" -> "sealed " + kms.encrypt(TEXT).key(KEY).direct().toToken();
                case "rotate" -> "rotated " + key.rotate().number();
                default -> "failed " + line + ": not known";
            };
        } catch (KmsException e) {
            return "failed " + line + ": " + e.code() + " " + e.getMessage().replace('\n', ' ');
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
