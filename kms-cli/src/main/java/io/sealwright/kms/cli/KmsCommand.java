package io.sealwright.kms.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The program itself; does nothing without a command. */
@picocli.CommandLine.Command(
        name = "kms",
        description = "Encrypts and decrypts files under keys that a KMS guards.",
        versionProvider = KmsCommand.Version.class,
        sortOptions = false,
        footer = {
            "",
            "Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 130, 143, 141 stopped by SIGINT, SIGTERM, broken pipe.",
            "Keys lie in KMS_HOME, else in $${XDG_DATA_HOME:-~/.local/share}/sealwright."
        })
final class KmsCommand extends Command {
    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version.")
    @SuppressWarnings("UnusedVariable") // picocli acts on it
    private boolean version;

    @Override
    public Integer call() {
        throw new ParameterException(spec().commandLine(), "Missing: a command");
    }

    /** Reads the version that the build wrote down. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            Properties properties = new Properties();
            try (InputStream in = KmsCommand.class.getResourceAsStream("version.properties")) {
                if (in != null) {
                    properties.load(in);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new String[] {
                "kms " + properties.getProperty("version", "of unknown version") + " (Java " + Runtime.version() + ")"
            };
        }
    }
}
