package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Makes one backup or one restore, and says when it begins and when it is done. */
final class BackupChild {
    private BackupChild() {}

    /** Arguments: backup or restore, home, URL of the store, the backup, where the old store is saved. */
    public static void main(String[] arguments) throws Exception {
        Path file = Path.of(arguments[3]);
        try (KeyManager kms = StoreKind.manager(Path.of(arguments[1]), arguments[2])) {
            kms.keys().create("warm-" + ProcessHandle.current().pid(), KeySpec.AES_256);
            say("begin");
            if (arguments[0].equals("backup")) {
                Path partial = file.resolveSibling("partial");
                try (OutputStream out = Files.newOutputStream(partial)) {
                    kms.keys().backup(out);
                }
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } else {
                kms.keys().restoreOver(file, Path.of(arguments[4]));
            }
            say("done");
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
