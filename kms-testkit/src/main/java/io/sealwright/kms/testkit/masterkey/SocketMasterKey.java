package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A master key of a {@link KeyServer}: what a vendor's module is like, one attempt a call, errors by the contract. */
final class SocketMasterKey implements MasterKey {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    private final String name;
    private final byte[] id;
    private final String base;
    private final String token;
    private volatile int known;
    private volatile boolean closed;

    SocketMasterKey(InetSocketAddress address, String name, String token) {
        this.name = name;
        this.id = name.getBytes(StandardCharsets.UTF_8);
        this.base = "http://" + address.getAddress().getHostAddress() + ":" + address.getPort() + "/v1/";
        this.token = token;
    }

    @Override
    public String uri() {
        return "key-server://" + name;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return recipient.names(RecipientKind.AWS_KMS, id);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        return numberOf(recipient.wrap()) < known;
    }

    @Override
    public String versionOf(Recipient recipient) {
        return Integer.toString(numberOf(recipient.wrap()));
    }

    private static int numberOf(byte[] wrap) {
        return wrap.length < 4 ? 0 : ByteBuffer.wrap(wrap).getInt();
    }

    @Override
    public boolean refresh() {
        int before = known;
        known = number(ask(Operation.REFRESH, null, new byte[0], 1).get(0));
        return known != before;
    }

    @Override
    public GeneratedKey generate(WrapBinding binding) {
        List<byte[]> fields = ask(Operation.GENERATE, binding, new byte[0], 3);
        return new GeneratedKey(SecretBytes.owning(fields.get(0)), recipient(fields.get(1), fields.get(2)));
    }

    @Override
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        byte[] material = key.copy();
        try {
            List<byte[]> fields = ask(Operation.WRAP, binding, material, 2);
            return recipient(fields.get(0), fields.get(1));
        } finally {
            Arrays.fill(material, (byte) 0);
        }
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        return SecretBytes.owning(
                ask(Operation.UNWRAP, binding, recipient.wrap(), 1).get(0));
    }

    @Override
    public String check() {
        return uri() + ", version "
                + number(ask(Operation.CHECK, null, new byte[0], 1).get(0));
    }

    @Override
    public String rotate() {
        known = number(ask(Operation.ROTATE, null, new byte[0], 1).get(0));
        return Integer.toString(known);
    }

    private Recipient recipient(byte[] told, byte[] wrap) {
        try {
            known = Math.max(known, numberOf(wrap));
            return new Recipient(RecipientKind.AWS_KMS.id(), told, wrap);
        } catch (IllegalArgumentException e) {
            throw unusable("its answer is not one", e);
        }
    }

    private int number(byte[] text) {
        try {
            return Integer.parseInt(new String(text, StandardCharsets.UTF_8));
        } catch (NumberFormatException e) {
            throw unusable("its answer is not one", e);
        }
    }

    private List<byte[]> ask(Operation operation, @Nullable WrapBinding binding, byte[] payload, int expected) {
        if (closed) {
            throw new ClosedException(
                    "The test's master key was closed.", "It was used after close().", "Close it after its last use.");
        }
        HttpResponse<byte[]> response;
        List<byte[]> fields;
        try {
            byte[] body = Wire.body(
                    binding == null ? 0 : binding.purpose().id(),
                    binding == null ? new byte[0] : binding.context().encoded(),
                    payload);
            HttpRequest request = HttpRequest.newBuilder(URI.create(base + KeyServer.name(operation) + "/" + name))
                    .header("Authorization", token)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                    .build();
            response = HTTP.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (!response.headers().firstValue("Content-Type").orElse("").equals(KeyServer.OWN_TYPE)) {
                throw unusable("status " + response.statusCode() + " came without an answer of its own", null);
            }
            fields = Wire.fields(response.body());
        } catch (IOException e) {
            throw unusable("the connection failed, or the answer was cut", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CallInterruptedException(
                    "The call to " + uri() + " was interrupted.",
                    "Another thread asked this one to stop, or its deadline passed.",
                    "Repeat it if it is still wanted.",
                    e);
        }
        if (response.statusCode() != 200) {
            throw refused(fields.isEmpty() ? "" : new String(fields.get(0), StandardCharsets.UTF_8));
        }
        if (fields.size() != expected) {
            throw unusable("its answer is not one", null);
        }
        return fields;
    }

    private KmsException refused(String code) {
        return switch (code) {
            case "NO_SUCH_KEY" ->
                new KeyNotFoundException(
                        "There is no master key " + uri() + ".",
                        "The key server answered, and does not have it.",
                        "Check the name.");
            case "DISABLED", "PENDING_DELETION" ->
                new RefusedException(
                        ErrorCode.KMS_KEY_STATE_REFUSED,
                        "The master key " + uri() + " cannot be used.",
                        "The key server says that it is " + (code.equals("DISABLED") ? "disabled" : "to be deleted")
                                + ".",
                        "Enable it, or cancel its deletion.");
            case "DENIED" ->
                new PermissionDeniedException(
                        "The use of " + uri() + " was denied.",
                        "The key server knows the caller, and says no.",
                        "Give the caller the permission.");
            case "INVALID" -> new AuthenticationFailedException();
            default -> unusable("it said " + (code.matches("[A-Z_]{1,30}") ? code : "nothing that is known"), null);
        };
    }

    private UnavailableException unusable(String why, @Nullable Exception cause) {
        return new UnavailableException(
                "The key server gave no usable answer: " + uri() + ".",
                "What happened: " + why + ".",
                "Repeat the call; see what the test does to the server.",
                cause);
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return "SocketMasterKey[" + uri() + "]";
    }
}
