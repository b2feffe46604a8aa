package io.sealwright.kms.cli.doctor;

import java.util.Map;

/** Environment variables that say nothing this program understands; those of the master key are the master key's check. */
final class VariablesCheck implements Check {
    @Override
    public String subject() {
        return "configuration";
    }

    @Override
    public void look(Patient patient, Report report) {
        Map<String, String> environment = patient.place().environment();
        int before = report.findings();
        String debug = environment.get("KMS_DEBUG");
        if (debug != null && !debug.isEmpty() && !debug.equalsIgnoreCase("true") && !debug.equalsIgnoreCase("false")) {
            report.mend("KMS_DEBUG is neither true nor false, and counts as false.", "unset KMS_DEBUG");
        }
        environment.forEach((name, value) -> {
            if (name.startsWith("KMS_") && value.isEmpty()) {
                report.mend(name + " is set to nothing.", "unset " + name);
            }
        });
        if (report.cleanSince(before)) {
            report.healthy("home " + patient.place().folder());
        }
    }
}
