package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.RefusedException;
import java.nio.file.Path;

/** Opens one token over and over, always from memory where it may, and says whenever the answer changes. */
final class RevocationChild {
    private RevocationChild() {}

    public static void main(String[] arguments) throws Exception {
        try (KeyManager kms = KeyManager.embedded(Path.of(arguments[0]))) {
            String before = "";
            while (true) {
                String now;
                try {
                    now = "opens " + kms.decrypt(arguments[1]).toText();
                } catch (RefusedException e) {
                    now = "refused " + e.code();
                }
                if (!now.equals(before)) {
                    System.out.println(now);
                    System.out.flush();
                    before = now;
                }
                Thread.sleep(20);
            }
        }
    }
}
