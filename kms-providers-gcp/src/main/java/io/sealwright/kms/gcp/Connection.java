package io.sealwright.kms.gcp;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import org.jspecify.annotations.Nullable;

/**
 * A client and, if it is ours, the channel below it. gRPC waits up to two minutes between attempts to connect, and sends on over a
 * connection that has gone dead until the kernel gives it up; so a channel that failed, or over which no answer of the
 * service's came in time, is not used for a call that begins: another one is made. Safe for concurrent use.
 *
 * @param <C> the client's type
 */
final class Connection<C> {
    private final C client;
    private final boolean rest;
    private final @Nullable ManagedChannel channel;
    private final Runnable closing;
    private volatile boolean suspect;

    /**
     * @param rest whether the client speaks HTTP and JSON instead of gRPC
     * @param channel null if the client was given
     * @param closing ends what belongs to the client besides the channel
     */
    Connection(C client, boolean rest, @Nullable ManagedChannel channel, Runnable closing) {
        this.client = client;
        this.rest = rest;
        this.channel = channel;
        this.closing = closing;
    }

    C client() {
        return client;
    }

    boolean rest() {
        return rest;
    }

    /** No answer of the service's came. */
    void suspect() {
        suspect = true;
    }

    /** Whether a call that begins should have another one. */
    boolean failed() {
        return channel != null && (suspect || channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE);
    }

    /** Lets calls under way end, and takes no more. */
    void retire() {
        if (channel != null) {
            channel.shutdown();
        }
        closing.run();
    }

    /** Ends calls under way. */
    void close() {
        if (channel != null) {
            channel.shutdownNow();
        }
        closing.run();
    }
}
