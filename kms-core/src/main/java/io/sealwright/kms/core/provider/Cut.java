package io.sealwright.kms.core.provider;

import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Work on this thread that is interrupted when its share of the deadline is over, so that something is left for what follows. */
final class Cut {
    /** The innermost one of this thread. */
    private static final ThreadLocal<@Nullable Cut> INNERMOST = new ThreadLocal<>();

    private final Thread worker = Thread.currentThread();
    private final @Nullable Cut outer = INNERMOST.get();
    private boolean over; // guarded by this
    private boolean cut; // guarded by this

    private Cut() {}

    static <T> T run(ProviderCalls calls, String what, long nanos, Supplier<T> work) {
        Cut cut = new Cut();
        CompletableFuture<Void> done = new CompletableFuture<>();
        INNERMOST.set(cut);
        calls.after(nanos, done, cut::now);
        try {
            return work.get();
        } catch (KmsException e) {
            boolean byUs = cut.end()
                    && (e instanceof CallInterruptedException
                            || e instanceof UnavailableException
                            || e instanceof StoreException);
            if (!byUs) {
                throw e;
            }
            throw new UnavailableException(
                    "No answer in time: " + what + ".",
                    "Its share of the deadline, " + TimeUnit.NANOSECONDS.toMillis(nanos) + " ms, is over.",
                    "Repeat the call; check the provider and the network, or set a longer deadline.",
                    e);
        } finally {
            cut.end();
            done.complete(null);
            cut.leave();
        }
    }

    private synchronized void now() {
        if (!over) {
            cut = true;
            worker.interrupt();
        }
    }

    /** Whether it was cut; the interrupt is taken back. From here on it would hit a stranger's work. */
    private synchronized boolean end() {
        if (!over && cut) {
            Thread.interrupted();
            if (outer != null) {
                outer.again(); // the flag was one for both
            }
        }
        over = true;
        return cut;
    }

    private synchronized void again() {
        if (!over && cut) {
            worker.interrupt();
        } else if (!over && outer != null) {
            outer.again();
        }
    }

    private void leave() {
        if (outer == null) {
            INNERMOST.remove();
        } else {
            INNERMOST.set(outer);
        }
    }
}
