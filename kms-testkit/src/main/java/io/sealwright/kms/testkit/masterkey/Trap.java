package io.sealwright.kms.testkit.masterkey;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;

/** A port of this machine that nobody has a reason to connect to, and that counts who does. Safe for concurrent use. */
final class Trap implements AutoCloseable {
    private final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private int connections; // guarded by this

    Trap() throws IOException {
        Thread listener = new Thread(this::listen, "trap");
        listener.setDaemon(true);
        listener.start();
    }

    /** As it would stand in a URL. */
    String address() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    private void listen() {
        while (!socket.isClosed()) {
            try {
                socket.accept().close();
                synchronized (this) {
                    connections++;
                    notifyAll();
                }
            } catch (IOException e) {
                // Closed, or the one who connected has gone.
            }
        }
    }

    /**
     * How many have connected. Connects itself, last, and waits until that was counted: a trap that does not work counts
     * nothing.
     *
     * @throws IllegalStateException if it does not work
     */
    int connections() throws IOException, InterruptedException {
        int before;
        synchronized (this) {
            before = connections;
        }
        new Socket(InetAddress.getLoopbackAddress(), socket.getLocalPort()).close();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        synchronized (this) {
            // Who came earlier is accepted earlier, so all of them are counted with it.
            while (connections == before) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0) {
                    throw new IllegalStateException("the trap does not notice connections");
                }
                wait(left);
            }
            return connections - 1;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
