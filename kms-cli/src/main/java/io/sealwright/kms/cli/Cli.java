package io.sealwright.kms.cli;

import io.sealwright.kms.error.KmsException;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs one command line and gives its exit code; ends no process, so that tests can call it. */
final class Cli {
    /** In the order of the help. */
    private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("encrypt", EncryptCommand.class);
        COMMANDS.put("decrypt", DecryptCommand.class);
        COMMANDS.put("inspect", InspectCommand.class);
        COMMANDS.put("rewrap", RewrapCommand.class);
        COMMANDS.put("migrate", MigrateCommand.class);
        COMMANDS.put("key", KeyCommand.class);
        COMMANDS.put("backup", BackupCommand.class);
        COMMANDS.put("master-key", MasterKeyCommand.class);
        COMMANDS.put("bootstrap_master_key", BootstrapCommand.Alias.class);
        COMMANDS.put("rotate_encryption_keys", MasterKeyRotateCommand.Alias.class);
        COMMANDS.put("health", HealthCommand.class);
        COMMANDS.put("doctor", DoctorCommand.class);
        COMMANDS.put("help", CommandLine.HelpCommand.class);
    }

    private Cli() {}

    static int run(Surroundings here, String... args) {
        try {
            Target target = Target.standardOutput(here);
            PrintWriter out = new PrintWriter(new OutputStreamWriter(target.open(), StandardCharsets.UTF_8));
            int code = commandLine(here, out, args.length == 0 ? "" : args[0]).execute(args);
            out.flush();
            // Help and version go through a writer that swallows failures; a full disk must not look like success.
            IOException failure = target.failure();
            return failure == null
                    ? code
                    : report(here, target.isBrokenPipe() ? new BrokenPipe(failure) : target.failure(failure));
        } catch (Error e) {
            return report(here, e);
        }
    }

    private static CommandLine commandLine(Surroundings here, PrintWriter out, String first) {
        IFactory standard = CommandLine.defaultFactory();
        IFactory factory = new IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                K made = standard.create(type);
                if (made instanceof Command command) {
                    command.surroundings(here);
                }
                return made;
            }
        };
        KmsCommand root = new KmsCommand();
        root.surroundings(here);
        CommandLine line = new CommandLine(root, factory);
        addCommands(line, first, factory);
        // "@FILE" is a value of -a, never a file of arguments.
        line.setExpandAtFiles(false);
        line.setOut(out);
        line.setErr(new PrintWriter(new OutputStreamWriter(here.err(), StandardCharsets.UTF_8), true));
        line.setParameterExceptionHandler((e, given) -> wrongUsage(here, e));
        line.setExecutionExceptionHandler((e, command, result) -> report(here, e));
        return line;
    }

    // Only the command that is called: reading the annotations of all would take as long as the rest of the start.
    private static void addCommands(CommandLine root, String first, IFactory factory) {
        Class<?> called = COMMANDS.get(first);
        if (called != null && called != CommandLine.HelpCommand.class) {
            root.addSubcommand(first, new CommandLine(called, factory));
        } else {
            COMMANDS.forEach((name, type) -> root.addSubcommand(name, new CommandLine(type, factory)));
        }
    }

    private static int wrongUsage(Surroundings here, ParameterException e) {
        if (e.getCause() instanceof Failure failure) {
            return report(here, failure);
        }
        String command = e.getCommandLine().getCommandSpec().qualifiedName(" ").replaceFirst("^kms ?", "");
        here.say("kms: " + sentence(what(e)) + " The command line does not fit. See: kms help"
                + (command.isEmpty() ? "" : " " + command) + " [" + Failure.Code.KMS_CLI_USAGE + "]");
        trace(here, e);
        return Failure.Code.KMS_CLI_USAGE.exitCode();
    }

    private static String what(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched) {
            // Names of options only: a value may be what somebody took for the place of a secret.
            String options = unmatched.getUnmatched().stream()
                    .filter(argument -> argument.startsWith("-") && argument.length() > 1)
                    .map(argument -> argument.split("=", 2)[0])
                    .collect(Collectors.joining(", "));
            boolean group = !e.getCommandLine().getSubcommands().isEmpty();
            return !options.isEmpty() ? "Unknown option " + options : group ? "Unknown command" : "Too many arguments";
        }
        if (e instanceof MissingParameterException missing) {
            return "Missing: "
                    + missing.getMissing().stream()
                            .map(argument -> argument.isOption()
                                    ? ((CommandLine.Model.OptionSpec) argument).longestName()
                                    : argument.paramLabel())
                            .collect(Collectors.joining(", "));
        }
        String message = e.getMessage();
        return message == null ? "Wrong arguments" : message.lines().findFirst().orElse("Wrong arguments");
    }

    private static String sentence(String text) {
        return text.endsWith(".") ? text : text + ".";
    }

    static int report(Surroundings here, Throwable e) {
        if (e instanceof BrokenPipe) {
            return BrokenPipe.EXIT_CODE;
        }
        if (here.unfinished().stopped()) {
            // A signal ends the process, has said so, and sets the exit code.
            return 1;
        }
        int code = 1;
        if (e instanceof Failure failure) {
            code = failure.code().exitCode();
            here.say("kms: " + failure.getMessage());
        } else if (e instanceof KmsException || e instanceof Explained) {
            here.say("kms: " + e.getMessage());
        } else if (e instanceof IOException io) {
            here.say("kms: Reading or writing failed. " + Failure.reason(io) + " Check disk and permissions. ["
                    + Failure.Code.KMS_CLI_OUTPUT + "]");
        } else {
            here.say(
                    "kms: Something went wrong that should not. " + e.getClass().getSimpleName() + ": "
                            + e.getMessage() + " Please report it with what this shows: KMS_DEBUG=true kms … ["
                            + Failure.Code.KMS_CLI_BUG + "]");
        }
        trace(here, e);
        return code;
    }

    private static void trace(Surroundings here, Throwable e) {
        if (here.debug()) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text, true));
            here.writeError(text.toString());
        }
    }
}
