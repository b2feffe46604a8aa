package io.sealwright.kms.vault;

import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.TimeSource;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What several keys of one server share: the connection pool and the token, which is forgotten with the last of its keys.
 * Safe for concurrent use.
 */
final class VaultSession {
    private static final Duration MOST_CONNECTING = Duration.ofSeconds(5);

    private final VaultServer server;
    private final VaultAuth auth;
    private final TimeSource time;
    private final Duration timeout;
    private final ReentrantLock using = new ReentrantLock(); // around users and tokens, never around a request
    private int users; // guarded by using
    private volatile TokenKeeper tokens; // written under using

    VaultSession(VaultOptions options, HttpClient client, Duration timeout, TimeSource time) {
        this.server = new VaultServer(options.address(), options.namespace(), client);
        this.auth = options.auth();
        this.time = time;
        this.timeout = timeout;
        this.tokens = new TokenKeeper(server, auth, time);
    }

    /** A session with a client of its own; connects to nothing. */
    static VaultSession open(VaultOptions options, Duration timeout, TimeSource time) {
        HttpClient.Builder client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connecting(timeout));
        if (options.tls() != null) {
            client.sslContext(options.tls());
        }
        return new VaultSession(options, client.build(), timeout, time);
    }

    /** Less than the first of three attempts gets of a deadline, so that it is told that there is no connection. */
    private static Duration connecting(Duration timeout) {
        Duration part = timeout.multipliedBy(2).dividedBy(5);
        return part.compareTo(MOST_CONNECTING) < 0 ? part : MOST_CONNECTING;
    }

    String namespace() {
        return server.namespace();
    }

    /** What a line about a key's health ends with. */
    String ofConnection() {
        return server.encrypted() ? "" : "; the connection is not encrypted";
    }

    /** One more key uses it; the first one after the last was closed begins anew, so that a key may come at any moment. */
    VaultSession retain() {
        using.lock();
        try {
            if (tokens.closed()) {
                tokens = new TokenKeeper(server, auth, time);
            }
            users++;
            return this;
        } finally {
            using.unlock();
        }
    }

    /** One key less. */
    void release() {
        using.lock();
        try {
            if (--users == 0) {
                tokens.close();
            }
        } finally {
            using.unlock();
        }
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
        TokenKeeper keeper = tokens;
        for (int attempt = 0; ; attempt++) {
            Lease lease = keeper.current(deadline);
            Answer answer = server.send(request, lease.token(), deadline);
            if (answer.status() != 403) {
                return answer;
            }
            if (keeper.alive(lease, deadline)) {
                throw new PermissionDeniedException(
                        "The server denies it: " + request.what() + ".",
                        "The token is alive, but no policy of its permits "
                                + (request.body() == null ? "'read'" : "'update'") + " on " + request.path() + ".",
                        "Add that to a policy of the token's role: docs/providers/VAULT.md has the whole policy.");
            }
            keeper.drop(lease);
            if (attempt > 0) {
                throw new UnavailableException(
                        "The server gave no usable answer: " + request.what() + ".",
                        "It does not know the token, nor the one that took its place.",
                        "Look at how long its tokens live and at what revokes them; repeating may help.");
            }
        }
    }
}
