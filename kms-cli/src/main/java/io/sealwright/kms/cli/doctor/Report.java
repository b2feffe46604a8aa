package io.sealwright.kms.cli.doctor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the checks say, in the order they say it. */
public final class Report {
    /** What a line is. */
    public enum Kind {
        /** It is as it should be. */
        OK,
        /** It was not looked at, since something else is wrong first. */
        SKIPPED,
        /** It is not as it should be. */
        FINDING
    }

    /**
     * One line.
     *
     * @param subject what was looked at
     * @param text what was seen
     * @param command the line for a shell that mends it, or null
     * @param advice what to do where there is no such line, or what to know before it; or null
     */
    public record Line(
            Kind kind,
            String subject,
            String text,
            @Nullable String command,
            @Nullable String advice) {}

    private final List<Line> lines = new ArrayList<>();
    private String subject = "";

    void begin(String next) {
        subject = next;
    }

    /** Something is as it should be. */
    void healthy(String text) {
        lines.add(new Line(Kind.OK, subject, text, null, null));
    }

    /** Something was not looked at. */
    void skip(String text) {
        lines.add(new Line(Kind.SKIPPED, subject, text, null, null));
    }

    /** Something is not, and one line of a shell mends it. */
    void mend(String text, String command) {
        lines.add(new Line(Kind.FINDING, subject, text, command, null));
    }

    /** Something is not, and no line that could be given here mends it. */
    void advise(String text, String advice) {
        lines.add(new Line(Kind.FINDING, subject, text, null, advice));
    }

    /** Something is not, a line mends it, and there is something to know before. */
    void mend(String text, String command, String advice) {
        lines.add(new Line(Kind.FINDING, subject, text, command, advice));
    }

    /** All lines. */
    public List<Line> lines() {
        return List.copyOf(lines);
    }

    /** How many lines say that something is wrong. */
    public int findings() {
        return (int) lines.stream().filter(line -> line.kind() == Kind.FINDING).count();
    }

    /** Whether the check that speaks now has found nothing yet. */
    boolean cleanSince(int before) {
        return findings() == before;
    }
}
