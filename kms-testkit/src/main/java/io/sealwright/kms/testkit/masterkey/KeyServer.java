package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A key server on a real loopback socket, and master keys that ask it: for tests of what happens when the network and the
 * far side misbehave, not a method call. It blocks, drips, cuts its answers, resets connections, is not there, throttles,
 * lies, and says no, until {@link #recover}. For tests only: its keys are lost with the process. Safe for concurrent use.
 */
public final class KeyServer implements AutoCloseable {
    /** What stands in the header Content-Type of the server's own answers; whatever else comes is somebody else's. */
    static final String OWN_TYPE = "application/x-sealwright-key-server";

    private static final byte[] PAGE =
            "<html><body>Please sign in to the network.</body></html>".getBytes(StandardCharsets.UTF_8);

    private final InetSocketAddress address;
    private final String token;
    private final ExecutorService workers = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "key-server");
        thread.setDaemon(true);
        return thread;
    });
    private final Map<String, FaultyMasterKey> keys = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
    private final Set<EncryptionContext> denied = ConcurrentHashMap.newKeySet();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger held = new AtomicInteger();
    private volatile Duration latency = Duration.ZERO;
    private volatile boolean closed;
    private @Nullable Situation situation; // guarded by this
    private ServerSocket listener; // guarded by this

    /** Starts one on a free port of the loopback interface. */
    public KeyServer() {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        token = HexFormat.of().formatHex(random);
        try {
            listener = listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            address = (InetSocketAddress) listener.getLocalSocketAddress();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ServerSocket listen(InetSocketAddress where) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(where, 200);
        workers.execute(() -> accept(socket));
        return socket;
    }

    /** A handle on a key, which is made if the server does not have it. Asks nobody yet. */
    public MasterKey key(String name) {
        keys.computeIfAbsent(name, FaultyMasterKey::new);
        return handle(name);
    }

    /** A handle on a key that the server may not have. Asks nobody yet. */
    public MasterKey handle(String name) {
        return new SocketMasterKey(address, name, token);
    }

    /** What the handles show to be let in; must stand in no error. */
    public String token() {
        return token;
    }

    /** Puts the server and all of its keys into a situation, until {@link #recover}. */
    public synchronized void bringAbout(Situation now) {
        situation = now;
        notifyAll();
        if (now == Situation.UNREACHABLE) {
            closeQuietly(listener);
            open.forEach(KeyServer::reset);
        }
    }

    /** Makes answers wrong, as {@link FaultyMasterKey#lie}, until {@link #recover}. */
    public void lie(Lie lie, Operation... operations) {
        keys.values().forEach(key -> key.lie(lie, operations));
    }

    /** Says "denied" to whoever asks for this context, until {@link #recover}. */
    public void deny(EncryptionContext context) {
        denied.add(context);
    }

    /** Answers each call so much later, until {@link #recover}. */
    public void slow(Duration by) {
        latency = by;
    }

    /** Ends all of that; calls that were held go on. */
    public synchronized void recover() {
        latency = Duration.ZERO;
        denied.clear();
        keys.values().forEach(FaultyMasterKey::behave);
        situation = null;
        notifyAll();
        if (!closed && listener.isClosed()) {
            try {
                listener = listen(address);
            } catch (IOException e) {
                throw new UncheckedIOException("the port was taken meanwhile", e);
            }
        }
    }

    /** How many requests of an operation were read, whatever became of them. */
    public int calls(Operation operation) {
        AtomicInteger count = calls.get(name(operation));
        return count == null ? 0 : count.get();
    }

    /** How many calls are held now. */
    public int held() {
        return held.get();
    }

    @Override
    public void close() {
        closed = true;
        synchronized (this) {
            closeQuietly(listener);
            situation = null;
            notifyAll();
        }
        open.forEach(KeyServer::closeQuietly);
        workers.shutdownNow();
    }

    static String name(Operation operation) {
        return operation.name().toLowerCase(Locale.ROOT);
    }

    // ---- connections

    private void accept(ServerSocket from) {
        while (!from.isClosed()) {
            try {
                Socket socket = from.accept();
                open.add(socket);
                if (from.isClosed()) {
                    closeQuietly(socket); // the system may hand one out while the listener is being closed
                    return;
                }
                workers.execute(() -> serve(socket));
            } catch (IOException e) {
                return; // closed: whoever closed it knows
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            Wire.Request request = Wire.Request.read(socket.getInputStream());
            calls.computeIfAbsent(request.operation(), o -> new AtomicInteger()).incrementAndGet();
            if (!latency.isZero()) {
                TimeUnit.NANOSECONDS.sleep(latency.toNanos());
            }
            answer(socket, request);
        } catch (IOException e) {
            // The client went away, or a test cut the line.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(socket);
        }
    }

    private synchronized @Nullable Situation situation() {
        return situation;
    }

    private void answer(Socket socket, Wire.Request request) throws IOException, InterruptedException {
        Situation now = situation();
        OutputStream out = socket.getOutputStream();
        if (now == Situation.SILENT) {
            hold(now);
            now = situation();
        }
        if (now == null) {
            respond(out, request);
            return;
        }
        switch (now) {
            case DISABLED -> Wire.error(out, 409, "DISABLED");
            case PENDING_DELETION -> Wire.error(out, 409, "PENDING_DELETION");
            case DELETED -> Wire.error(out, 404, "NO_SUCH_KEY");
            case DENIED -> Wire.error(out, 403, "DENIED");
            case DEAD_CREDENTIALS -> Wire.error(out, 403, "BAD_TOKEN");
            case THROTTLED -> Wire.error(out, 429, "SLOW_DOWN");
            case SERVER_ERROR -> Wire.bare(out, 500, "text/plain", new byte[0]);
            case BARE_FORBIDDEN -> Wire.bare(out, 403, "text/plain", new byte[0]);
            case BARE_NOT_FOUND -> Wire.bare(out, 404, "text/plain", new byte[0]);
            case FOREIGN_PAGE -> Wire.bare(out, 200, "text/html", PAGE);
            case CUT_ANSWER -> Wire.cut(out);
            case RESET, UNREACHABLE -> reset(socket);
            case DRIPPING -> drip(out);
            case SILENT -> throw new IllegalStateException("it was held before");
        }
    }

    /** Holds a call until the situation changes. */
    private synchronized void hold(Situation during) throws InterruptedException {
        held.incrementAndGet();
        try {
            while (situation == during) {
                wait();
            }
        } finally {
            held.decrementAndGet();
        }
    }

    private void drip(OutputStream out) throws IOException, InterruptedException {
        Wire.head(out, 200, OWN_TYPE, 1 << 20);
        held.incrementAndGet();
        try {
            while (situation() == Situation.DRIPPING) {
                out.write(0);
                out.flush();
                TimeUnit.MILLISECONDS.sleep(50);
            }
        } finally {
            held.decrementAndGet();
        }
    }

    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // It is closed already.
        }
        closeQuietly(socket);
    }

    private static void closeQuietly(AutoCloseable closing) {
        try {
            closing.close();
        } catch (Exception e) {
            // It was to be gone, and is.
        }
    }

    // ---- what a working server answers

    private void respond(OutputStream out, Wire.Request request) throws IOException {
        FaultyMasterKey key = keys.get(request.key());
        if (!request.token().equals(token)) {
            Wire.error(out, 403, "BAD_TOKEN");
        } else if (key == null) {
            Wire.error(out, 404, "NO_SUCH_KEY");
        } else if (denied.contains(request.context())) {
            Wire.error(out, 403, "DENIED");
        } else {
            try {
                Wire.success(out, result(key, request));
            } catch (AuthenticationFailedException | IllegalArgumentException e) {
                Wire.error(out, 400, "INVALID");
            }
        }
    }

    private static byte[][] result(FaultyMasterKey key, Wire.Request request) {
        switch (request.operation()) {
            case "generate" -> {
                try (GeneratedKey generated = key.generate(binding(request))) {
                    return new byte[][] {
                        generated.key().copy(),
                        generated.recipient().id(),
                        generated.recipient().wrap()
                    };
                }
            }
            case "wrap" -> {
                try (SecretBytes material = SecretBytes.copyOf(request.payload())) {
                    var recipient = key.wrap(material, binding(request));
                    return new byte[][] {recipient.id(), recipient.wrap()};
                }
            }
            case "unwrap" -> {
                try (SecretBytes opened = key.unwrap(key.recipient(request.payload()), binding(request))) {
                    return new byte[][] {opened.copy()};
                }
            }
            case "rotate" -> {
                return new byte[][] {key.rotate().getBytes(StandardCharsets.UTF_8)};
            }
            default -> {
                return new byte[][] {key.newest().getBytes(StandardCharsets.UTF_8)};
            }
        }
    }

    private static WrapBinding binding(Wire.Request request) {
        Purpose purpose = Arrays.stream(Purpose.values())
                .filter(one -> one.id() == request.purpose())
                .findFirst()
                .orElseThrow(IllegalArgumentException::new);
        return new WrapBinding(purpose, request.context());
    }

    @Override
    public String toString() {
        return "KeyServer[" + address + "]";
    }
}
