package io.sealwright.kms.core.provider;

import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.TimeSource;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells, once each, when keys begin to serve without their source and when it is there again. */
public final class Outages {
    private static final Logger LOG = LoggerFactory.getLogger(Outages.class);

    /** The source that is the store of named keys. */
    public static final String STORE = "store";

    private final Events events;
    private final TimeSource time;
    private final Set<String> without = ConcurrentHashMap.newKeySet();

    Outages(Events events, TimeSource time) {
        this.events = events;
        this.time = time;
    }

    /** A key serves past its age, since this source gave no answer. */
    public void serving(String source) {
        if (without.add(source)) {
            LOG.warn("Keys in memory serve past their age: {} does not answer", source);
            events.tell(new KmsEvent.OutageServing(time.instant(), source, true));
        }
    }

    /** The source answered. */
    public void answered(String source) {
        if (!without.isEmpty() && without.remove(source)) {
            LOG.info("{} answers again", source);
            events.tell(new KmsEvent.OutageServing(time.instant(), source, false));
        }
    }

    /** Whether keys serve without this source now. */
    public boolean serves(String source) {
        return without.contains(source);
    }
}
