package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.MasterKeys.Probe;
import io.sealwright.kms.error.KmsException;
import java.util.ArrayList;
import java.util.List;

/** The master key: there, reachable, and allowed to do all that is asked of it. */
final class MasterKeyCheck implements Check {
    @Override
    public String subject() {
        return "master key";
    }

    @Override
    public void look(Patient patient, Report report) {
        if (patient.place().masterKeyMissing()) {
            if (patient.hasStore()) {
                report.advise(
                        "The key file " + patient.place().keyFile()
                                + " is not there, and the store opens with it alone.",
                        "Put the key file back from a backup, with mode 0600, or set KMS_HOME to where it is.");
            } else {
                report.mend(
                        "Nothing was made yet: there is neither key file nor store at "
                                + patient.place().folder() + ".",
                        "kms master-key bootstrap --create");
            }
            return;
        }
        List<String> done = new ArrayList<>();
        List<String> uris = patient.masterKey().masterKeys().uris();
        for (Probe probe : patient.masterKey().masterKeys().probe()) {
            KmsException error = probe.error();
            if (error == null) {
                done.add(probe.operation());
            } else {
                report.advise(
                        probe.masterKey() + ": " + probe.operation() + " failed. " + error.what() + " " + error.why()
                                + " [" + error.code() + "]",
                        error.remedy());
            }
        }
        if (!done.isEmpty()) {
            report.healthy(String.join(", ", uris) + ": " + String.join(", ", done) + " work");
        }
    }
}
