package io.sealwright.kms.core.provider;

import io.sealwright.kms.event.KmsEvent;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The JDK's flight recorder, if this run-time image has it; looked for once. */
final class Recorder {
    private static final @Nullable Consumer<KmsEvent> FLIGHT = find();

    private Recorder() {}

    private static @Nullable Consumer<KmsEvent> find() {
        try {
            return FlightEvents.available() ? FlightEvents::record : null;
        } catch (LinkageError e) { // no module jdk.jfr, or none that this one reads
            return null;
        }
    }

    static void record(KmsEvent event) {
        if (FLIGHT != null) {
            FLIGHT.accept(event);
        }
    }
}
