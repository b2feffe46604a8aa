package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A message chooses its recipients' ids. None is ever an address: no connection, nothing loaded, no file touched, one typed
 * error, whatever they say and however many there are.
 */
@Timeout(60)
class HostileRecipientsTest {
    @TempDir
    Path folder;

    private final AtomicInteger connections = new AtomicInteger();
    private final FaultyMasterKey own = new FaultyMasterKey("own");
    private ServerSocket trap;

    @BeforeEach
    void listen() throws IOException {
        trap = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread listener = new Thread(() -> {
            try {
                while (true) {
                    trap.accept().close();
                    connections.incrementAndGet();
                }
            } catch (IOException e) {
                // The test is over.
            }
        });
        listener.setDaemon(true);
        listener.start();
    }

    @AfterEach
    void closeTrap() throws IOException {
        trap.close();
    }

    /** A library that could be loaded: a copy of one of the JDK's, under a name that nothing else has. */
    private Path module() throws IOException {
        Path library = folder.resolve("hostile-module.so");
        try (Stream<Path> libraries = Files.walk(Path.of(System.getProperty("java.home"), "lib"))) {
            Path some = libraries
                    .filter(file -> file.getFileName().toString().equals(System.mapLibraryName("zip")))
                    .findFirst()
                    .orElseThrow();
            return Files.copy(some, library);
        }
    }

    private List<byte[]> ids(Path module) {
        String inside = trap.getInetAddress().getHostAddress() + ":" + trap.getLocalPort();
        List<byte[]> ids = new ArrayList<>();
        for (String id : List.of(
                "pkcs11:?module-path=" + module,
                "pkcs11:token=x;object=y?module-name=hostile-module&pin-source=file:" + module,
                "http://" + inside + "/latest/meta-data/iam/security-credentials/",
                "vault-transit://" + inside + "/transit/app",
                "https://" + inside + "/v1/transit/decrypt/app",
                "aws-kms://arn:aws:kms:" + inside + ":1:key/x",
                "arn:aws:kms:us-east-1:111122223333:key/x?endpoint=" + inside,
                "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/" + inside,
                "jdbc:postgresql://" + inside + "/x",
                "ldap://" + inside + "/a",
                "${jndi:ldap://" + inside + "/a}",
                "rmi://" + inside + "/a",
                "file://" + folder.resolve("touched"),
                "local://../../" + folder.resolve("touched"),
                "env://PATH",
                inside,
                "\r\nHost: " + inside)) {
            ids.add(id.getBytes(StandardCharsets.UTF_8));
        }
        return ids;
    }

    /** 64 recipients: every kind there is with every id, until there are enough. */
    private List<Recipient> recipients(Path module) throws IOException {
        List<Recipient> recipients = new ArrayList<>();
        List<byte[]> ids = ids(module);
        List<Integer> kinds = new ArrayList<>(
                Stream.of(RecipientKind.values()).map(RecipientKind::id).toList());
        kinds.add(200);
        Collections.addAll(kinds, 250, 255);
        for (int i = 0; recipients.size() < 64; i++) {
            int kind = kinds.get(i % kinds.size());
            boolean needsFlag = kind >= 16 && kind <= 31;
            if (!needsFlag) {
                recipients.add(new Recipient(kind, ids.get(i % ids.size()), new byte[] {1, 2, 3}));
            }
        }
        return recipients;
    }

    private static byte[] message(List<Recipient> recipients) {
        byte[] root = new byte[32];
        byte[] salt = new byte[32];
        byte[] immutable = HeaderWriter.envelope(
                io.sealwright.kms.Suite.AES_256_GCM,
                io.sealwright.kms.SecurityLevel.STANDARD,
                io.sealwright.kms.EncryptionContext.empty(),
                salt);
        try (EpochKeys keys = new EpochKeys(root, salt, immutable)) {
            byte[] head = HeaderWriter.withRecipients(immutable, keys.commitment(), recipients.size(), recipients);
            return HeaderWriter.join(HeaderWriter.join(head, keys.mac(head)), new byte[64]);
        }
    }

    @Test
    void everyWayToOpenAMessage_hostileRecipients_oneTypedErrorAndNothingElse() throws Exception {
        Path module = module();
        List<Recipient> all = recipients(module);
        List<byte[]> messages = new ArrayList<>(List.of(message(all)));
        all.forEach(one -> messages.add(message(List.of(one))));
        try (KeyManager kms = KeyManager.builder()
                .masterKey(own)
                .alsoOpenWith("env://HOSTILE_TEST_KEY")
                .fromEnvironment(
                        Variables.of(Map.of("HOSTILE_TEST_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")),
                        name -> null)
                .home(folder)
                .store(NamedKeyStore.inMemory())
                .schedule(false)
                .build()) {
            kms.keys().create("orders", KeySpec.AES_256);
            kms.encrypt("warm").toBytes();
            int calls = own.calls();
            int unwraps = own.calls(FaultyMasterKey.Operation.UNWRAP);
            for (byte[] message : messages) {
                for (int i = 0; i < 2; i++) { // cold, and once more
                    refused(() -> kms.decrypt(message).toBytes());
                    refused(() -> kms.decrypt(new ByteArrayInputStream(message)).to(new ByteArrayOutputStream()));
                    refused(() -> kms.rewrap(message).toBytes());
                    refused(() ->
                            kms.rewrap(message).toMasterKeys().removeUnknown().toBytes());
                    refused(() -> kms.needsRewrap(message));
                    assertThat(kms.recipients(message))
                            .allMatch(key -> key.kind() == io.sealwright.kms.RecipientKey.Kind.UNKNOWN);
                    assertThat(KeyManager.inspect(message).recipients()).isNotEmpty();
                }
            }
            assertThat(own.calls(FaultyMasterKey.Operation.UNWRAP)).isEqualTo(unwraps);
            assertThat(own.calls() - calls)
                    .as("the configured key may be asked for newer versions of itself, at most once a second")
                    .isLessThan(messages.size());
        }
        assertThat(connections).hasValue(0);
        assertThat(folder.resolve("touched")).doesNotExist();
        Path maps = Path.of("/proc/self/maps");
        if (Files.exists(maps)) {
            assertThat(Files.readString(maps))
                    .contains("libjvm")
                    .doesNotContain(module.getFileName().toString());
        }
    }

    private static void refused(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(NoMatchingRecipientException.class)
                .isInstanceOf(KmsException.class)
                .hasMessageNotContaining("module-path");
    }
}
