package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.MasterKeys.Probe;
import io.sealwright.kms.error.KmsException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The master keys: there, reachable, and allowed to do all that is asked of them. */
final class MasterKeyCheck implements Check {
    @Override
    public String subject() {
        return "master key";
    }

    @Override
    public void look(Patient patient, Report report) {
        if (patient.place().masterKeyMissing()) {
            if (patient.hasStore() && patient.olderSchema().isPresent()) {
                // Not to be opened, which would change it.
                report.advise(
                        "The key file " + patient.place().keyFile() + " is not there, and the store may need it.",
                        "Put the key file back from a backup, with mode 0600, or name the master key that the store was"
                                + " made with.");
                return;
            }
            Patient.Lost lost = patient.place().opening().lost();
            if (lost != null) {
                report.advise(lost.what() + " " + lost.why(), lost.remedy());
            } else {
                report.mend(
                        "Nothing was made yet: there is no key file at "
                                + patient.place().keyFile() + ", and nothing in a store.",
                        patient.kms("master-key bootstrap --create"));
            }
            return;
        }
        Map<String, List<String>> done = new LinkedHashMap<>();
        for (Probe probe : patient.masterKey().masterKeys().probe()) {
            KmsException error = probe.error();
            if (error == null) {
                done.computeIfAbsent(probe.masterKey(), uri -> new ArrayList<>())
                        .add(probe.operation());
            } else {
                report.advise(
                        probe.masterKey() + ": " + probe.operation() + " failed. " + error.what() + " " + error.why()
                                + " [" + error.code() + "]",
                        error.remedy());
            }
        }
        done.forEach((uri, operations) -> report.healthy(
                uri + ": " + String.join(", ", operations) + (operations.size() == 1 ? " works" : " work")));
    }
}
