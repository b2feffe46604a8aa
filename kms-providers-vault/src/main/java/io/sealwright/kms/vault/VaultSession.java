package io.sealwright.kms.vault;

import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.TimeSource;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What several keys of one server share: the connection pool and the token. Closed with the last of its keys. Safe for
 * concurrent use.
 */
final class VaultSession {
    private static final Duration MOST_CONNECTING = Duration.ofSeconds(5);

    private final VaultServer server;
    private final TokenKeeper tokens;
    private final Duration timeout;
    private final AtomicInteger users = new AtomicInteger();

    VaultSession(VaultOptions options, HttpClient client, Duration timeout, TimeSource time) {
        this.server = new VaultServer(options.address(), options.namespace(), client);
        this.tokens = new TokenKeeper(server, options.auth(), time);
        this.timeout = timeout;
    }

    /** A session with a client of its own; connects to nothing. */
    static VaultSession open(VaultOptions options, Duration timeout, TimeSource time) {
        HttpClient.Builder client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(timeout.compareTo(MOST_CONNECTING) < 0 ? timeout : MOST_CONNECTING);
        if (options.tls() != null) {
            client.sslContext(options.tls());
        }
        return new VaultSession(options, client.build(), timeout, time);
    }

    String namespace() {
        return server.namespace();
    }

    /** Tells whether the connection is TLS. */
    boolean encrypted() {
        return server.encrypted();
    }

    /** One more key uses it. */
    VaultSession retain() {
        users.incrementAndGet();
        return this;
    }

    /** One key less. */
    void release() {
        if (users.decrementAndGet() == 0) {
            tokens.close();
        }
    }

    /** Tells whether its last key was closed. */
    boolean closed() {
        return tokens.closed();
    }

    /** For one operation of a key. */
    Deadline deadline() {
        return Deadline.after(timeout);
    }

    /**
     * Asks, as who we are. A denial is believed only from a server that, asked afterwards, knows the token; else the
     * token is replaced, if that can be done, and the request sent once more (it was refused before, so it did nothing).
     *
     * @return 200, 204, or what the server says of the request itself: 400, 404, 405
     * @throws PermissionDeniedException if the token is alive and does not permit it
     * @throws UnavailableException if there was no usable answer, or no token that lives
     */
    Answer ask(Request request, Deadline deadline) {
        for (int attempt = 0; ; attempt++) {
            Lease lease = tokens.current(deadline);
            Answer answer = server.send(request, lease.token(), deadline);
            if (answer.status() != 403) {
                return answer;
            }
            if (tokens.alive(lease, deadline)) {
                throw new PermissionDeniedException(
                        "The server denies it: " + request.what() + ".",
                        "The token is alive, but no policy of its permits "
                                + (request.body() == null ? "'read'" : "'update'") + " on " + request.path() + ".",
                        "Add that to a policy of the token's role: docs/providers/VAULT.md has the whole policy.");
            }
            tokens.drop(lease);
            if (attempt > 0) {
                throw new UnavailableException(
                        "The server gave no usable answer: " + request.what() + ".",
                        "It does not know the token, nor the one that took its place.",
                        "Look at how long its tokens live and at what revokes them; repeating may help.");
            }
        }
    }
}
