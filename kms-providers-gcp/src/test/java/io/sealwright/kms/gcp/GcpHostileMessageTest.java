package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A message's recipients are only compared: whatever they name, nobody is called. */
@Timeout(60)
class GcpHostileMessageTest {
    /** A sealer's key that puts another id into the header. */
    private record Naming(String id) implements MasterKey {
        @Override
        public String uri() {
            return "hostile:" + id;
        }

        @Override
        public boolean inProcess() {
            return true;
        }

        @Override
        public boolean recognizes(Recipient recipient) {
            return recipient.names(RecipientKind.GCP_KMS, id.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public boolean isOutdated(Recipient recipient) {
            return false;
        }

        @Override
        public Recipient wrap(SecretBytes key, WrapBinding binding) {
            byte[] wrap = new byte[64];
            wrap[3] = 1;
            return new Recipient(RecipientKind.GCP_KMS.id(), id.getBytes(StandardCharsets.UTF_8), wrap);
        }

        @Override
        public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String check() {
            return "hostile";
        }

        @Override
        public String rotate() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }

    @Test
    void decrypt_64UnknownAndHostileRecipients_connectsToNothing() throws Exception {
        AtomicInteger connections = new AtomicInteger();
        try (ServerSocket trap = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                FakeGoogleCloud cloud = FakeGoogleCloud.start()) {
            Thread listener = new Thread(() -> {
                while (!trap.isClosed()) {
                    try {
                        trap.accept().close();
                        connections.incrementAndGet();
                    } catch (java.io.IOException e) {
                        return;
                    }
                }
            });
            listener.setDaemon(true);
            listener.start();
            String inside = "127.0.0.1:" + trap.getLocalPort();
            List<String> ids = new ArrayList<>(List.of(
                    "http://metadata.google.internal/computeMetadata/v1/",
                    "gcp-kms://" + Clouds.KEY,
                    "https://" + inside + "/v1/" + Clouds.KEY + ":decrypt",
                    inside,
                    Clouds.KEY + "/cryptoKeyVersions/1",
                    Clouds.KEY + "?endpoint=" + inside,
                    "pkcs11:?module-path=/tmp/evil.so",
                    Clouds.RING + "../messages",
                    "\r\nHost: " + inside));
            while (ids.size() < 64) {
                ids.add(Clouds.RING + "key" + ids.size());
            }
            var hostile = KeyManager.builder().masterKey(new Naming(ids.get(0)));
            ids.subList(1, ids.size()).forEach(id -> hostile.alsoWrapWith(new Naming(id)));
            byte[] message;
            try (KeyManager sealing = hostile.build()) {
                message = sealing.encrypt("hello").toBytes();
            }
            cloud.kms().create(Clouds.KEY);
            try (KeyManager opening = KeyManager.builder()
                    .masterKey(GcpKms.masterKey(Clouds.options(cloud), Clouds.KEY))
                    .build()) {
                for (int i = 0; i < 2; i++) { // cold, and once more
                    assertThatThrownBy(() -> opening.decrypt(message).toText())
                            .isInstanceOf(NoMatchingRecipientException.class);
                }
            }
            assertThat(cloud.calls())
                    .as("the service that is configured is asked about its own key at most")
                    .allMatch("GetCryptoKey"::equals)
                    .hasSizeLessThanOrEqualTo(3);
        }
        assertThat(connections).hasValue(0);
    }
}
