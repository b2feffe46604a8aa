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
        return isSet(variable + "_PREVIOUS") || isSet(variable + "_PREVIOUS_FILE");
    }

    /** A variable that is empty counts as not set, as everywhere. */
    private boolean isSet(String name) {
        return !environment.getOrDefault(name, "").isEmpty();
    }

    /**
     * What to do.
     *
     * @param rewrapping the command line that puts what is stored under the new key
     */
    String steps(String rewrapping) {
        String fresh = variable.equals("ENCRYPTION_KEY") ? "openssl rand -hex 32" : "openssl rand -base64 32";
        return (isBegun()
                        ? "The last rotation is done: nothing stored is under " + variable
                                + "_PREVIOUS any more. The next:\n"
                        : "")
                + """
                The key in %1$s is rotated where that variable is set. Old messages and stored keys open all the while.
                1. Make a new key into a file that only you can read:
                     (umask 077; %2$s > new-master-key)
                2. Let every process open with it before any seals with it: give it to them as %1$s_NEXT
                   (or its file as %1$s_NEXT_FILE), and restart them one by one.
                   A key that is in %1$s_PREVIOUS by now makes room in step 3. If messages may still be under it, let
                   it open from a variable of its own: KMS_ALSO_OPEN_WITH=env://OLD_KEY, with OLD_KEY set to it. A
                   passphrase cannot be kept so: put those messages under the newest key before, by kms rewrap FILE.
                3. Then exchange: %1$s becomes the new key, %1$s_PREVIOUS the old one, %1$s_NEXT goes.
                   Restart them one by one.
                4. Put what is stored under the new key, with both variables set:
                     %3$s
                5. Keep %1$s_PREVIOUS for as long as messages that were sealed before must open.
                """.formatted(variable, fresh, rewrapping);
    }
}
