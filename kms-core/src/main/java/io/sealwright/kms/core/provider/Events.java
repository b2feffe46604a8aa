package io.sealwright.kms.core.provider;

import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.event.KmsEventListener;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the flight recorder and the listeners; what these throw is logged and goes no further. */
public final class Events {
    private static final Logger LOG = LoggerFactory.getLogger(Events.class);

    private final List<KmsEventListener> listeners;

    public Events(List<KmsEventListener> listeners) {
        this.listeners = List.copyOf(listeners);
    }

    public void tell(KmsEvent event) {
        Recorder.record(event);
        for (KmsEventListener listener : listeners) {
            try {
                listener.onEvent(event);
            } catch (Throwable e) { // an Error too: the call that is told of has ended, and its result is not the
                // listener's
                LOG.warn("An event listener failed on {}", event.getClass().getSimpleName(), e);
            }
        }
    }
}
