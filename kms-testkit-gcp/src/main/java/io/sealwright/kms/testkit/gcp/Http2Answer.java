package io.sealwright.kms.testkit.gcp;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * One answer to whatever is asked over HTTP/2 (RFC 9113): what a proxy or a portal on the way says, who knows nothing of gRPC. Reads
 * as much of the protocol as that takes.
 */
final class Http2Answer {
    private static final int PREFACE_BYTES = 24;
    private static final int MOST_FRAME_BYTES = 1 << 20;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;

    private final byte[] headers;
    private final byte[] body;

    /**
     * @param contentType under 127 characters; empty for none
     * @param body under 16 KiB, the longest frame that a client takes unasked
     */
    Http2Answer(int status, String contentType, String body) {
        ByteArrayOutputStream fields = new ByteArrayOutputStream();
        literal(fields, ":status", Integer.toString(status));
        if (!contentType.isEmpty()) {
            literal(fields, "content-type", contentType);
        }
        this.headers = fields.toByteArray();
        this.body = body.getBytes(StandardCharsets.UTF_8);
    }

    /** Until the client hangs up. */
    void serve(Socket client) throws IOException {
        DataInputStream in = new DataInputStream(client.getInputStream());
        OutputStream out = client.getOutputStream();
        in.readFully(new byte[PREFACE_BYTES]);
        frame(out, SETTINGS, 0, 0, new byte[0]);
        while (true) {
            int lengthAndType = in.readInt();
            int length = lengthAndType >>> 8;
            int type = lengthAndType & 0xff;
            int flags = in.readUnsignedByte();
            int stream = in.readInt() & 0x7fff_ffff;
            if (length > MOST_FRAME_BYTES) {
                throw new IOException("a frame of " + length + " bytes");
            }
            byte[] payload = new byte[length];
            in.readFully(payload);
            if (type == SETTINGS && (flags & ACK) == 0) {
                frame(out, SETTINGS, ACK, 0, new byte[0]);
            } else if (type == PING && (flags & ACK) == 0) {
                frame(out, PING, ACK, 0, payload);
            } else if ((type == HEADERS || type == DATA) && (flags & END_STREAM) != 0) {
                frame(out, HEADERS, END_HEADERS | (body.length == 0 ? END_STREAM : 0), stream, headers);
                if (body.length > 0) {
                    frame(out, DATA, END_STREAM, stream, body);
                }
            }
        }
    }

    private static void frame(OutputStream out, int type, int flags, int stream, byte[] payload) throws IOException {
        out.write(ByteBuffer.allocate(9 + payload.length)
                .putInt(payload.length << 8 | type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array());
    }

    /** A field as a literal without indexing (RFC 7541, section 6.2.2), name and value shorter than 127 bytes. */
    private static void literal(ByteArrayOutputStream out, String name, String value) {
        out.write(0);
        for (String text : new String[] {name, value}) {
            byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
            out.write(bytes.length);
            out.writeBytes(bytes);
        }
    }
}
