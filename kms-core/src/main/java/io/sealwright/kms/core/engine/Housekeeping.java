package io.sealwright.kms.core.engine;

import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.opening.Openings;
import io.sealwright.kms.core.sealing.SealingTargets;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Once a second: wipes keys past their age, and looks whether another process changed a named key. */
final class Housekeeping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    private final SealingTargets targets;
    private final Openings openings;
    private final @Nullable NamedKeyRing namedKeys;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "sealwright-housekeeping");
        thread.setDaemon(true);
        return thread;
    });

    Housekeeping(SealingTargets targets, Openings openings, @Nullable NamedKeyRing namedKeys) {
        this.targets = targets;
        this.openings = openings;
        this.namedKeys = namedKeys;
        var unused = timer.scheduleWithFixedDelay(this::run, 1, 1, TimeUnit.SECONDS);
    }

    private void run() {
        try {
            targets.sweep();
            openings.sweep();
            if (namedKeys != null) {
                namedKeys.poll();
            }
        } catch (RuntimeException e) {
            // The timer must go on; whoever needs what failed here gets the error itself.
            LOG.debug("Housekeeping failed and will be tried again: {}", e.toString());
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
