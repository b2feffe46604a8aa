package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.EncryptionContext;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The protocol between {@link KeyServer} and its handles: HTTP/1.1, one request a connection, bodies of counted fields. */
final class Wire {
    /** Begins every body that the server itself made. */
    private static final int MAGIC = 0x53574b53;

    private static final int MOST_BYTES = 1 << 20;

    private Wire() {}

    /** One request. */
    record Request(String operation, String key, String token, int purpose, EncryptionContext context, byte[] payload) {
        static Request read(InputStream in) throws IOException {
            String[] line = line(in).split(" ", -1);
            String token = "";
            int length = 0;
            while (true) {
                String header = line(in);
                if (header.isEmpty()) {
                    break;
                }
                int colon = header.indexOf(':');
                String value = header.substring(colon + 1).trim();
                switch (header.substring(0, Math.max(0, colon)).toLowerCase(Locale.ROOT)) {
                    case "authorization" -> token = value;
                    case "content-length" -> length = Integer.parseInt(value);
                    default -> {
                        // Of no meaning here.
                    }
                }
            }
            String[] path = line.length < 2 ? new String[0] : line[1].split("/", -1);
            if (path.length != 4 || length < 0 || length > MOST_BYTES) {
                throw new IOException("not a request of ours");
            }
            byte[] body = in.readNBytes(length);
            try (DataInputStream fields = new DataInputStream(new ByteArrayInputStream(body))) {
                int purpose = fields.readInt();
                byte[] context = field(fields);
                byte[] payload = field(fields);
                return new Request(path[2], path[3], token, purpose, EncryptionContext.decode(context), payload);
            }
        }

        private static String line(InputStream in) throws IOException {
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c != '\n'; c = in.read()) {
                if (c < 0 || line.length() > 10_000) {
                    throw new EOFException("the request ended early");
                }
                line.append((char) c);
            }
            return line.toString().trim();
        }
    }

    /** A request's body. */
    static byte[] body(int purpose, byte[] context, byte[] payload) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(purpose);
        write(out, context);
        write(out, payload);
        return bytes.toByteArray();
    }

    /** The fields of an answer's body. */
    static List<byte[]> fields(byte[] body) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(body))) {
            if (in.readInt() != MAGIC) {
                throw new IOException("not an answer of the key server");
            }
            List<byte[]> fields = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                fields.add(field(in));
            }
            return fields;
        }
    }

    private static byte[] field(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > MOST_BYTES) {
            throw new IOException("a field of " + length + " bytes");
        }
        byte[] field = in.readNBytes(length);
        if (field.length < length) {
            throw new EOFException("a field was cut");
        }
        return field;
    }

    private static void write(DataOutputStream out, byte[] field) throws IOException {
        out.writeInt(field.length);
        out.write(field);
    }

    private static byte[] answer(byte[]... fields) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(MAGIC);
        out.writeInt(fields.length);
        for (byte[] field : fields) {
            write(out, field);
        }
        return bytes.toByteArray();
    }

    static void success(OutputStream out, byte[]... fields) throws IOException {
        bare(out, 200, KeyServer.OWN_TYPE, answer(fields));
    }

    /** The server's own no, with a code. */
    static void error(OutputStream out, int status, String code) throws IOException {
        bare(out, status, KeyServer.OWN_TYPE, answer(code.getBytes(StandardCharsets.UTF_8)));
    }

    /** An answer that promises more than comes. */
    static void cut(OutputStream out) throws IOException {
        byte[] whole = answer(new byte[100]);
        head(out, 200, KeyServer.OWN_TYPE, whole.length);
        out.write(whole, 0, whole.length / 2);
        out.flush();
    }

    static void bare(OutputStream out, int status, String type, byte[] body) throws IOException {
        head(out, status, type, body.length);
        out.write(body);
        out.flush();
    }

    static void head(OutputStream out, int status, String type, int length) throws IOException {
        out.write(("HTTP/1.1 " + status + " X\r\nContent-Type: " + type + "\r\nContent-Length: " + length
                        + "\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }
}
