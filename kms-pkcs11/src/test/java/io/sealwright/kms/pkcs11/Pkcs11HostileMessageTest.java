package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.pkcs11.TestToken.Word;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A message's recipients are only compared: whatever they name, nothing is loaded and no other key is asked for. */
@Timeout(60)
class Pkcs11HostileMessageTest {
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
            return recipient.names(RecipientKind.PKCS11, id.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public boolean isOutdated(Recipient recipient) {
            return false;
        }

        @Override
        public Recipient wrap(SecretBytes key, WrapBinding binding) {
            return new Recipient(RecipientKind.PKCS11.id(), id.getBytes(StandardCharsets.UTF_8), new byte[77]);
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
    void decrypt_64UnknownAndHostileRecipients_loadsNothing_andAsksForNoOtherKey() throws Exception {
        TestToken token = TestToken.softHsm();
        String name = "hostile-" + UUID.randomUUID();
        List<String> ids = new ArrayList<>(List.of(
                "pkcs11:?module-path=/tmp/evil.so",
                "?module-path=/tmp/evil.so",
                "token=contract;object=" + name + "?module-path=/tmp/evil.so",
                "token=contract;object=" + name + ";id=%01",
                "token=contract;object=",
                "token=*;object=*",
                "object=" + name + ";token=contract",
                "token=Contract;object=" + name));
        while (ids.size() < 64) {
            ids.add("token=team" + ids.size() + ";object=app");
        }
        var hostile = KeyManager.builder().masterKey(new Naming(ids.get(0)));
        ids.subList(1, ids.size()).forEach(id -> hostile.alsoWrapWith(new Naming(id)));
        byte[] message;
        try (KeyManager sealing = hostile.build()) {
            message = sealing.encrypt("hello").toBytes();
        }
        Pkcs11Options options = token.options().pin(TestToken.PIN.toCharArray()).build();
        try (MasterKey made = Pkcs11Keys.create(options, token.uri(name));
                KeyManager opening = KeyManager.builder()
                        .masterKey(Pkcs11Keys.masterKey(options, token.uri(name)))
                        .build()) {
            byte[] own = opening.encrypt("own").toBytes();
            int calls = token.count(Word.CALLS);
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> opening.decrypt(message).toText())
                        .isInstanceOf(NoMatchingRecipientException.class);
            }
            assertThat(token.count(Word.CALLS) - calls)
                    .as("one look for newer versions of the configured key, at most one a second")
                    .isLessThan(40);
            assertThat(opening.decrypt(own).toText()).isEqualTo("own");
            assertThat(made.uri()).isEqualTo(token.uri(name));
        } finally {
            token.officer().destroy(name);
        }
        String maps = Files.exists(Path.of("/proc/self/maps")) ? Files.readString(Path.of("/proc/self/maps")) : "";
        assertThat(maps).doesNotContain("evil");
    }
}
