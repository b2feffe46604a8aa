package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OutlineTest {
    private static final Outline SMALL = new Outline("small", 10, true);
    private static final Outline HALF = new Outline("half", Outline.MOST_BYTES / 2, true);
    private static final Outline WRONG = new Outline("wrong", 10, false);

    @Test
    void parts_upToTheBound_areOne() {
        assertThat(Outline.parts(List.of())).isEmpty();
        assertThat(Outline.parts(List.of(SMALL, SMALL))).containsExactly(List.of(SMALL, SMALL));
        assertThat(Outline.parts(List.of(HALF, HALF))).containsExactly(List.of(HALF, HALF));
    }

    @Test
    void parts_overTheBound_areCutBefore() {
        assertThat(Outline.parts(List.of(HALF, HALF, SMALL, SMALL)))
                .containsExactly(List.of(HALF, HALF), List.of(SMALL, SMALL));
    }

    @Test
    void parts_unsound_standByThemselves() {
        assertThat(Outline.parts(List.of(SMALL, WRONG, WRONG, SMALL, SMALL)))
                .containsExactly(List.of(SMALL), List.of(WRONG), List.of(WRONG), List.of(SMALL, SMALL));
    }
}
