package io.sealwright.kms.event;

/** Receives events, on whatever thread they happen: be quick and safe for concurrent use. What it throws is logged and dropped. */
@FunctionalInterface
public interface KmsEventListener {
    /** Called once an event. */
    void onEvent(KmsEvent event);
}
