package io.sealwright.kms.cli.doctor;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Environment variables that say nothing this program understands; those of the master key are the master key's check. */
public final class VariablesCheck implements Check {
    /** As the library reads switches. */
    private static final Set<String> YES = Set.of("true", "on", "yes", "1");

    private static final Set<String> NO = Set.of("false", "off", "no", "0");

    /** Whether a variable switches something on; what is neither yes nor no does not. */
    public static boolean isOn(@Nullable String value) {
        return value != null && YES.contains(lower(value));
    }

    private static String lower(String value) {
        return value.toLowerCase(Locale.ROOT);
    }

    @Override
    public String subject() {
        return "configuration";
    }

    @Override
    public void look(Patient patient, Report report) {
        Map<String, String> environment = patient.place().environment();
        int before = report.findings();
        String debug = environment.get("KMS_DEBUG");
        if (debug != null && !debug.isEmpty() && !YES.contains(lower(debug)) && !NO.contains(lower(debug))) {
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
