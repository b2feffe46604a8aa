package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.TimeSource;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A session that is closed while the server is asked for a token. */
@Timeout(60)
class TokenKeeperClosingTest {
    private static final int RACES = 1_000;

    @Test
    void close_duringALogin_leavesNoToken_andTheLoginIsNoFailure() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.createContext("/v1/auth/token/lookup-self", exchange -> {
            asked.countDown();
            try {
                boolean told = answer.await(30, TimeUnit.SECONDS);
                assertThat(told).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            byte[] body = "{\"data\":{\"id\":\"t\",\"renewable\":true,\"ttl\":600}}".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        ExecutorService pool = Executors.newSingleThreadExecutor();
        try {
            TokenKeeper keeper = new TokenKeeper(
                    new VaultServer(
                            "http://127.0.0.1:" + server.getAddress().getPort(), "", HttpClient.newHttpClient()),
                    VaultAuth.token("t"),
                    TimeSource.system());
            Future<Lease> login = pool.submit(() -> keeper.current(Deadline.after(Duration.ofSeconds(30))));
            assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
            keeper.close();
            answer.countDown();
            assertThat(login.get(30, TimeUnit.SECONDS).token()).isEqualTo("t");
            assertThat(keeper.held()).isNull();
        } finally {
            answer.countDown();
            pool.shutdownNow();
            server.stop(0);
        }
    }

    /** Whether one thread has closed cannot be asked before: it may close right behind the answer. */
    @Test
    void schedule_whileAnotherThreadCloses_throwsNothing() throws Exception {
        TokenKeeper keeper = new TokenKeeper(
                new VaultServer("http://127.0.0.1:1", "", HttpClient.newHttpClient()),
                VaultAuth.token("t"),
                TimeSource.system());
        Lease lease = new Lease("t", true, TimeUnit.HOURS.toNanos(1), 0);
        Renewals[] next = new Renewals[1];
        CyclicBarrier together = new CyclicBarrier(2, () -> next[0] = new Renewals(keeper));
        ExecutorService pool = Executors.newSingleThreadExecutor();
        try {
            Future<?> closing = pool.submit(() -> {
                for (int i = 0; i < RACES; i++) {
                    together.await(30, TimeUnit.SECONDS);
                    next[0].close();
                }
                return null;
            });
            for (int i = 0; i < RACES; i++) {
                together.await(30, TimeUnit.SECONDS);
                next[0].schedule(lease);
            }
            assertThat(closing.get(30, TimeUnit.SECONDS)).isNull();
        } finally {
            pool.shutdownNow();
            keeper.close();
        }
    }
}
