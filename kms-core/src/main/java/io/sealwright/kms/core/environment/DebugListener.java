package io.sealwright.kms.core.environment;

import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.event.KmsEventListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@code KMS_DEBUG} switches on: each event as a line of the log. Events hold no secrets. */
final class DebugListener implements KmsEventListener {
    private static final Logger LOG = LoggerFactory.getLogger("io.sealwright.kms.debug");

    @Override
    public void onEvent(KmsEvent event) {
        LOG.info("{}", event);
    }
}
