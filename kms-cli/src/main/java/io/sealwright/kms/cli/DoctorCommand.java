package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.cli.doctor.Doctor;
import io.sealwright.kms.cli.doctor.Patient;
import io.sealwright.kms.cli.doctor.Report;
import io.sealwright.kms.cli.doctor.Variable;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreSchema;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** {@code kms doctor}. */
@picocli.CommandLine.Command(
        name = "doctor",
        description = "Looks for what is wrong, and says which line mends it; changes nothing.",
        sortOptions = false)
final class DoctorCommand extends Command {
    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        Home home;
        try {
            home = store.home(here());
        } catch (Failure | KmsException e) {
            String variable = Variable.namedBy(e, here().environment());
            if (variable == null) {
                throw e;
            }
            print("finding  configuration: " + Printable.text(String.valueOf(e.getMessage())) + "\n         "
                    + (Variable.mayBeUnset(variable, here().environment())
                            ? "run: unset " + variable
                            : "do:  " + Variable.warning(variable, here().environment()))
                    + "\n");
            throw found(1);
        }
        Report report;
        try (Patient patient = new Patient(place(home))) {
            report = Doctor.examine(patient);
        }
        StringBuilder text = new StringBuilder();
        report.lines().forEach(line -> write(text, line));
        print(text.toString());
        if (report.findings() > 0) {
            throw found(report.findings());
        }
        return 0;
    }

    private static Failure found(int findings) {
        return new Failure(
                Failure.Code.KMS_CLI_UNHEALTHY,
                findings == 1 ? "One thing is not as it should be." : findings + " things are not as they should be.",
                "Standard output tells what, and what mends it.",
                "Mend it from the top, and ask again.");
    }

    private Patient.Place place(Home home) {
        return new Patient.Place(
                here().environment(),
                home.folder(),
                home.keyFile(),
                home.storeFile(),
                home.store(),
                Path.of(""),
                home.masterKey(),
                home.folder().resolve(RotationMark.NAME),
                !home.hasKeyFile(),
                store.forCommands(home),
                new Patient.Opening() {
                    @Override
                    public boolean hasStore() {
                        return home.hasStore();
                    }

                    @Override
                    public @Nullable KmsException cutStore() {
                        return home.cutStore();
                    }

                    @Override
                    public Optional<StoreSchema> schema() {
                        return home.schema();
                    }

                    @Override
                    public Patient.@Nullable Lost lost() {
                        return home.lost();
                    }

                    @Override
                    public KeyManager masterKey() {
                        return new Managers(home).masterKeysAlone();
                    }

                    @Override
                    public KeyManager both() {
                        return new Managers(home).existing();
                    }

                    @Override
                    public NamedKeyStore store() {
                        return home.openStore();
                    }
                });
    }

    private static void write(StringBuilder text, Report.Line line) {
        String kind = switch (line.kind()) {
            case OK -> "ok       ";
            case SKIPPED -> "skipped  ";
            case FINDING -> "finding  ";
        };
        text.append(Printable.text(kind + line.subject() + ": " + line.text())).append('\n');
        if (line.command() != null) {
            text.append("         run: ").append(Printable.text(line.command())).append('\n');
        }
        if (line.advice() != null) {
            text.append(line.command() == null ? "         do:  " : "         note: ")
                    .append(Printable.text(line.advice()))
                    .append('\n');
        }
    }
}
