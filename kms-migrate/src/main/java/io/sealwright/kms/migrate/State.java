package io.sealwright.kms.migrate;

import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.migrate.Tally.Count;
import io.sealwright.kms.migrate.Tally.Version;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far a job is: text lines, so that people can read them and any column can keep them. The last line tells that it is
 * whole.
 */
final class State {
    private static final String FIRST = "sealwright-migration 1";
    private static final String LAST = "end";

    /** What the job is doing. */
    enum Phase {
        MOVE,
        VERIFY
    }

    final String job;
    final Tally tally;
    Phase phase = Phase.MOVE;

    @Nullable
    String position;

    State(String job) {
        this(job, new Tally());
    }

    private State(String job, Tally tally) {
        this.job = job;
        this.tally = tally;
    }

    /** Forgets what an earlier second look saw. */
    void beginSecondLook() {
        phase = Phase.VERIFY;
        position = null;
        tally.forgetSecondLook();
    }

    String text() {
        StringBuilder out = new StringBuilder();
        out.append(FIRST).append('\n');
        out.append("job ").append(job).append('\n');
        out.append("phase ").append(phase).append('\n');
        if (position != null) {
            out.append("position ").append(letters(position)).append('\n');
        }
        for (Count count : Count.values()) {
            out.append("count ")
                    .append(count)
                    .append(' ')
                    .append(tally.of(count))
                    .append('\n');
        }
        uses(out, "before", tally.uses(false));
        uses(out, "after", tally.uses(true));
        return out.append(LAST).append('\n').toString();
    }

    private static void uses(StringBuilder out, String when, Map<Version, Long> uses) {
        uses.forEach((version, items) -> out.append(when)
                .append(' ')
                .append(version.kind())
                .append(' ')
                .append(letters(version.key()))
                .append(' ')
                .append(letters(version.version()))
                .append(' ')
                .append(items)
                .append('\n'));
    }

    /** Reads what {@link #text} wrote; empty if it is anything else. */
    static Optional<State> parse(String text) {
        String[] lines = text.split("\n", -1);
        if (lines.length < 5
                || !lines[0].equals(FIRST)
                || !lines[1].startsWith("job ")
                || !lines[lines.length - 1].isEmpty()
                || !lines[lines.length - 2].equals(LAST)) {
            return Optional.empty();
        }
        State state = new State(lines[1].substring("job ".length()));
        try {
            for (int i = 2; i < lines.length - 2; i++) {
                state.take(lines[i].split(" ", -1));
            }
            return Optional.of(state);
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            return Optional.empty();
        }
    }

    private void take(String[] words) {
        switch (words[0]) {
            case "phase" -> phase = Phase.valueOf(words[1]);
            case "position" -> position = text(words[1]);
            case "count" -> tally.add(Count.valueOf(words[1]), Long.parseLong(words[2]));
            case "before", "after" ->
                tally.put(
                        words[0].equals("after"),
                        new Version(Kind.valueOf(words[1]), text(words[2]), text(words[3])),
                        Long.parseLong(words[4]));
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    /** Keys of rows and names of files may hold spaces and line ends. */
    private static String letters(String text) {
        return "=" + Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(String letters) {
        return new String(Base64.getUrlDecoder().decode(letters.substring(1)), StandardCharsets.UTF_8);
    }
}
