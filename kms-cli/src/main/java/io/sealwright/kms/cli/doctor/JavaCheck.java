package io.sealwright.kms.cli.doctor;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;

/** The JVM: old or crippled ones make AES a hundred times slower, which looks like a slow KMS. */
final class JavaCheck implements Check {
    /** Where options of the JVM come from besides the command line. */
    private static final List<String> VARIABLES = List.of("KMS_JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS");

    @Override
    public String subject() {
        return "Java";
    }

    @Override
    public void look(Patient patient, Report report) {
        int before = report.findings();
        Map<String, String> environment = patient.place().environment();
        if (!isOn("UseAES") || !isOn("UseAESIntrinsics")) {
            slow(
                    report,
                    environment,
                    "AES",
                    "AES runs without the processor's own instructions.",
                    "If no option switches them off, the processor or the virtual machine does not show them: have aes"
                            + " (and pclmulqdq, vaes) passed through to the guest.");
        }
        if (System.getProperty("java.vm.info", "").contains("interpreted")) {
            slow(report, environment, "-Xint", "Nothing is compiled.", "Start the JVM without -Xint.");
        } else if (number("TieredStopAtLevel") < 4) {
            slow(
                    report,
                    environment,
                    "TieredStopAtLevel",
                    "The optimizing compiler is off: AES takes a hundred times as long.",
                    "Start the JVM without -XX:TieredStopAtLevel.");
        }
        if (report.cleanSince(before)) {
            report.healthy(System.getProperty("java.vm.name") + " " + System.getProperty("java.version")
                    + ", AES by the processor");
        }
    }

    private static void slow(
            Report report, Map<String, String> environment, String option, String text, String otherwise) {
        for (String variable : VARIABLES) {
            if (environment.getOrDefault(variable, "").contains(option)) {
                report.mend(text + " " + variable + " asks for it.", "unset " + variable);
                return;
            }
        }
        report.advise(text, otherwise);
    }

    private static boolean isOn(String option) {
        return !"false".equals(value(option, "true"));
    }

    private static int number(String option) {
        return Integer.parseInt(value(option, "4"));
    }

    /** Other JVMs than HotSpot have no such option: then nothing is known, and nothing told. */
    private static String value(String option, String otherwise) {
        try {
            HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            return vm == null ? otherwise : vm.getVMOption(option).getValue();
        } catch (IllegalArgumentException e) {
            return otherwise;
        }
    }
}
