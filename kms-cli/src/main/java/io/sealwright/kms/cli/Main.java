package io.sealwright.kms.cli;

/** Where the program {@code kms} begins. What it does and answers is written in {@code docs/CLI.md}. */
public final class Main {
    private Main() {}

    /**
     * Runs one command and ends the process with its exit code.
     *
     * @param args as given to {@code kms}
     */
    public static void main(String[] args) {
        Surroundings here = Surroundings.ofProcess();
        quietLogging(here);
        here.unfinished().removeOnSignal(here);
        int code = Cli.run(here, args);
        here.unfinished().finished();
        System.exit(code);
    }

    // A failure is one line on standard error, so the library's log stays off unless someone is looking for a fault.
    private static void quietLogging(Surroundings here) {
        String level = "org.slf4j.simpleLogger.defaultLogLevel";
        if (System.getProperty(level) == null) {
            System.setProperty(level, here.debug() ? "debug" : "off");
        }
    }
}
