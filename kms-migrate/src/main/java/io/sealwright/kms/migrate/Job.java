package io.sealwright.kms.migrate;

import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.migrate.Mover.Known;
import io.sealwright.kms.migrate.State.Phase;
import io.sealwright.kms.migrate.Tally.Count;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One run over one source: moves page by page, then reads all of it once more, so that what is said to lie under no old key
 * was seen after the last move.
 *
 * @param <I> what the source has
 */
final class Job<I extends Item> {
    private final Source<I> source;
    private final Mover mover;
    private final Checkpoint checkpoint;
    private final State state;
    private final Limits limits;
    private final Pace pace;
    private final Speed speed;

    /** How far and how fast. */
    record Limits(
            int batch,
            int mostFailures,
            @Nullable Integer perSecond,
            Consumer<MigrationReport> progress,
            Stop stop,
            TimeSource time) {}

    Job(Source<I> source, Mover mover, Checkpoint checkpoint, State state, Limits limits) {
        this.source = source;
        this.mover = mover;
        this.checkpoint = checkpoint;
        this.state = state;
        this.limits = limits;
        this.pace = new Pace(limits.perSecond(), limits.time().nanoTime());
        this.speed = new Speed(limits.time());
    }

    MigrationReport run() {
        boolean done = state.phase == Phase.VERIFY || pages(this::move);
        if (done && !mover.dryRun()) {
            // From the beginning, also in a run that goes on: what another run saw may be otherwise now.
            state.beginSecondLook();
            checkpoint.save(state);
            done = pages(this::verify);
        }
        boolean hopeless = isHopeless();
        if (done || hopeless) {
            checkpoint.clear(state.job);
        }
        return report(done && !hopeless);
    }

    /** Whether it came to the end. */
    private boolean pages(Predicate<List<I>> work) {
        while (!limits.stop().isRequested() && !isHopeless()) {
            if (Thread.currentThread().isInterrupted()) {
                throw Stop.interrupted(new InterruptedException());
            }
            speed.batchBegins();
            List<I> page = state.phase == Phase.MOVE
                    ? source.page(state.position, limits.batch())
                    : source.secondLook(state.position, limits.batch());
            if (state.phase == Phase.MOVE) {
                state.tally.add(Count.LINKS, source.passedOver());
            }
            if (page.isEmpty()) {
                return true;
            }
            if (!work.test(page)) {
                return false;
            }
            state.position = page.get(page.size() - 1).position();
            if (state.phase == Phase.MOVE) {
                checkpoint.save(state);
            }
            speed.batchEnds(page.size(), state.phase == Phase.VERIFY);
            limits.progress().accept(report(false));
            Duration wait = pace.after(page.size(), limits.time().nanoTime());
            if (!wait.isZero()) {
                limits.stop().pause(wait);
            }
        }
        return false;
    }

    private boolean move(List<I> page) {
        state.tally.add(Count.READ, page.size());
        return source.move(page, mover, state.tally);
    }

    private boolean verify(List<I> page) {
        state.tally.add(Count.SEEN_AFTER, page.size());
        page.forEach(this::look);
        return true;
    }

    /** Counts what an item lies under now, and whether it is as it should be. */
    private void look(I item) {
        try {
            byte[] message = item.message();
            MessageInfo info = mover.info(message);
            if (message != null && info != null) {
                Known known = mover.plan(message, info);
                state.tally.left(known.keys());
                if (known.fate() != Known.Fate.LEAVE) {
                    state.tally.one(Count.LEFT_AFTER);
                }
            } else if (mover.convertsRaw() || item.mustBeMessage()) {
                state.tally.one(Count.RAW_AFTER);
            }
        } catch (CallInterruptedException | ClosedException e) {
            throw e;
        } catch (KmsException e) {
            // It failed before, or came since: not seen to lie under a new key.
            state.tally.one(Count.LEFT_AFTER);
        }
    }

    private boolean isHopeless() {
        return state.tally.of(Count.FAILED) >= limits.mostFailures();
    }

    private MigrationReport report(boolean complete) {
        return state.tally.report(complete, mover.dryRun(), speed);
    }
}
