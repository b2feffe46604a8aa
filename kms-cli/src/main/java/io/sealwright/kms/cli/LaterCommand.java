package io.sealwright.kms.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** A command that the documents name and this release does not have: refused by name, whatever its arguments. */
@Command(hidden = true)
final class LaterCommand implements Callable<Integer> {
    private final String name;

    @Unmatched
    @SuppressWarnings("UnusedVariable") // takes whatever is given
    private List<String> arguments = new ArrayList<>();

    LaterCommand(String name) {
        this.name = name;
    }

    @Override
    public Integer call() {
        throw Failure.laterRelease("the command '" + name + "'");
    }
}
