package io.sealwright.kms.cli;

import io.sealwright.kms.spi.MasterKeyUri;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How the key in an environment variable is rotated: by whoever sets the variable. Shows no key. */
final class ManualRotation {
    private static final String SCHEME = "env";

    private final String variable;
    private final Map<String, String> environment;

    private ManualRotation(String variable, Map<String, String> environment) {
        this.variable = variable;
        this.environment = environment;
    }

    /** Null if the key is not in the environment. */
    static @Nullable ManualRotation of(String uri, Map<String, String> environment) {
        MasterKeyUri parsed = MasterKeyUri.parse(uri);
        return parsed.scheme().equals(SCHEME) ? new ManualRotation(parsed.rest(), environment) : null;
    }

    /** Whether the old key is there beside the new one. */
    boolean isBegun() {
        return environment.containsKey(variable + "_PREVIOUS") || environment.containsKey(variable + "_PREVIOUS_FILE");
    }

    String steps() {
        String fresh = variable.equals("ENCRYPTION_KEY") ? "openssl rand -hex 32" : "openssl rand -base64 32";
        return """
                The key in %1$s is rotated where that variable is set. Old messages and stored keys open all the while.
                1. Make a new key into a file that only you can read:
                     (umask 077; %2$s > new-master-key)
                2. Let every process open with it before any seals with it: give it to them as %1$s_NEXT
                   (or its file as %1$s_NEXT_FILE), and restart them one by one.
                3. Then exchange: %1$s becomes the new key, %1$s_PREVIOUS the old one, %1$s_NEXT goes.
                   Restart them one by one.
                4. Put what is stored under the new key, with both variables set:
                     kms master-key rotate
                5. Keep %1$s_PREVIOUS for as long as messages that were sealed before must open.
                """.formatted(variable, fresh);
    }
}
