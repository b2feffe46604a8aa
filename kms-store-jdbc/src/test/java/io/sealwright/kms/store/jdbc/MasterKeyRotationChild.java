package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeys;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;

/**
 * Rotates the master key and re-wraps everything stored, again and again; first it finishes what a run before it began.
 * Says on standard output which write it begins and which is done.
 */
final class MasterKeyRotationChild {
    private MasterKeyRotationChild() {}

    public static void main(String[] arguments) {
        NamedKeyStore store = telling(JdbcKeyStore.of(StoreAddress.of(arguments[1])));
        try (KeyManager kms = KeyManager.builder()
                .home(Path.of(arguments[0]))
                .masterKey("local://default")
                .store(store)
                .build()) {
            MasterKeys keys = kms.masterKeys();
            say("open " + keys.examineStored(Progress.NONE).outdated());
            while (true) {
                if (keys.examineStored(Progress.NONE).outdated() == 0) {
                    say("version " + keys.rotate("local://default"));
                }
                Rewrapped result = keys.rewrapStored(Progress.NONE);
                say("finished " + result.done() + " " + result.failed().size());
            }
        }
    }

    private static NamedKeyStore telling(NamedKeyStore store) {
        return (NamedKeyStore) Proxy.newProxyInstance(
                NamedKeyStore.class.getClassLoader(), new Class<?>[] {NamedKeyStore.class}, (proxy, method, given) -> {
                    String writes = switch (method.getName()) {
                        case "apply" -> ((KeyChange) given[0]).name();
                        case "replaceStoreKey" -> "the-store-key";
                        default -> "";
                    };
                    if (!writes.isEmpty()) {
                        say("begin " + writes);
                    }
                    try {
                        Object result = method.invoke(store, given);
                        if (!writes.isEmpty()) {
                            say((result.equals(true) ? "done " : "refused ") + writes);
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
