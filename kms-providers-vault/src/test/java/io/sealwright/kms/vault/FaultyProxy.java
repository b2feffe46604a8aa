package io.sealwright.kms.vault;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Stands between a client and the real server, on a socket of this machine: passes requests on, one connection each,
 * writes down their first lines, and misbehaves when told so.
 */
final class FaultyProxy implements AutoCloseable {
    /** What it does with a request. */
    enum Fault {
        /** Passes request and answer on. */
        NONE,
        /** Passes the request on, and the answer byte by byte, without end in sight. */
        DRIP,
        /** Passes the request on, and half of the answer's body. */
        CUT,
        /** Takes the request and says nothing. */
        SILENT,
        /** Resets the connection. */
        RESET,
        /** Answers by {@link #answer} itself. */
        OWN_ANSWER
    }

    private final ServerSocket socket;
    private final int target;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile Fault fault = Fault.NONE;
    private volatile byte[] ownAnswer = new byte[0];
    private volatile UnaryOperator<String> change = request -> request;
    private volatile boolean listening = true;
    private final Thread acceptor;

    FaultyProxy(int target) {
        this.target = target;
        try {
            socket = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        acceptor = daemon(this::accept);
    }

    String address() {
        return "http://127.0.0.1:" + socket.getLocalPort();
    }

    /** First lines of the requests so far, as in {@code POST /v1/auth/approle/login}. */
    List<String> requests() {
        return requests;
    }

    long count(String part) {
        return requests.stream().filter(line -> line.contains(part)).count();
    }

    void fault(Fault now) {
        fault = now;
    }

    /** Answers every request so: status, type, body. */
    void answer(int status, String type, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        answer(status, type, bytes);
    }

    void answer(int status, String type, byte[] body) {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.writeBytes(("HTTP/1.1 " + status + " Status\r\nConnection: close\r\nContent-Length: " + body.length
                        + "\r\n" + (type.isEmpty() ? "" : "Content-Type: " + type + "\r\n") + "\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        whole.writeBytes(body);
        ownAnswer = whole.toByteArray();
        fault = Fault.OWN_ANSWER;
    }

    /** Changes each request (head and body) before it is passed on. */
    void change(UnaryOperator<String> how) {
        change = how;
    }

    /** Closes each new connection at once: as near to nobody listening as a socket that is kept can come. */
    void listen(boolean whether) {
        listening = whether;
    }

    @Override
    public void close() {
        try {
            socket.close();
            acceptor.join(10_000); // until then a connection may still be taken
            for (Socket one : open) {
                one.close();
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket client = socket.accept();
                open.add(client);
                Thread unused = daemon(() -> serve(client));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            if (!listening) {
                client.setSoLinger(true, 0);
                return;
            }
            String request = read(new BufferedInputStream(client.getInputStream()));
            if (request.isEmpty()) {
                return;
            }
            requests.add(request.substring(0, request.indexOf("\r\n")).replace(" HTTP/1.1", ""));
            Fault now = fault;
            if (now == Fault.SILENT) {
                client.getInputStream().read();
            } else if (now == Fault.RESET) {
                client.setSoLinger(true, 0);
            } else if (now == Fault.OWN_ANSWER) {
                client.getOutputStream().write(ownAnswer);
            } else {
                write(client.getOutputStream(), pass(change.apply(request)), now);
            }
        } catch (IOException | InterruptedException e) {
            // The client has gone, or the proxy was closed.
        } finally {
            open.remove(client);
        }
    }

    private static void write(OutputStream out, byte[] answer, Fault fault) throws IOException, InterruptedException {
        if (fault == Fault.DRIP) {
            for (byte b : answer) {
                out.write(b);
                out.flush();
                TimeUnit.MILLISECONDS.sleep(100);
            }
        } else if (fault == Fault.CUT) {
            int body = new String(answer, StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n") + 4;
            out.write(answer, 0, body + (answer.length - body) / 2);
        } else {
            out.write(answer);
        }
    }

    /** Head and body in ISO 8859-1, so that each byte is a character. */
    private static String read(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            if (b < 0) {
                return "";
            }
            head.append((char) b);
        }
        int length = 0;
        for (String line : head.toString().split("\r\n")) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(
                        line.substring("content-length:".length()).trim());
            }
        }
        return head + new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    private byte[] pass(String request) throws IOException {
        int end = request.indexOf("\r\n\r\n");
        byte[] body = request.substring(end + 4).getBytes(StandardCharsets.ISO_8859_1);
        StringBuilder head = new StringBuilder();
        for (String line : request.substring(0, end).split("\r\n")) {
            String name = line.toLowerCase(Locale.ROOT);
            if (!name.startsWith("connection:")
                    && !name.startsWith("content-length:")
                    && !name.startsWith("upgrade:")) {
                head.append(line).append("\r\n");
            }
        }
        head.append("Connection: close\r\nContent-Length: ").append(body.length).append("\r\n\r\n");
        try (Socket server = new Socket()) {
            server.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), 2_000);
            server.getOutputStream().write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
            server.getOutputStream().write(body);
            return server.getInputStream().readAllBytes();
        }
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "faulty-proxy");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
