package io.sealwright.kms.testkit.gcp;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The port that clients know: passes bytes to the gRPC server behind it and back, keeps its number while that one is
 * killed and started again, and misbehaves when told so.
 */
final class Front implements AutoCloseable {
    private static final int CHUNK_BYTES = 16 << 10;
    private static final long DRIP_MILLIS = 100;

    private final ServerSocket socket;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile int target;
    private volatile Fault fault = Fault.NONE;
    private volatile @Nullable Http2Answer instead;

    Front() {
        try {
            socket = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        daemon(this::accept);
    }

    int port() {
        return socket.getLocalPort();
    }

    void target(int port) {
        target = port;
    }

    /** Connections that would go on differently are dropped. */
    synchronized void fault(Fault now, @Nullable Http2Answer answer) {
        boolean drop = now == Fault.UNREACHABLE || answer != null || instead != null;
        fault = now;
        instead = answer;
        notifyAll(); // what was held goes on
        if (drop) {
            reset();
        }
    }

    /** Resets all connections. */
    void reset() {
        open.forEach(Front::abort);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } finally {
            fault(Fault.UNREACHABLE, null);
        }
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket client = socket.accept();
                open.add(client);
                if (fault == Fault.UNREACHABLE) {
                    abort(client);
                } else {
                    daemon(() -> serve(client));
                }
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        Http2Answer own = instead;
        try (client) {
            client.setTcpNoDelay(true);
            if (own != null) {
                own.serve(client);
                return;
            }
            try (Socket server = new Socket()) {
                open.add(server);
                server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 5_000);
                server.setTcpNoDelay(true);
                daemon(() -> answers(server, client));
                requests(client, server);
            }
        } catch (IOException e) {
            abort(client); // it has gone, or the server has
        } finally {
            open.remove(client);
        }
    }

    private void requests(Socket client, Socket server) throws IOException {
        InputStream in = client.getInputStream();
        OutputStream out = server.getOutputStream();
        byte[] chunk = new byte[CHUNK_BYTES];
        for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
            if (fault == Fault.RESET) {
                abort(client);
                return;
            }
            out.write(chunk, 0, length);
        }
    }

    private void answers(Socket server, Socket client) {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (server;
                client) {
            InputStream in = server.getInputStream();
            OutputStream out = client.getOutputStream();
            for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
                awaitSpeech();
                if (fault == Fault.CUT) {
                    out.write(chunk, 0, length / 2);
                    return;
                }
                int dripped = drip(out, chunk, length);
                out.write(chunk, dripped, length - dripped);
            }
        } catch (IOException | InterruptedException e) {
            abort(client);
        } finally {
            open.remove(server);
        }
    }

    private synchronized void awaitSpeech() throws InterruptedException {
        while (fault == Fault.SILENT) {
            wait();
        }
    }

    /** As long as that is the fault; how much it wrote. */
    private int drip(OutputStream out, byte[] chunk, int length) throws IOException, InterruptedException {
        int done = 0;
        while (done < length && fault == Fault.DRIP) {
            out.write(chunk[done++]);
            TimeUnit.MILLISECONDS.sleep(DRIP_MILLIS);
        }
        return done;
    }

    private static void abort(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            // It is closed already.
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "fake-google-front");
        thread.setDaemon(true);
        thread.start();
    }
}
