package io.sealwright.kms.cli;

import io.sealwright.kms.spi.MasterKeyUri;
import java.util.ArrayList;
import java.util.List;
import java.util.Stack;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options {@code -k} and {@code -m} of encrypting: their common order is the order of recipients. */
final class Recipients {
    /**
     * One recipient.
     *
     * @param name a named key, or a master key's URI
     * @param masterKey which of the two
     */
    record Choice(String name, boolean masterKey) {}

    private final List<Choice> choices = new ArrayList<>();

    @Option(
            names = {"-k", "--key"},
            paramLabel = "KEY",
            description = "Named key to encrypt for; several options make several recipients, any of which opens.",
            parameterConsumer = InOrder.class)
    @SuppressWarnings("UnusedVariable") // the consumer takes the values
    private List<String> keys = new ArrayList<>();

    @Option(
            names = {"-m", "--master-key"},
            paramLabel = "MASTER_KEY_URI",
            description = "Master key to encrypt for, as local://default.",
            parameterConsumer = InOrder.class)
    @SuppressWarnings("UnusedVariable") // the consumer takes the values
    private List<String> masterKeys = new ArrayList<>();

    /**
     * In the order of the command line, master keys in the one spelling that managers know them by.
     *
     * @throws Failure if one is given twice
     */
    List<Choice> inOrder() {
        List<Choice> distinct = new ArrayList<>();
        for (Choice choice : choices) {
            Choice one = choice.masterKey()
                    ? new Choice(MasterKeyUri.parse(choice.name()).toString(), true)
                    : choice;
            if (distinct.contains(one)) {
                throw Failure.usage(
                        "A recipient is given twice.",
                        (one.masterKey() ? "-m " : "-k ") + one.name() + " stands there twice.",
                        "Leave one of them out.");
            }
            distinct.add(one);
        }
        return distinct;
    }

    /** Both options come through here one by one, which two lists filled by picocli would not show. */
    static final class InOrder implements IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> args, ArgSpec option, CommandSpec command) {
            boolean masterKey = ((picocli.CommandLine.Model.OptionSpec) option)
                    .shortestName()
                    .equals("-m");
            String flag = masterKey ? "-m" : "-k";
            if (args.isEmpty()) {
                throw new ParameterException(command.commandLine(), "Option " + flag + " needs a value.");
            }
            ((EncryptCommand) command.userObject()).recipients.choices.add(new Choice(args.pop(), masterKey));
        }
    }
}
