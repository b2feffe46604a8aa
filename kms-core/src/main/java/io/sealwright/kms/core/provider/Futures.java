package io.sealwright.kms.core.provider;

import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** What to do with a future that nobody waits for. */
public final class Futures {
    private Futures() {}

    /** Goes on when it completes; {@code next} must not throw. */
    public static <T> void then(CompletableFuture<T> future, BiConsumer<@Nullable T, @Nullable Throwable> next) {
        CompletableFuture<T> unused = future.whenComplete(next);
    }

    /** Lets it run; a failure is logged, since whoever needs the result will ask again. */
    public static void background(CompletableFuture<?> future, Logger log) {
        CompletableFuture<?> unused = future.whenComplete((done, failure) -> {
            if (failure != null) {
                log.debug("A call in the background failed: {}", failure.toString());
            }
        });
    }
}
