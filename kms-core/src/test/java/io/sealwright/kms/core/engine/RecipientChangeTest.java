package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RecipientKey.Kind;
import io.sealwright.kms.RewrapOptions;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Recipients added, removed, replaced, and messages moved to other master keys as a whole. */
@Timeout(60)
class RecipientChangeTest {
    private static final byte[] PLAINTEXT = "attack at dawn".getBytes(StandardCharsets.UTF_8);

    private final FaultyMasterKey first = new FaultyMasterKey("first");
    private final FaultyMasterKey second = new FaultyMasterKey("second", RecipientKind.GCP_KMS);
    private final FaultyMasterKey third = new FaultyMasterKey("third", RecipientKind.VAULT_TRANSIT);

    @AutoClose
    private final OpenManagers open = new OpenManagers();

    private KeyManager kms(Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder().retryAttempts(1);
        more.accept(builder);
        return open.add(builder.build());
    }

    private byte[] sealed(FaultyMasterKey... keys) {
        return kms(b -> {
                    b.masterKey(keys[0].twin());
                    Arrays.stream(keys).skip(1).forEach(key -> b.alsoWrapWith(key.twin()));
                })
                .encrypt(PLAINTEXT)
                .context("tenant", "acme")
                .toBytes();
    }

    private static List<String> recipients(byte[] message) {
        return KeyManager.inspect(message).recipients().stream()
                .map(RecipientInfo::id)
                .toList();
    }

    /** A result beside the bytes. */
    private record Changed(byte[] message, RewrapResult result) {}

    /** By both forms, which must do the same but for the wraps' own randomness. */
    private static Changed change(KeyManager kms, byte[] message, Consumer<RewrapOptions<?>> change) throws Exception {
        byte[][] made = new byte[1][];
        var whole = kms.rewrap(message);
        change.accept(whole);
        boolean needed = whole.needed();
        RewrapResult result = whole.into(bytes -> made[0] = bytes);
        assertThat(needed).as("needed").isEqualTo(result.changed());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        var streamed = kms.rewrap(new ByteArrayInputStream(message));
        change.accept(streamed);
        assertThat(streamed.to(out)).isEqualTo(result);
        assertThat(recipients(out.toByteArray())).isEqualTo(recipients(made[0]));
        return new Changed(made[0], result);
    }

    private void opens(byte[] message, FaultyMasterKey... keys) {
        for (FaultyMasterKey key : keys) {
            assertThat(kms(b -> b.alsoOpenWith(key.twin()))
                            .decrypt(message)
                            .context("tenant", "acme")
                            .toBytes())
                    .isEqualTo(PLAINTEXT);
        }
    }

    private void opensNot(byte[] message, FaultyMasterKey key) {
        KeyManager alone = kms(b -> b.alsoOpenWith(key.twin()));
        assertThatThrownBy(
                        () -> alone.decrypt(message).context("tenant", "acme").toBytes())
                .isInstanceOf(NoMatchingRecipientException.class);
    }

    private static void sameBody(byte[] before, byte[] after) {
        MessageInfo old = KeyManager.inspect(before);
        MessageInfo now = KeyManager.inspect(after);
        assertThat(Arrays.copyOfRange(after, now.headerBytes(), after.length))
                .isEqualTo(Arrays.copyOfRange(before, old.headerBytes(), before.length));
    }

    // ---- single recipients

    @Test
    void add_newRecipient_standsLastAndOpensAlone() throws Exception {
        byte[] message = sealed(first);
        KeyManager kms = kms(b -> b.masterKey(first).alsoWrapWith(second));
        Changed changed = change(kms, message, r -> r.add(second.uri()));
        assertThat(changed.result())
                .isEqualTo(new RewrapResult(true, false, List.of(second.uri()), List.of(), List.of()));
        assertThat(recipients(changed.message())).containsExactly("first", "second");
        assertThat(KeyManager.inspect(changed.message()).wantedRecipients()).isEqualTo(2);
        opens(changed.message(), first, second);
        sameBody(message, changed.message());
        assertThat(change(kms, changed.message(), r -> r.add(second.uri()))
                        .result()
                        .changed())
                .isFalse();
    }

    @Test
    void remove_oneOfTwo_leavesTheOtherAndWantsNoMore() throws Exception {
        byte[] message = sealed(first, second);
        KeyManager kms = kms(b -> b.masterKey(first).alsoOpenWith(second));
        Changed changed = change(kms, message, r -> r.remove(second.uri()));
        assertThat(changed.result())
                .isEqualTo(new RewrapResult(true, false, List.of(), List.of(second.uri()), List.of()));
        assertThat(recipients(changed.message())).containsExactly("first");
        assertThat(KeyManager.inspect(changed.message()).belowQuorum()).isFalse();
        opens(changed.message(), first);
        opensNot(changed.message(), second);
        assertThat(second.calls(Operation.WRAP)).isZero();
        assertThat(change(kms, changed.message(), r -> r.remove(second.uri()))
                        .result()
                        .changed())
                .isFalse();
    }

    @Test
    void remove_lastOne_isRefusedAndNothingHappens() {
        byte[] message = sealed(first);
        KeyManager kms = kms(b -> b.masterKey(first));
        assertThatThrownBy(() -> kms.rewrap(message).remove(first.uri()).toBytes())
                .isInstanceOfSatisfying(
                        RefusedException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.KMS_OPERATION_REFUSED))
                .hasMessageContaining("last recipient");
    }

    @Test
    void replace_middleOne_newOneTakesItsPlace() throws Exception {
        FaultyMasterKey other = new FaultyMasterKey("other");
        byte[] message = sealed(first, second, third);
        KeyManager kms = kms(b -> b.masterKey(other).alsoOpenWith(first).alsoOpenWith(second));
        Changed changed = change(kms, message, r -> r.replace(second.uri(), other.uri()));
        assertThat(recipients(changed.message())).containsExactly("first", "other", "third");
        assertThat(changed.result().renewed()).containsExactly(other.uri());
        assertThat(changed.result().removed()).containsExactly(second.uri());
        assertThat(changed.result().kept()).containsExactly("third");
        assertThat(KeyManager.inspect(changed.message()).wantedRecipients()).isEqualTo(3);
        opens(changed.message(), first, other, third);
        opensNot(changed.message(), second);
        // Where the old one is no recipient, nothing is added either.
        byte[] without = sealed(first);
        assertThat(change(kms, without, r -> r.replace(second.uri(), other.uri()))
                        .message())
                .isEqualTo(without);
    }

    @Test
    void changes_combined_areDoneInOrder() throws Exception {
        byte[] message = sealed(first);
        KeyManager kms = kms(b -> b.masterKey(second).alsoWrapWith(third).alsoOpenWith(first));
        Changed changed =
                change(kms, message, r -> r.replace(first.uri(), second.uri()).add(third.uri()));
        assertThat(recipients(changed.message())).containsExactly("second", "third");
        opens(changed.message(), second, third);
        opensNot(changed.message(), first);
    }

    @Test
    void change_ofKeysThatAreNotConfigured_isAConfigurationErrorBeforeAnyWork() {
        KeyManager kms = kms(b -> b.masterKey(first).alsoOpenWith(second));
        byte[] message = sealed(first);
        assertThatThrownBy(() -> kms.rewrap(message).add("faulty://nobody"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("faulty://nobody");
        assertThatThrownBy(() -> kms.rewrap(message).add(second.uri()))
                .as("it only opens")
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> kms.rewrap(message).remove("faulty://nobody"))
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> kms.rewrap(message).replace(first.uri(), second.uri()))
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> kms.rewrap(message).toMasterKeys().add(first.uri()))
                .isInstanceOf(IllegalStateException.class);
        KeyManager decryptOnly = kms(b -> b.alsoOpenWith(first.twin()));
        assertThatThrownBy(() -> decryptOnly.rewrap(message).toMasterKeys()).isInstanceOf(RefusedException.class);
        assertThat(first.calls() + second.calls()).isZero();
    }

    @Test
    void add_providerLies_failsAndTheMessageStays() {
        byte[] message = sealed(first);
        KeyManager kms = kms(b -> b.masterKey(first).alsoWrapWith(second));
        for (Lie lie : List.of(Lie.USELESS_WRAP, Lie.WRONG_KEY, Lie.FOREIGN_RECIPIENT)) {
            second.lie(lie, Operation.WRAP);
            assertThatThrownBy(() -> kms.rewrap(message).add(second.uri()).toBytes())
                    .as(lie.name())
                    .isInstanceOf(UnavailableException.class);
        }
        second.behave();
        assertThat(recipients(kms.rewrap(message).add(second.uri()).toBytes())).containsExactly("first", "second");
    }

    @Test
    void add_passphraseBesideAKey_isRefused() {
        byte[] message = sealed(first);
        SecretSource passphrase = SecretSource.of(
                "passphrase:test",
                SecretVersion.passphrase(
                        "1",
                        SecretBytes.copyOf("correct horse battery staple".getBytes(StandardCharsets.UTF_8)),
                        null));
        KeyManager kms = kms(b -> b.masterKey(passphrase).alsoOpenWith(first));
        assertThatThrownBy(() -> kms.rewrap(message).add("passphrase:test").toBytes())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("passphrase");
        assertThat(kms.rewrap(message).replace(first.uri(), "passphrase:test").toBytes())
                .isNotEqualTo(message);
    }

    @Test
    void add_sixtyFifthRecipient_isRefused() {
        List<FaultyMasterKey> many = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            many.add(new FaultyMasterKey("key" + i));
        }
        byte[] message = sealed(many.toArray(FaultyMasterKey[]::new));
        KeyManager kms = kms(b -> b.masterKey(first).alsoOpenWith(many.get(63)));
        assertThatThrownBy(() -> kms.rewrap(message).add(first.uri()).toBytes())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("65 recipients");
    }

    // ---- to other master keys

    @Test
    void toMasterKeys_fromOneToTwo_exactlyTheseAreLeft() throws Exception {
        byte[] message = sealed(first);
        KeyManager kms = kms(b -> b.masterKey(second).alsoWrapWith(third).alsoOpenWith(first));
        Changed changed = change(kms, message, RewrapOptions::toMasterKeys);
        assertThat(recipients(changed.message())).containsExactly("second", "third");
        assertThat(KeyManager.inspect(changed.message()).wantedRecipients()).isEqualTo(2);
        assertThat(changed.result().removed()).containsExactly(first.uri());
        opens(changed.message(), second, third);
        opensNot(changed.message(), first);
        sameBody(message, changed.message());
        assertThat(change(kms, changed.message(), RewrapOptions::toMasterKeys)
                        .result()
                        .changed())
                .as("moved already")
                .isFalse();
        assertThat(first.calls(Operation.WRAP)).isZero();
    }

    @Test
    void toMasterKeys_outdatedVersion_isRenewed() throws Exception {
        byte[] message = sealed(first);
        first.rotate();
        KeyManager kms = kms(b -> b.masterKey(first));
        assertThat(kms.recipients(message)).containsExactly(new RecipientKey(Kind.MASTER_KEY, first.uri(), "1", false));
        Changed changed = change(kms, message, RewrapOptions::toMasterKeys);
        assertThat(kms.recipients(changed.message()))
                .containsExactly(new RecipientKey(Kind.MASTER_KEY, first.uri(), "2", true));
    }

    @Test
    void toMasterKeys_unknownRecipient_staysUnlessSaid() throws Exception {
        byte[] message = sealed(first, third);
        KeyManager kms = kms(b -> b.masterKey(second).alsoOpenWith(first));
        Changed kept = change(kms, message, RewrapOptions::toMasterKeys);
        assertThat(recipients(kept.message())).containsExactly("second", "third");
        assertThat(kept.result().kept()).containsExactly("third");
        assertThat(kms.recipients(kept.message()))
                .containsExactly(
                        new RecipientKey(Kind.MASTER_KEY, second.uri(), "1", true),
                        new RecipientKey(Kind.UNKNOWN, "third", "", false));
        opens(kept.message(), second, third);
        Changed dropped = change(kms, message, r -> r.toMasterKeys().removeUnknown());
        assertThat(recipients(dropped.message())).containsExactly("second");
        opensNot(dropped.message(), third);
    }

    @Test
    void toMasterKeys_noKeyOfTheMessageIsHere_isNoMatch() {
        byte[] message = sealed(third);
        KeyManager kms = kms(b -> b.masterKey(second).alsoOpenWith(first));
        assertThatThrownBy(
                        () -> kms.rewrap(message).toMasterKeys().removeUnknown().toBytes())
                .isInstanceOf(NoMatchingRecipientException.class);
        assertThatThrownBy(() -> kms.rewrap(message).toMasterKeys().needed())
                .isInstanceOf(NoMatchingRecipientException.class);
    }

    @Test
    void toMasterKeys_messagesOfNamedKeys_areLeftToTheStore() throws Exception {
        KeyManager kms = kms(b -> b.masterKey(second)
                .alsoOpenWith(first)
                .store(NamedKeyStore.inMemory())
                .schedule(false));
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] named = kms.encrypt(PLAINTEXT).key("orders").toBytes();
        assertThat(change(kms, named, RewrapOptions::toMasterKeys).message()).isEqualTo(named);
        byte[] direct = kms.encrypt(PLAINTEXT).key("orders").direct().toBytes();
        assertThat(change(kms, direct, RewrapOptions::toMasterKeys).message()).isEqualTo(direct);
        assertThat(kms.recipients(direct)).containsExactly(new RecipientKey(Kind.NAMED_KEY, "orders", "1", true));
        assertThatThrownBy(() -> kms.rewrap(direct).add(second.uri()).toBytes())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("direct");
        // Both: the master key moves, the named key stays and is renewed.
        KeyManager old = kms(b -> b.masterKey(first.twin()));
        assertThat(old.recipients(named)).allMatch(key -> key.kind() == Kind.UNKNOWN);
        kms.key("orders").rotate();
        Changed renewed = change(kms, named, RewrapOptions::toMasterKeys);
        assertThat(kms.recipients(renewed.message()))
                .containsExactly(new RecipientKey(Kind.NAMED_KEY, "orders", "2", true));
    }

    @Test
    void toMasterKeys_masterKeyBesideANamedKey_onlyTheFirstMoves() throws Exception {
        NamedKeyStore store = NamedKeyStore.inMemory();
        KeyManager kms =
                kms(b -> b.masterKey(first).alsoWrapWith(second).store(store).schedule(false));
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = kms.encrypt(PLAINTEXT)
                .context("tenant", "acme")
                .masterKey(first.uri())
                .key("orders")
                .toBytes();
        Changed changed = change(kms, message, r -> r.replace(first.uri(), second.uri()));
        assertThat(kms.recipients(changed.message()))
                .containsExactly(
                        new RecipientKey(Kind.MASTER_KEY, second.uri(), "1", true),
                        new RecipientKey(Kind.NAMED_KEY, "orders", "1", true));
        opens(changed.message(), second);
        opensNot(changed.message(), first);
    }
}
