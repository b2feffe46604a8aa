package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.migrate.State.Phase;
import io.sealwright.kms.migrate.Tally.Count;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a checkpoint keeps, and that nothing else is taken for one. */
class StateTest {
    @TempDir
    Path folder;

    private static State state() {
        State state = new State("0123");
        state.phase = Phase.VERIFY;
        state.position = "t:a name\nof two lines, é";
        state.tally.add(Count.READ, 12);
        state.tally.add(Count.MOVED, 7);
        state.tally.found(List.of(
                new RecipientKey(Kind.MASTER_KEY, "env://A B", "1", false),
                new RecipientKey(Kind.UNKNOWN, "x", "", false)));
        state.tally.left(List.of(new RecipientKey(Kind.NAMED_KEY, "orders", "2", true)));
        return state;
    }

    @Test
    void parse_whatWasWritten_isTheSame() {
        String text = state().text();
        State read = State.parse(text).orElseThrow();
        assertThat(read.text()).isEqualTo(text);
        assertThat(read.position).isEqualTo("t:a name\nof two lines, é");
        assertThat(read.phase).isEqualTo(Phase.VERIFY);
        assertThat(read.tally.of(Count.MOVED)).isEqualTo(7);
        assertThat(read.tally.uses(false)).hasSize(2);
        assertThat(read.tally.uses(true)).hasSize(1);
    }

    @Test
    void parse_cutOrOther_isEmpty() {
        String text = state().text();
        for (int i = 0; i < text.length(); i++) {
            assertThat(State.parse(text.substring(0, i))).as("cut at %d", i).isEmpty();
        }
        assertThat(State.parse(text.replace("migration 1", "migration 2"))).isEmpty();
        assertThat(State.parse(text.replace("count READ", "count WRITTEN"))).isEmpty();
        assertThat(State.parse(text.replace("phase VERIFY", "phase"))).isEmpty();
        assertThat(State.parse("")).isEmpty();
    }

    @Test
    void file_ofAnotherJobOrNoCheckpoint_isRefusedAndLeft() throws Exception {
        Path file = folder.resolve("job.checkpoint");
        FileCheckpoint checkpoint = new FileCheckpoint(file);
        assertThat(checkpoint.load("0123")).isEmpty();
        checkpoint.save(state());
        checkpoint.save(state());
        assertThat(checkpoint.load("0123").orElseThrow().text()).isEqualTo(state().text());
        assertThatThrownBy(() -> checkpoint.load("4567"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("another job");
        Files.writeString(file, "my notes");
        assertThatThrownBy(() -> checkpoint.load("0123")).isInstanceOf(ConfigurationException.class);
        assertThat(file).hasContent("my notes");
        checkpoint.clear("0123");
        assertThat(folder).isEmptyDirectory();
        FileCheckpoint nowhere = new FileCheckpoint(folder.resolve("no").resolve("folder"));
        assertThatThrownBy(() -> nowhere.save(state())).isInstanceOf(StoreException.class);
    }
}
