package io.sealwright.examples.keyring;

import io.sealwright.kms.*;
import io.sealwright.kms.error.*;
import io.sealwright.kms.spi.*;
import java.io.IOException;
import java.net.URI;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.atomic.*;
import org.jspecify.annotations.Nullable;

/** Master keys {@code keyring://NAME} of the key server at {@code KEYRING_ADDR}, for the bearer of {@code KEYRING_TOKEN}. */
public final class KeyringProvider implements MasterKeyProvider {
    @Override
    public Set<String> schemes() {
        return Set.of("keyring");
    }

    @Override
    public MasterKey open(MasterKeyUri uri, ProviderSettings settings) {
        Variables variables = settings.variables();
        if (!uri.rest().matches("[A-Za-z0-9_-]{1,100}") || !variables.hasSecret("KEYRING_TOKEN")) {
            throw new ConfigurationException("No such key.", "Its name or KEYRING_TOKEN is wrong.", "See docs.");
        }
        String address = variables.value("KEYRING_ADDR").orElse("http://127.0.0.1:8300");
        URI base = URI.create(address + "/v1/keys/" + uri.rest() + "/"); // few letters: the name is part of a path
        return new Key(uri.toString(), base, variables, new AtomicInteger(), new AtomicBoolean());
    }

    /** One attempt a call; no cache, no retry, no breaker: the engine has these around every call. */
    private record Key(String uri, URI base, Variables variables, AtomicInteger newest, AtomicBoolean closed)
            implements MasterKey {
        private static final int KIND = 240; // one of the private kinds of docs/FORMAT.md
        private static final WrapBinding NONE =
                new WrapBinding(WrapBinding.Purpose.DATA_KEY, EncryptionContext.empty());
        private static final int MOST_BYTES = 8192; // more than a wrap can have: whoever answers may never end
        private static final HttpClient HTTP = HttpClient.newHttpClient();

        @Override
        public boolean recognizes(Recipient recipient) { // compares; never asks
            return recipient.kind() == KIND && uri.equals(new String(recipient.id(), StandardCharsets.US_ASCII));
        }

        @Override
        public boolean isOutdated(Recipient recipient) {
            return version(recipient.wrap()) < newest.get();
        }

        @Override
        public String versionOf(Recipient recipient) {
            return Integer.toString(version(recipient.wrap()));
        }

        private static int version(byte[] wrap) { // wraps of this server begin with it
            return wrap.length < 4 ? 0 : ByteBuffer.wrap(wrap).getInt();
        }

        @Override
        public Recipient wrap(SecretBytes key, WrapBinding binding) {
            byte[] wrap = ask("wrap", binding, key.copy());
            newest.accumulateAndGet(version(wrap), Math::max);
            return new Recipient(KIND, uri.getBytes(StandardCharsets.US_ASCII), wrap);
        }

        @Override
        public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
            return SecretBytes.owning(ask("unwrap", binding, recipient.wrap()));
        }

        @Override
        public boolean refresh() {
            int now = version(ask("version", NONE, new byte[0]));
            return newest.getAndSet(now) != now;
        }

        @Override
        public String check() {
            return uri + ", version " + version(ask("version", NONE, new byte[0]));
        }

        @Override
        public String rotate() {
            newest.set(version(ask("rotate", NONE, new byte[0])));
            return newest.toString();
        }

        private byte[] ask(String operation, WrapBinding binding, byte[] payload) { // once; wipes the payload
            if (closed.get()) {
                throw new ClosedException(uri + " is closed.", "close() was called.", "Open it again.");
            }
            byte[] context = binding.context().encoded(); // bound by the server, with the purpose
            byte[] head = {(byte) binding.purpose().id(), (byte) (context.length >> 8), (byte) context.length};
            HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(operation));
            try (SecretBytes token = variables.secret("KEYRING_TOKEN").orElseThrow()) { // each time: it may be renewed
                request.header("Authorization", "Bearer " + new String(token.copy(), StandardCharsets.US_ASCII));
            }
            request.POST(HttpRequest.BodyPublishers.ofByteArrays(List.of(head, context, payload)));
            try {
                var response = HTTP.send(request.build(), unused -> new LimitedBody(MOST_BYTES));
                byte[] answer = response.body();
                String type = response.headers().firstValue("Content-Type").orElse("");
                boolean own = type.equals("application/x-keyring");
                if (own && answer.length >= 4 && response.statusCode() == 200) {
                    return answer;
                }
                String code = new String(answer, StandardCharsets.US_ASCII);
                throw own ? refused(code) : noAnswer("a stranger's page", null);
            } catch (IOException | InterruptedException e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                throw noAnswer("a failed connection, or the end of the deadline", e);
            } finally {
                Arrays.fill(payload, (byte) 0);
            }
        }

        /** Only the server's own words are a definite no; whatever else came is no answer. */
        private KmsException refused(String code) {
            return switch (code) {
                case "NO_SUCH_KEY" -> new KeyNotFoundException("No " + uri + ".", "The server says so.", "Make it.");
                case "DISABLED", "PENDING_DELETION" ->
                    new RefusedException(ErrorCode.KMS_KEY_STATE_REFUSED, uri + " is off.", "It says so.", "Enable.");
                case "DENIED" -> // said to live tokens alone: dead ones hear BAD_TOKEN
                    new PermissionDeniedException(uri + " is denied.", "The server says so.", "Ask its owner.");
                case "INVALID" -> new AuthenticationFailedException();
                default -> noAnswer(code.matches("[A-Z_]{1,30}") ? code : "an unknown error", null);
            };
        }

        private UnavailableException noAnswer(String came, @Nullable Exception cause) {
            return new UnavailableException("No answer from " + uri + ".", "What came: " + came + ".", "Retry.", cause);
        }

        @Override
        public void close() {
            closed.set(true);
        }
    }
}
