package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.MasterKeys;
import io.sealwright.kms.MasterKeys.Probe;
import io.sealwright.kms.MasterKeys.Progress;
import io.sealwright.kms.MasterKeys.Rewrapped;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MasterKeyCallsTest {
    private final FaultyMasterKey first = new FaultyMasterKey("first");
    private final FaultyMasterKey old = new FaultyMasterKey("old");
    private final KeyManager kms = KeyManager.builder()
            .masterKey(first)
            .alsoOpenWith(old)
            .store(NamedKeyStore.inMemory())
            .build();
    private final MasterKeys keys = kms.masterKeys();

    @AfterEach
    void close() {
        first.behave();
        kms.close();
    }

    private static PermissionDeniedException denied() {
        return new PermissionDeniedException("Denied.", "The test said so.", "Allow it.");
    }

    @Test
    void rotate_thenRewrap_putsStoredKeysUnderTheNewVersion() {
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = kms.encrypt("text").key("orders").toBytes();
        byte[] under = kms.encrypt("under").toBytes();
        keys.rotate("faulty://first");
        assertThat(keys.examineStored(Progress.NONE).outdated()).isEqualTo(2);
        assertThat(keys.rewrapStored(Progress.NONE).done()).isEqualTo(2);
        assertThat(keys.examineStored(Progress.NONE).uses())
                .singleElement()
                .satisfies(use -> assertThat(use.version() + use.newest()).isEqualTo("2true"));
        assertThat(kms.decrypt(message).toText()).isEqualTo("text");
        assertThat(kms.decrypt(under).toText()).isEqualTo("under");
    }

    @Test
    void rotate_keyThatIsNotOurs_isRefused() {
        assertThat(keys.uris()).containsExactly("faulty://first", "faulty://old");
        assertThatThrownBy(() -> keys.rotate("faulty://other"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("faulty://first");
    }

    @Test
    void metadata_ofAKeyThatTellsNothing_isItsNameAndThatItWorks() {
        assertThat(keys.metadata("faulty://first")).isEqualTo(MasterKeyMetadata.enabled("faulty://first"));
        assertThatThrownBy(() -> keys.metadata("faulty://other")).isInstanceOf(ConfigurationException.class);
        first.fail(Operation.CHECK, 1, MasterKeyCallsTest::denied);
        assertThatThrownBy(() -> keys.metadata("faulty://first")).isInstanceOf(PermissionDeniedException.class);
    }

    @Test
    void withoutAStore_stored_isRefusedAndRotateWorks() {
        try (KeyManager bare =
                KeyManager.builder().masterKey(new FaultyMasterKey("bare")).build()) {
            assertThat(bare.masterKeys().rotate("faulty://bare")).isNotEmpty();
            assertThatThrownBy(() -> bare.masterKeys().rewrapStored(Progress.NONE))
                    .isInstanceOf(ConfigurationException.class);
            assertThatThrownBy(() -> bare.masterKeys().examineStored(Progress.NONE))
                    .isInstanceOf(ConfigurationException.class);
        }
    }

    @Test
    void probe_triesWhatEachKeyIsFor() {
        assertThat(keys.probe())
                .extracting(probe -> probe.masterKey() + " " + probe.operation())
                .containsExactly(
                        "faulty://first check",
                        "faulty://first generate",
                        "faulty://first wrap",
                        "faulty://first unwrap",
                        "faulty://old check");
        assertThat(keys.probe()).allMatch(probe -> probe.error() == null);
    }

    @Test
    void probe_oneOperationIsDenied_tellsWhich() {
        first.fail(Operation.WRAP, 1, MasterKeyCallsTest::denied);
        assertThat(keys.probe())
                .filteredOn(probe -> probe.error() != null)
                .singleElement()
                .satisfies(probe -> {
                    assertThat(probe.operation()).isEqualTo("wrap");
                    assertThat(probe.error()).isInstanceOf(PermissionDeniedException.class);
                });
    }

    @Test
    void probe_keyLies_isNoticed() {
        first.lie(Lie.WRONG_KEY, Operation.UNWRAP);
        assertThat(keys.probe())
                .filteredOn(probe -> probe.error() != null)
                .extracting(Probe::operation)
                .containsExactly("unwrap");
    }

    @Test
    void probe_keyHangs_endsAtTheDeadline() {
        FaultyMasterKey hanging = new FaultyMasterKey("hanging");
        hanging.hold();
        try (KeyManager hurried = KeyManager.builder()
                .masterKey(hanging)
                .deadline(Duration.ofMillis(200))
                .build()) {
            assertThat(hurried.masterKeys().probe())
                    .hasSize(2)
                    .allMatch(probe -> probe.error() != null && probe.error().retryable());
        } finally {
            hanging.behave();
        }
    }

    @Test
    void rewrap_manyKeysOfARemoteMasterKey_areDoneSomeAtOnce() {
        for (int i = 0; i < 40; i++) {
            kms.keys().create("key-" + i, KeySpec.AES_256);
        }
        first.rotate();
        assertThat(keys.rewrapStored(Progress.NONE)).isEqualTo(new Rewrapped(41, 0, java.util.List.of()));
    }

    @Test
    void closed_isRefused() {
        kms.close();
        assertThatThrownBy(() -> keys.rotate("faulty://first")).isInstanceOf(ClosedException.class);
        assertThatThrownBy(() -> keys.rewrapStored(Progress.NONE)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(keys::probe).isInstanceOf(ClosedException.class);
    }
}
