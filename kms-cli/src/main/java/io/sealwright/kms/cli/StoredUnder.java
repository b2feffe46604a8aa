package io.sealwright.kms.cli;

import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.cli.doctor.Patient;
import io.sealwright.kms.spi.KeyManagerEngine;
import io.sealwright.kms.spi.NamedKeyStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Under which master keys a store lies whose key file is not there, as far as it can be told without any key: what a store
 * was made under is known to nobody but itself.
 */
final class StoredUnder {
    private static final String IN_PROCESS = "in-process";

    private StoredUnder() {}

    /**
     * What to tell of a store that does not open; null if there is nothing in it, so that any master key will do.
     *
     * @param keyFile where the key file of the master key would be that commands use
     */
    static Patient.@Nullable Lost lost(StorePlace place, Path home, Path keyFile) {
        List<RecipientInfo> wraps;
        try (NamedKeyStore store = place.open()) {
            Optional<byte[]> own = store.storeKey();
            if (own.isEmpty() && store.names().isEmpty()) {
                return null;
            }
            wraps = own.map(KeyManagerEngine.find()::inspectStoreKey).orElse(List.of());
        }
        String what = "The key file " + keyFile + " is not there.";
        try (LocalMasterKeys here = new LocalMasterKeys(home)) {
            for (RecipientInfo wrap : wraps) {
                InspectCommand.Resolved found = here.find(wrap);
                if (found != null) {
                    return new Patient.Lost(
                            what,
                            "The store " + place + " does not need it: it lies under " + found.name() + ".",
                            "Set KMS_MASTER_KEY=" + found.name() + ".");
                }
            }
        }
        String under = wraps.isEmpty()
                ? ""
                : ", and lies under "
                        + wraps.stream()
                                .map(wrap -> wrap.kind() + " " + wrap.id())
                                .collect(Collectors.joining(", "));
        boolean elsewhere =
                !wraps.isEmpty() && wraps.stream().noneMatch(wrap -> wrap.kind().equals(IN_PROCESS));
        return elsewhere
                ? new Patient.Lost(
                        what,
                        "The store " + place + " is there" + under + ".",
                        "Name that master key by KMS_MASTER_KEY or KMS_PROVIDER, or choose another home with KMS_HOME.")
                : new Patient.Lost(
                        what,
                        "The store " + place + " is there" + under
                                + ": a key of this file, or of a variable or secret that is not named now.",
                        "Put the key file back from your backup; or, if there never was one, name the master key that the"
                                + " store was made with (MASTER_ENCRYPTION_KEY, KMS_PROVIDER, KMS_MASTER_KEY); or choose"
                                + " another home with KMS_HOME.");
    }
}
