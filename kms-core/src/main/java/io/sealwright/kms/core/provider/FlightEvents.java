package io.sealwright.kms.core.provider;

import io.sealwright.kms.event.KmsEvent;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/**
 * What is told of master keys, as events of the JDK's flight recorder. They hold what the listeners' events hold, so no
 * secrets. Touched through {@link Recorder} alone: loading this needs the module jdk.jfr.
 */
final class FlightEvents {
    private FlightEvents() {}

    static boolean available() {
        return FlightRecorder.isAvailable();
    }

    static void record(KmsEvent event) {
        if (event instanceof KmsEvent.ProviderCall call) {
            Call flight = new Call();
            if (flight.shouldCommit()) {
                flight.operation = call.operation();
                flight.masterKey = call.masterKey();
                flight.outcome = call.outcome() == null ? null : call.outcome().name();
                flight.took = call.took().toNanos();
                flight.commit();
            }
        } else if (event instanceof KmsEvent.ProviderRetried retried) {
            Retry flight = new Retry();
            if (flight.shouldCommit()) {
                flight.operation = retried.operation();
                flight.masterKey = retried.masterKey();
                flight.attempt = retried.attempt();
                flight.pause = retried.pause().toNanos();
                flight.commit();
            }
        } else if (event instanceof KmsEvent.BreakerChanged changed) {
            BreakerChange flight = new BreakerChange();
            if (flight.shouldCommit()) {
                flight.masterKey = changed.masterKey();
                flight.open = changed.open();
                flight.commit();
            }
        } else if (event instanceof KmsEvent.OutageServing outage) {
            Outage flight = new Outage();
            if (flight.shouldCommit()) {
                flight.source = outage.source();
                flight.serving = outage.serving();
                flight.commit();
            }
        } else if (event instanceof KmsEvent.KeyEnded ended) {
            Ended flight = new Ended();
            if (flight.shouldCommit()) {
                flight.operation = ended.operation();
                flight.masterKey = ended.masterKey();
                flight.code = ended.code().name();
                flight.commit();
            }
        }
    }

    @Name("io.sealwright.kms.ProviderCall")
    @Label("Provider Call")
    @Description("A call to a master key's provider ended")
    @Category("Sealwright")
    @StackTrace(false)
    static final class Call extends Event {
        @Label("Operation")
        @Nullable
        String operation;

        @Label("Master Key")
        @Nullable
        String masterKey;

        @Label("Outcome")
        @Description("The error code; empty if it succeeded")
        @Nullable
        String outcome;

        @Label("Took")
        @Description("All attempts and the pauses between them")
        @Timespan(Timespan.NANOSECONDS)
        long took;
    }

    @Name("io.sealwright.kms.ProviderRetry")
    @Label("Provider Retry")
    @Description("A provider gave no answer, and is asked again")
    @Category("Sealwright")
    @StackTrace(false)
    static final class Retry extends Event {
        @Label("Operation")
        @Nullable
        String operation;

        @Label("Master Key")
        @Nullable
        String masterKey;

        @Label("Attempt")
        @Description("Which attempt failed, from 1")
        int attempt;

        @Label("Pause")
        @Timespan(Timespan.NANOSECONDS)
        long pause;
    }

    @Name("io.sealwright.kms.BreakerChange")
    @Label("Breaker Change")
    @Description("A master key's circuit breaker opened or closed")
    @Category("Sealwright")
    @StackTrace(false)
    static final class BreakerChange extends Event {
        @Label("Master Key")
        @Nullable
        String masterKey;

        @Label("Open")
        boolean open;
    }

    @Name("io.sealwright.kms.OutageServing")
    @Label("Outage Serving")
    @Description("Keys in memory began to serve past their age, or ceased to")
    @Category("Sealwright")
    @StackTrace(false)
    static final class Outage extends Event {
        @Label("Source")
        @Description("The master key's URI, or store")
        @Nullable
        String source;

        @Label("Serving")
        boolean serving;
    }

    @Name("io.sealwright.kms.KeyEnded")
    @Label("Key Ended")
    @Description("A provider said a definite no: what the key gave is not used any more")
    @Category("Sealwright")
    @StackTrace(false)
    static final class Ended extends Event {
        @Label("Operation")
        @Nullable
        String operation;

        @Label("Master Key")
        @Nullable
        String masterKey;

        @Label("Code")
        @Nullable
        String code;
    }
}
