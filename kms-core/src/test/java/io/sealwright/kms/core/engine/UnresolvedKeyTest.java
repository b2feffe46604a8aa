package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import io.sealwright.kms.testkit.time.ManualTime;
import java.time.Duration;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A manager that only opens, starts while its provider is away, and whose key does not know its own id yet. */
@Timeout(60)
class UnresolvedKeyTest {
    private static final Supplier<KmsException> AWAY =
            () -> new UnavailableException("No answer.", "The provider is away.", "Repeat it.");

    private final ManualTime time = new ManualTime();
    private final FaultyMasterKey there = new FaultyMasterKey("named");
    private final FaultyMasterKey behind = there.twin();
    private final KeyManager opening = KeyManager.builder()
            .alsoOpenWith(new Aliased(behind))
            .timeSource(time)
            .retryAttempts(1)
            .build();

    @AfterEach
    void close() {
        opening.close();
    }

    /** A key that is named by an alias: nothing is its own until the provider has told what the alias stands for. */
    private static final class Aliased extends ForwardingMasterKey {
        private volatile boolean resolved;

        Aliased(FaultyMasterKey key) {
            super(key);
        }

        @Override
        public String uri() {
            return "faulty://alias";
        }

        @Override
        public boolean recognizes(Recipient recipient) {
            return resolved && super.recognizes(recipient);
        }

        @Override
        public boolean mightRecognize(Recipient recipient) {
            return !resolved && recipient.kind() == RecipientKind.AWS_KMS.id();
        }

        @Override
        public boolean refresh() {
            boolean unused = super.refresh();
            boolean before = resolved;
            resolved = true;
            return !before;
        }
    }

    private static byte[] sealed(MasterKey... keys) {
        var builder = KeyManager.builder().masterKey(keys[0]);
        for (int i = 1; i < keys.length; i++) {
            builder.alsoWrapWith(keys[i]);
        }
        try (KeyManager sealing = builder.build()) {
            return sealing.encrypt("hello").toBytes();
        }
    }

    @Test
    void decrypt_providerAway_isUnavailable_andOpensWhenItIsBack() {
        byte[] message = sealed(there);
        behind.fail(Operation.REFRESH, 100, AWAY);
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> opening.decrypt(message).toText())
                    .isInstanceOfSatisfying(
                            UnavailableException.class,
                            e -> assertThat(e.retryable()).isTrue());
        }
        assertThat(behind.calls(Operation.REFRESH))
                .as("one look a second, and the one after it that finds no match")
                .isLessThanOrEqualTo(2);
        assertThatThrownBy(() -> opening.recipients(message)).isInstanceOf(UnavailableException.class);
        assertThatThrownBy(() -> opening.needsRewrap(message)).isInstanceOf(UnavailableException.class);
        behind.behave();
        time.advance(Duration.ofSeconds(30));
        assertThat(opening.decrypt(message).toText()).isEqualTo("hello");
        assertThat(opening.recipients(message).get(0).key()).isEqualTo("faulty://alias");
    }

    @Test
    void decrypt_firstMessage_opensWithoutAnythingBefore() {
        assertThat(opening.decrypt(sealed(there)).toText()).isEqualTo("hello");
        assertThat(behind.calls(Operation.REFRESH)).isEqualTo(1);
    }

    @Test
    void decrypt_foreignKind_isNoMatchThoughTheProviderIsAway() {
        byte[] foreign = sealed(new FaultyMasterKey("other", RecipientKind.GCP_KMS));
        behind.fail(Operation.REFRESH, 100, AWAY);
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> opening.decrypt(foreign).toText())
                    .isInstanceOf(NoMatchingRecipientException.class);
        }
    }

    @Test
    void decrypt_sameKindAndProviderThere_isNoMatch() {
        byte[] foreign = sealed(new FaultyMasterKey("other"));
        assertThatThrownBy(() -> opening.decrypt(foreign).toText()).isInstanceOf(NoMatchingRecipientException.class);
    }

    @Test
    void decrypt_aliasIsNotThere_isNoMatch() {
        behind.fail(Operation.REFRESH, 100, () -> new KeyNotFoundException("No alias.", "None is there.", "Make it."));
        byte[] message = sealed(there);
        assertThatThrownBy(() -> opening.decrypt(message).toText()).isInstanceOf(NoMatchingRecipientException.class);
    }

    @Test
    void decrypt_mayNotResolve_isDenied() {
        behind.fail(Operation.REFRESH, 100, () -> new PermissionDeniedException("Denied.", "No policy.", "Add it."));
        byte[] message = sealed(there);
        assertThatThrownBy(() -> opening.decrypt(message).toText()).isInstanceOf(PermissionDeniedException.class);
    }

    /** A recipient whose provider is away must not hide the one that an alias stands for. */
    @Test
    void decrypt_otherRecipientAway_aliasIsResolvedAndOpens() {
        FaultyMasterKey google = new FaultyMasterKey("google", RecipientKind.GCP_KMS);
        byte[] message = sealed(google, there);
        FaultyMasterKey away = google.twin();
        away.fail(Operation.UNWRAP, 100, AWAY);
        try (KeyManager both = KeyManager.builder()
                .alsoOpenWith(away)
                .alsoOpenWith(new Aliased(there.twin()))
                .timeSource(time)
                .retryAttempts(1)
                .build()) {
            assertThat(both.decrypt(message).toText()).isEqualTo("hello");
        }
    }

    /** And an alias whose provider hangs must not hold up a recipient that is known. */
    @Test
    void decrypt_aliasHangs_otherRecipientOpensWithoutWaitingForIt() {
        FaultyMasterKey google = new FaultyMasterKey("google", RecipientKind.GCP_KMS);
        byte[] message = sealed(there, google);
        FaultyMasterKey hanging = there.twin();
        try (KeyManager both = KeyManager.builder()
                .alsoOpenWith(new Aliased(hanging))
                .alsoOpenWith(google.twin())
                .retryAttempts(1)
                .deadline(Duration.ofSeconds(30))
                .build()) {
            hanging.hold(Operation.REFRESH);
            assertThat(both.decrypt(message).toText()).isEqualTo("hello");
            assertThat(hanging.calls()).isZero();
            hanging.behave();
        }
    }

    @Test
    void store_aliasHangs_otherMasterKeyOpensItWithoutWaitingForIt() {
        NamedKeyStore store = NamedKeyStore.inMemory();
        FaultyMasterKey google = new FaultyMasterKey("google", RecipientKind.GCP_KMS);
        FaultyMasterKey hanging = there.twin();
        try (KeyManager making = KeyManager.builder()
                        .masterKey(there.twin())
                        .alsoWrapWith(google)
                        .store(store)
                        .build();
                KeyManager kms = KeyManager.builder()
                        .alsoOpenWith(new Aliased(hanging))
                        .alsoOpenWith(google.twin())
                        .store(store)
                        .retryAttempts(1)
                        .deadline(Duration.ofSeconds(30))
                        .build()) {
            making.keys().create("orders", KeySpec.AES_256);
            byte[] message = making.encrypt("hello").key("orders").toBytes();
            hanging.hold(Operation.REFRESH);
            assertThat(kms.decrypt(message).toText()).isEqualTo("hello");
            assertThat(hanging.calls()).isZero();
            hanging.behave();
        }
    }

    @Test
    void store_providerAway_isUnavailable() {
        NamedKeyStore store = NamedKeyStore.inMemory();
        FaultyMasterKey away = there.twin();
        away.fail(Operation.REFRESH, 100, AWAY);
        try (KeyManager making = KeyManager.builder()
                        .masterKey(there.twin())
                        .store(store)
                        .build();
                KeyManager kms = KeyManager.builder()
                        .masterKey(new Aliased(away))
                        .store(store)
                        .timeSource(time)
                        .retryAttempts(1)
                        .build()) {
            making.keys().create("orders", KeySpec.AES_256);
            assertThatThrownBy(() -> kms.encrypt("x").key("orders").toBytes())
                    .isInstanceOfSatisfying(
                            KmsException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KMS_UNAVAILABLE));
            away.behave();
            time.advance(Duration.ofSeconds(30));
            kms.encrypt("x").key("orders").toBytes();
        }
    }
}
