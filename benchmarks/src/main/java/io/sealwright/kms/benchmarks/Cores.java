package io.sealwright.kms.benchmarks;

import io.sealwright.kms.KeyManagerBuilder;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.UnaryOperator;

/** Who may seal the chunks of a large message. */
public enum Cores {
    /** The caller's thread: nobody takes a task. */
    ONE(builder -> builder.chunkExecutor(task -> {
        throw new RejectedExecutionException("one core is wanted");
    })),
    /** The caller and the helpers that the library starts. */
    ALL(UnaryOperator.identity());

    final UnaryOperator<KeyManagerBuilder> setting;

    Cores(UnaryOperator<KeyManagerBuilder> setting) {
        this.setting = setting;
    }
}
