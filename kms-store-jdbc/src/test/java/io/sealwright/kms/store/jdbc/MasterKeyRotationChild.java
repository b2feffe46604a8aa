package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MasterKeys;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreAddress;
import io.sealwright.kms.testkit.store.ForwardingKeyStore;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;

/**
 * Rotates the master key and re-wraps everything stored, again and again; first it finishes what a run before it began.
 * Says on standard output which write it begins and which is done.
 */
final class MasterKeyRotationChild {
    private MasterKeyRotationChild() {}

    public static void main(String[] arguments) {
        NamedKeyStore store = new TellingStore(JdbcKeyStore.of(StoreAddress.of(arguments[1])));
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

    private static final class TellingStore extends ForwardingKeyStore {
        TellingStore(NamedKeyStore store) {
            super(store);
        }

        @Override
        public boolean apply(KeyChange change) {
            return told(change.name(), () -> super.apply(change));
        }

        @Override
        public boolean replaceStoreKey(byte[] expected, byte[] sealed) {
            return told("the-store-key", () -> super.replaceStoreKey(expected, sealed));
        }

        private static boolean told(String writes, BooleanSupplier write) {
            say("begin " + writes);
            boolean written = write.getAsBoolean();
            say((written ? "done " : "refused ") + writes);
            return written;
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
