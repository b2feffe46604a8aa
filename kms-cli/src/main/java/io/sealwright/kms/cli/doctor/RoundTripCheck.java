package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.Encryption;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.NamedKey;
import java.util.Optional;

/** A message that is sealed and opened again, under a named key if there is one. Nothing of it stays. */
final class RoundTripCheck implements Check {
    private static final String TEXT = "the doctor's message";
    private static final byte[] ASSOCIATED_DATA = {1, 2, 3};

    @Override
    public String subject() {
        return "round trip";
    }

    @Override
    public void look(Patient patient, Report report) {
        if (!patient.hasMasterKey()) {
            report.skip("the master key does not open");
            return;
        }
        if (patient.hasStore() && !patient.storeOpens()) {
            report.skip("the store was not opened");
            return;
        }
        KeyManager kms = patient.hasStore() ? patient.both() : patient.masterKey();
        Optional<NamedKey> key = patient.hasStore() ? usable(kms) : Optional.empty();
        Encryption encryption = kms.encrypt(TEXT).context("purpose", "doctor").associatedData(ASSOCIATED_DATA);
        byte[] message = key.isPresent() ? encryption.key(key.get().name()).toBytes() : encryption.toBytes();
        String opened = kms.decrypt(message)
                .context("purpose", "doctor")
                .associatedData(ASSOCIATED_DATA)
                .toText();
        if (!opened.equals(TEXT)) {
            report.advise("A message came back changed.", "Report it, with what kms --version says.");
            return;
        }
        report.healthy("a message under "
                + key.map(used -> "key " + used.name()).orElse("the master key") + " was sealed and opened");
    }

    private static Optional<NamedKey> usable(KeyManager kms) {
        return kms.keys().list().stream()
                .filter(key -> key.spec() == KeySpec.AES_256 && key.state() == KeyState.ACTIVE)
                .findFirst();
    }
}
