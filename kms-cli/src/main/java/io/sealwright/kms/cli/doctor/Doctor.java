package io.sealwright.kms.cli.doctor;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KmsException;
import java.util.List;

/** Looks at everything, one check after the other; none keeps the others from looking. */
public final class Doctor {
    private static final List<Check> CHECKS = List.of(
            new JavaCheck(),
            new VariablesCheck(),
            // Before anything is opened: SQLite then makes files of its own beside the store, and takes them away
            // again.
            new PermissionsCheck(),
            new SecretFilesCheck(),
            new LeftoversCheck(),
            new DiskCheck(),
            new ClockCheck(),
            new MasterKeyCheck(),
            new StoreCheck(),
            new StoredKeysCheck(),
            new RoundTripCheck());

    private Doctor() {}

    /** Looks at the patient; creates and changes nothing. */
    public static Report examine(Patient patient) {
        Report report = new Report();
        for (Check check : CHECKS) {
            report.begin(check.subject());
            try {
                check.look(patient, report);
            } catch (ConfigurationException e) {
                String variable = Variable.namedBy(e, patient.place().environment());
                String text = e.what() + " " + e.why() + " [" + e.code() + "]";
                if (variable == null) {
                    report.advise(text, e.remedy());
                } else if (Variable.mayBeUnset(variable, patient.place().environment())) {
                    report.mend(text, "unset " + variable, e.remedy());
                } else {
                    report.advise(
                            text,
                            e.remedy() + " "
                                    + Variable.warning(variable, patient.place().environment()));
                }
            } catch (KmsException e) {
                report.advise(e.what() + " " + e.why() + " [" + e.code() + "]", e.remedy());
            } catch (RuntimeException e) {
                report.advise(
                        "It could not be looked at: " + e.getMessage(),
                        "Mend that if it says how, else report it with what this shows: KMS_DEBUG=true "
                                + patient.kms("doctor"));
            }
        }
        return report;
    }
}
