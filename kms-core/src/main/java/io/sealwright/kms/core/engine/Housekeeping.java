package io.sealwright.kms.core.engine;

import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.opening.Openings;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.sealing.SealingTargets;
import io.sealwright.kms.core.secretsource.SecretRefresh;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Once a second: wipes keys past their age, and looks whether another process changed a named key or the file of a master
 * key, so that what one process rotates the others seal with soon.
 */
final class Housekeeping implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

    private final SealingTargets targets;
    private final Openings openings;
    private final @Nullable NamedKeyRing namedKeys;
    private final List<MasterKey> files;
    private final SecretRefresh secrets;
    private final ProviderCalls calls;
    private final Set<MasterKey> refreshFailed = new HashSet<>(); // the timer's thread's
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "sealwright-housekeeping");
        thread.setDaemon(true);
        return thread;
    });

    Housekeeping(
            SealingTargets targets,
            Openings openings,
            @Nullable NamedKeyRing namedKeys,
            List<MasterKey> masterKeys,
            ProviderCalls calls) {
        this.files = masterKeys.stream()
                .filter(key -> key.inProcess() && !SecretRefresh.looksAfter(key))
                .toList();
        this.secrets = new SecretRefresh(masterKeys, calls);
        this.calls = calls;
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
            secrets.poll();
            refreshFiles();
        } catch (Throwable e) { // an Error too: the timer would run no more, and nobody would tell
            // The timer must go on; whoever needs what failed here gets the error itself.
            LOG.debug("Housekeeping failed and will be tried again: {}", e.toString());
        }
    }

    private void refreshFiles() {
        for (MasterKey key : files) {
            try {
                // No event: nothing was asked of a provider but whether a file changed.
                calls.call("reading " + key.uri() + " again", key::refresh);
                refreshFailed.remove(key);
            } catch (KmsException e) {
                if (refreshFailed.add(key)) {
                    LOG.warn("A master key could not be read again; the versions in memory go on serving", e);
                }
            }
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
