package io.sealwright.kms.core.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.Health;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.crypto.GcmCipher;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Lie;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import io.sealwright.kms.testkit.masterkey.ForwardingMasterKey;
import io.sealwright.kms.testkit.masterkey.OpenManagers;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** For whom messages are sealed, who opens them, and how calls may be misused. */
@Timeout(30)
class RecipientsTest {
    private static final byte[] PLAINTEXT = "4111 1111 1111 1111".getBytes(StandardCharsets.UTF_8);

    private final FaultyMasterKey first = new FaultyMasterKey("first");
    private final FaultyMasterKey second = new FaultyMasterKey("second", RecipientKind.GCP_KMS);
    private final FaultyMasterKey third = new FaultyMasterKey("third", RecipientKind.VAULT_TRANSIT);
    private final OpenManagers open = new OpenManagers();

    @TempDir
    Path home;

    private KeyManager kms(Consumer<KeyManagerBuilder> more) {
        KeyManagerBuilder builder = KeyManager.builder().retryAttempts(1);
        more.accept(builder);
        return open.add(builder.build());
    }

    @AfterEach
    void close() {
        for (FaultyMasterKey key : List.of(first, second, third)) {
            key.behave();
        }
        open.close();
    }

    private static List<String> recipients(byte[] message) {
        return KeyManager.inspect(message).recipients().stream()
                .map(RecipientInfo::id)
                .toList();
    }

    // ---- several recipients

    @Test
    void encrypt_severalMasterKeys_allWrapInOrderAndAnyOneOpens() {
        byte[] message = kms(b -> b.masterKey(first).alsoWrapWith(second).alsoWrapWith(third))
                .encrypt(PLAINTEXT)
                .toBytes();
        assertThat(recipients(message)).containsExactly("first", "second", "third");
        assertThat(KeyManager.inspect(message).wantedRecipients()).isEqualTo(3);
        for (FaultyMasterKey key : List.of(first, second, third)) {
            KeyManager alone = kms(b -> b.alsoOpenWith(key.twin()));
            assertThat(alone.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
            assertThat(alone.decrypt(message).result().keyId())
                    .isEqualTo(recipients(message)
                            .get(List.of(first, second, third).indexOf(key)));
        }
        assertThatThrownBy(() -> kms(b -> b.alsoOpenWith(new FaultyMasterKey("other")))
                        .decrypt(message)
                        .toBytes())
                .isInstanceOf(NoMatchingRecipientException.class)
                .hasMessageContaining("kms inspect");
        // A key of that name which is another key: found, asked, and no wrong plaintext.
        assertThatThrownBy(() -> kms(b -> b.alsoOpenWith(new FaultyMasterKey("first")))
                        .decrypt(message)
                        .toBytes())
                .hasMessageContaining(ErrorCode.KMS_AUTHENTICATION_FAILED.name());
    }

    @Test
    void rewrap_providerWrapsUselessly_isRefusedAndTheMessageStays() {
        KeyManager kms = kms(b -> b.masterKey(first));
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        first.rotate();
        first.lie(FaultyMasterKey.Lie.USELESS_WRAP, Operation.WRAP);
        assertThatThrownBy(() -> kms.rewrap(message).toBytes())
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("does not unwrap what it wrapped");
        first.behave();
        byte[] renewed = kms.rewrap(message).toBytes();
        assertThat(kms.needsRewrap(renewed)).isFalse();
        assertThat(kms(b -> b.masterKey(first)).decrypt(renewed).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(kms.metrics().masterKeys()).singleElement().satisfies(metrics -> {
            assertThat(metrics.masterKey()).isEqualTo(first.uri());
            assertThat(metrics.calls()).isPositive();
            assertThat(metrics.breakerOpen()).isFalse();
        });
    }

    @Test
    void metrics_ofKeysInMemory_countMissesAndSizes() {
        KeyManager kms = kms(b -> b.masterKey(first));
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        byte[] other = kms.encrypt(PLAINTEXT).context("tenant", "acme").toBytes();
        assertThat(kms.metrics().sealingKeys()).isEqualTo(2);
        assertThat(kms.metrics().openingMisses()).isZero();
        assertThat(kms.metrics().openingKeys()).isZero();
        for (int i = 0; i < 10; i++) {
            kms.decrypt(message).toBytes();
        }
        assertThat(kms.metrics().openingMisses()).isEqualTo(1);
        assertThat(kms.metrics().openingKeys()).isEqualTo(1);
        kms.decrypt(other).context("tenant", "acme").toBytes();
        assertThat(kms.metrics().openingMisses()).isEqualTo(2);
        assertThat(kms.metrics().openingKeys()).isEqualTo(2);
    }

    @Test
    void encrypt_oneMasterKeyDown_fails() {
        KeyManager kms = kms(b -> b.masterKey(first).alsoWrapWith(second));
        second.fail(Operation.WRAP, 1, () -> new UnavailableException("Away.", "Net.", "Wait."));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes()).isInstanceOf(UnavailableException.class);
        assertThat(recipients(kms.encrypt(PLAINTEXT).toBytes())).containsExactly("first", "second");
        assertThat(recipients(
                        kms.encrypt(PLAINTEXT).masterKey("faulty://second").toBytes()))
                .containsExactly("second");
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).masterKey("faulty://third"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("faulty://second");
    }

    /** A message of a data key that has only these recipients, of so many wanted. */
    private static byte[] message(int wanted, List<Recipient> more, FaultyMasterKey... keys) throws Exception {
        byte[] root = new byte[32];
        Arrays.fill(root, (byte) 7);
        byte[] salt = new byte[32];
        EncryptionContext context = EncryptionContext.empty();
        byte[] immutable = HeaderWriter.envelope(Suite.AES_256_GCM, SecurityLevel.STANDARD, context, salt);
        List<Recipient> recipients = new ArrayList<>();
        for (FaultyMasterKey key : keys) {
            recipients.add(key.wrap(SecretBytes.copyOf(root), new WrapBinding(WrapBinding.Purpose.DATA_KEY, context)));
        }
        recipients.addAll(more);
        try (EpochKeys derived = new EpochKeys(root, salt, immutable)) {
            byte[] head = HeaderWriter.withRecipients(immutable, derived.commitment(), wanted, recipients);
            byte[] body = new byte[12 + PLAINTEXT.length + 16];
            new GcmCipher(derived.bodyKey().copy(), null)
                    .seal(new byte[12], PLAINTEXT, 0, PLAINTEXT.length, new byte[0], 0, 0, body, 12);
            return HeaderWriter.join(HeaderWriter.join(head, derived.mac(head)), body);
        }
    }

    @Test
    void rewrap_fewerRecipientsThanWanted_addsTheMissing() throws Exception {
        byte[] message = message(2, List.of(), first);
        KeyManager kms = kms(b -> b.masterKey(first).alsoWrapWith(second));
        assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        assertThat(kms.needsRewrap(message)).isTrue();
        byte[][] made = new byte[1][];
        RewrapResult result = kms.rewrap(message).into(bytes -> made[0] = bytes);
        assertThat(result).isEqualTo(new RewrapResult(true, false, List.of("faulty://second"), List.of(), List.of()));
        assertThat(recipients(made[0])).containsExactly("first", "second");
        assertThat(kms.needsRewrap(made[0])).isFalse();
        assertThat(kms(b -> b.masterKey(second.twin())).decrypt(made[0]).toBytes())
                .isEqualTo(PLAINTEXT);
        // Body and immutable part are as they were.
        int body = PLAINTEXT.length + 28;
        assertThat(Arrays.copyOfRange(made[0], made[0].length - body, made[0].length))
                .isEqualTo(Arrays.copyOfRange(message, message.length - body, message.length));
        assertThat(kms.rewrap(made[0]).toBytes()).isEqualTo(made[0]);
    }

    @Test
    void rewrap_afterRotation_keepsRecipientsItCannotRenew() throws Exception {
        Recipient unknown = new Recipient(99, new byte[] {1, 2}, new byte[] {3});
        byte[] message = message(3, List.of(unknown), first, second);
        first.rotate();
        KeyManager kms = kms(b -> b.masterKey(first));
        byte[][] made = new byte[1][];
        RewrapResult result = kms.rewrap(message).into(bytes -> made[0] = bytes);
        assertThat(result.renewed()).containsExactly("faulty://first");
        assertThat(result.kept()).containsExactly("second", "0102");
        Header before = HeaderParser.parse(message, 0, message.length);
        Header after = HeaderParser.parse(made[0], 0, made[0].length);
        assertThat(after.recipients().subList(1, 3))
                .isEqualTo(before.recipients().subList(1, 3));
        assertThat(after.recipients().get(0)).isNotEqualTo(before.recipients().get(0));
        assertThat(kms(b -> b.masterKey(second.twin())).decrypt(made[0]).toBytes())
                .isEqualTo(PLAINTEXT);
        assertThat(kms.decrypt(made[0]).toBytes()).isEqualTo(PLAINTEXT);
    }

    @ParameterizedTest
    @EnumSource(
            value = Lie.class,
            names = {"NULL", "FOREIGN_RECIPIENT", "FOREIGN_KIND"})
    void rewrap_providerLies_failsAndTheMessageStays(Lie lie) throws Exception {
        byte[] message = message(1, List.of(), first);
        first.rotate();
        KeyManager kms = kms(b -> b.masterKey(first));
        first.lie(lie, Operation.WRAP);
        assertThatThrownBy(() -> kms.rewrap(message).toBytes()).isInstanceOf(UnavailableException.class);
    }

    @Test
    void encrypt_decryptOnlyManager_isRefusedWithAWord() {
        KeyManager kms = kms(b -> b.alsoOpenWith(first));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).toBytes())
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("only decrypts")
                .hasMessageContaining("masterKey(...)");
        assertThatThrownBy(() -> kms.sealer().build()).isInstanceOf(RefusedException.class);
        assertThat(kms.async()
                        .encrypt(PLAINTEXT)
                        .toBytes()
                        .handle((done, e) -> e)
                        .toCompletableFuture()
                        .join())
                .isInstanceOf(RefusedException.class);
        assertThat(first.calls()).isZero();
    }

    @Test
    void keys_withoutStore_isAConfigurationError() {
        KeyManager kms = kms(b -> b.masterKey(first));
        assertThatThrownBy(kms::keys)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(".store(")
                .hasMessageContaining("io.sealwright:kms-store-jdbc")
                .hasMessageContaining("org.xerial:sqlite-jdbc");
        assertThatThrownBy(() -> kms.key("orders")).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).key("orders").toBytes())
                .isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).key("orders").direct().toBytes())
                .isInstanceOf(ConfigurationException.class);
    }

    // ---- misuse

    @Test
    void builder_misused_saysHow() {
        assertThatThrownBy(() -> KeyManager.builder().build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("no master key");
        assertThatThrownBy(() -> KeyManager.builder().alsoWrapWith(first))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("needs a masterKey before it");
        assertThatThrownBy(() -> KeyManager.builder().masterKey(first).masterKey(first.twin()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("given twice");
        assertThatThrownBy(() -> KeyManager.builder()
                        .home(home)
                        .embedded()
                        .masterKey("local://default")
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("given twice");
        assertThatThrownBy(() -> KeyManager.builder().masterKey("nosuch://key").build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("'nosuch'")
                .hasMessageContaining("local");
        assertThatThrownBy(() -> KeyManager.builder()
                        .masterKey("vault-transit://user:secret@host/key")
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageNotContaining("secret@");
        assertThatThrownBy(() -> KeyManager.builder().deadline(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KeyManager.builder().dataKeys(p -> p.maxBytesPerEpoch(65535)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void options_misused_sayHow() {
        KeyManager kms = kms(b -> b.masterKey(first).store(NamedKeyStore.inMemory()));
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).direct().toBytes())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("exactly one key(...)");
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).context("a", "b").context("a", "b"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).context("sealwright:public", "1"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).context("a", "\uD800"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("surrogate");
        assertThatThrownBy(() -> kms.encrypt("\uDC00")).hasMessageContaining("surrogate");
        assertThatThrownBy(() -> kms.decrypt(PLAINTEXT).requireLevel(SecurityLevel.NONE))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> kms.encrypt(PLAINTEXT)
                        .level(SecurityLevel.NONE)
                        .associatedData(PLAINTEXT)
                        .toBytes())
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> kms.sealer().associatedData(PLAINTEXT).build())
                .isInstanceOf(IllegalStateException.class);
        byte[] notText = kms.encrypt(new byte[] {(byte) 0xFF}).toBytes();
        assertThatThrownBy(() -> kms.decrypt(notText).toText()).isInstanceOf(IllegalStateException.class);
        assertThat(kms.decrypt(kms.encrypt("\uD83D\uDD11 \u0000").toBytes()).toText())
                .isEqualTo("\uD83D\uDD11 \u0000");
    }

    @Test
    void encryptText_calledTwiceOrAgainAfterAFailure_neverSealsTheWipedCopy() {
        KeyManager kms = kms(b -> b.masterKey(first));
        var twice = kms.encrypt("text");
        twice.toBytes();
        assertThatThrownBy(twice::toBytes).isInstanceOf(IllegalStateException.class);
        var again = kms.encrypt("text");
        assertThatThrownBy(() -> again.into(new byte[3], 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> again.into(ByteBuffer.allocateDirect(3))).isInstanceOf(IllegalArgumentException.class);
        assertThat(kms.decrypt(again.toBytes()).toText()).isEqualTo("text");
        var unlucky = kms.encrypt("text").context("new", "key");
        first.fail(Operation.GENERATE, 1, () -> new UnavailableException("Away.", "Net.", "Wait."));
        assertThatThrownBy(unlucky::toBytes).isInstanceOf(UnavailableException.class);
        assertThat(kms.decrypt(unlucky.toBytes()).context("new", "key").toText())
                .isEqualTo("text");
    }

    @Test
    void into_rangesOfOneArray_refusedOnlyIfTheyOverlapOrDoNotFit() {
        KeyManager kms = kms(b -> b.masterKey(first));
        for (Suite suite : new Suite[] {Suite.AES_256_GCM, Suite.CHUNKED_AES_256_GCM}) {
            int sealed = kms.encrypt(PLAINTEXT).suite(suite).maxSealedLength();
            assertThat(kms.encrypt(PLAINTEXT).suite(suite).toBytes()).hasSize(sealed);
            byte[] array = new byte[2 * sealed + PLAINTEXT.length];
            ByteBuffer in = ByteBuffer.wrap(array, sealed, PLAINTEXT.length);
            System.arraycopy(PLAINTEXT, 0, array, sealed, PLAINTEXT.length);
            // Right before its plaintext, right behind it, and one byte into it from both sides.
            assertThat(kms.encrypt(in).suite(suite).into(array, 0)).isEqualTo(sealed);
            assertThat(kms.decrypt(ByteBuffer.wrap(array, 0, sealed)).toBytes()).isEqualTo(PLAINTEXT);
            int behind = sealed + PLAINTEXT.length;
            assertThat(kms.encrypt(in).suite(suite).into(array, behind)).isEqualTo(sealed);
            assertThat(kms.decrypt(ByteBuffer.wrap(array, behind, sealed)).toBytes())
                    .isEqualTo(PLAINTEXT);
            for (int offset : new int[] {1, behind - 1, sealed}) {
                byte[] before = array.clone();
                assertThatThrownBy(() -> kms.encrypt(in).suite(suite).into(array, offset))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("overlap");
                assertThat(array).isEqualTo(before);
            }
            byte[] small = new byte[sealed - 1];
            assertThatThrownBy(() -> kms.encrypt(PLAINTEXT).suite(suite).into(small, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("too little room");
            assertThat(small).containsOnly(0);
            byte[] message = kms.encrypt(PLAINTEXT).suite(suite).toBytes();
            assertThatThrownBy(() -> kms.decrypt(message).into(new byte[PLAINTEXT.length - 1], 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("too little room");
            assertThatThrownBy(() -> kms.decrypt(message).into(message, message.length - PLAINTEXT.length))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("overlap");
            byte[] forged = message.clone();
            forged[message.length - 1] ^= 1;
            byte[] out = PLAINTEXT.clone();
            assertThatThrownBy(() -> kms.decrypt(forged).into(out, 0))
                    .hasMessageContaining(ErrorCode.KMS_AUTHENTICATION_FAILED.name());
            assertThat(out).containsOnly(0);
        }
    }

    @Test
    void decryptToken_anyOtherSpelling_isMalformed() {
        KeyManager kms = kms(b -> b.masterKey(first));
        String token = kms.encrypt("x").toToken();
        while (token.length() % 4 == 0) {
            token = kms.encrypt("x".repeat(1 + token.length() % 5)).toToken();
        }
        assertThat(kms.decrypt(token).toText()).isNotEmpty();
        char last = token.charAt(token.length() - 1);
        String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        char sameBits = alphabet.charAt(alphabet.indexOf(last) ^ 1);
        String cut = token.substring(0, token.length() - 1);
        List<String> others = List.of(
                cut + sameBits,
                token + "=",
                token + "\n",
                " " + token,
                token.substring(0, 5) + '/' + token.substring(6),
                "\u00E4" + token,
                "");
        for (String other : others) {
            assertThatThrownBy(() -> kms.decrypt(other).toText()).isInstanceOf(MalformedMessageException.class);
        }
    }

    // ---- events and health

    /** Without its trace, which would fill the build's log. */
    private static <T extends Throwable> T quiet(T thrown) {
        thrown.setStackTrace(new StackTraceElement[0]);
        return thrown;
    }

    @Test
    void events_toldWithoutSecretsAndListenersMayFail() {
        List<KmsEvent> told = new CopyOnWriteArrayList<>();
        KeyManager kms = kms(b -> b.masterKey(first)
                .listener(event -> {
                    throw quiet(new IllegalStateException("a listener"));
                })
                .listener(event -> {
                    throw quiet(new AssertionError("an error of a listener"));
                })
                .listener(told::add));
        byte[] message = kms.encrypt(PLAINTEXT).toBytes();
        for (int i = 0; i < 10; i++) {
            kms.encrypt(PLAINTEXT).toBytes();
            assertThat(kms.decrypt(message).toBytes()).isEqualTo(PLAINTEXT);
        }
        assertThat(told)
                .hasSize(2)
                .allMatch(event -> event instanceof KmsEvent.ProviderCall call
                        && call.outcome() == null
                        && call.masterKey().equals("faulty://first"));
        assertThatThrownBy(() -> kms.decrypt(message)
                        .requireLevel(SecurityLevel.POST_QUANTUM)
                        .toBytes())
                .isInstanceOf(RefusedException.class);
        byte[] clear = kms.encrypt(PLAINTEXT).level(SecurityLevel.NONE).toBytes();
        assertThatThrownBy(() -> kms.decrypt(clear).toBytes()).isInstanceOf(RefusedException.class);
        kms.decrypt(clear).allowUnencrypted().toBytes();
        assertThat(told.subList(2, told.size()))
                .satisfiesExactly(
                        event -> assertThat(event).isInstanceOf(KmsEvent.Refused.class),
                        event -> assertThat(event).isInstanceOf(KmsEvent.Refused.class),
                        event -> assertThat(event).isInstanceOf(KmsEvent.WeakerAllowed.class));
    }

    @Test
    void health_oneKeyHangsAndOneFails_takesOneDeadlineAndNamesThem() {
        // Those that are well have to answer within it, on threads that may be slow to begin.
        Duration deadline = Duration.ofSeconds(3);
        KeyManager kms = kms(b -> b.masterKey(first)
                .alsoWrapWith(second)
                .alsoOpenWith(third)
                .store(NamedKeyStore.inMemory())
                .deadline(deadline));
        first.hold(Operation.CHECK);
        second.fail(Operation.CHECK, 1, () -> new IllegalStateException("inside"));
        long from = System.nanoTime();
        Health health = kms.health();
        assertThat(Duration.ofNanos(System.nanoTime() - from))
                .as("one deadline, not one for each of the four")
                .isLessThan(deadline.multipliedBy(4));
        assertThat(health.healthy()).isFalse();
        assertThat(health.parts())
                .extracting(Health.Part::name)
                .containsExactly("faulty://first", "faulty://second", "faulty://third", "store");
        assertThat(health.parts()).extracting(Health.Part::healthy).containsExactly(false, false, true, true);
        assertThat(health.parts().get(0).detail()).contains("within 3000 ms");
        first.behave();
        assertThat(kms.health().healthy()).isTrue();
    }

    // ---- no secret in any text

    @Test
    void texts_ofErrorsAndObjects_holdNoSecret() {
        KeyManager kms = kms(b -> b.masterKey(first).alsoWrapWith(second).store(NamedKeyStore.inMemory()));
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] message =
                kms.encrypt(PLAINTEXT).context("tenant", "a private name").toBytes();
        byte[] direct = kms.encrypt(PLAINTEXT).key("orders").direct().toBytes();
        EncryptionContext context = EncryptionContext.of("tenant", "a private name");
        Recipient recipient =
                HeaderParser.parse(message, 0, message.length).recipients().get(0);
        byte[] root = first.unwrap(recipient, new WrapBinding(WrapBinding.Purpose.DATA_KEY, context))
                .copy();
        byte[] longer = new byte[70_000];
        System.arraycopy(PLAINTEXT, 0, longer, 0, PLAINTEXT.length);
        List<Runnable> calls = new ArrayList<>(List.of(
                () -> kms.decrypt(message).toBytes(),
                () -> kms.decrypt(message).context("tenant", "other").toBytes(),
                () -> kms.decrypt(message)
                        .context(context)
                        .associatedData(PLAINTEXT)
                        .toBytes(),
                () -> kms.decrypt(Arrays.copyOf(message, message.length - 1))
                        .context(context)
                        .toBytes(),
                () -> kms.decrypt(direct).associatedData(PLAINTEXT).toBytes(),
                () -> kms.decrypt(message).context(context).into(new byte[1], 0),
                () -> kms.encrypt(PLAINTEXT).into(new byte[1], 0),
                () -> kms.encrypt(longer).into(new byte[1], 0),
                () -> kms.encrypt(PLAINTEXT).key("none").toBytes(),
                () -> kms.decrypt(PLAINTEXT).toBytes(),
                () -> kms.decrypt(new String(PLAINTEXT, StandardCharsets.UTF_8)).toBytes(),
                () -> kms.rewrap(PLAINTEXT).toBytes(),
                () -> kms.encrypt(PLAINTEXT)
                        .context("a", "a private name\uD800")
                        .toBytes(),
                () -> {
                    first.lie(Lie.WRONG_LENGTH, Operation.GENERATE);
                    kms.encrypt(PLAINTEXT).context("n", "1").toBytes();
                },
                () -> {
                    first.lie(Lie.FOREIGN_RECIPIENT, Operation.GENERATE);
                    kms.encrypt(PLAINTEXT).context("n", "2").toBytes();
                }));
        StringWriter texts = new StringWriter();
        PrintWriter out = new PrintWriter(texts);
        int thrown = 0;
        for (Runnable call : calls) {
            try {
                call.run();
            } catch (RuntimeException e) {
                e.printStackTrace(out);
                thrown++;
            }
        }
        assertThat(thrown).isEqualTo(calls.size());
        first.behave();
        out.println(kms);
        out.println(kms.encrypt(PLAINTEXT).result());
        out.println(kms.decrypt(message).context(context).result());
        out.println(kms.encrypt(PLAINTEXT).context(context));
        out.println(kms.sealer().build());
        out.println(kms.opener().build());
        out.println(kms.key("orders") + " " + kms.key("orders").versions());
        out.println(SecretBytes.copyOf(root));
        out.flush();
        for (byte[] secret : List.of(root, PLAINTEXT)) {
            assertThat(texts.toString())
                    .doesNotContain(new String(secret, StandardCharsets.UTF_8))
                    .doesNotContainIgnoringCase(HexFormat.of().formatHex(secret))
                    .doesNotContain(Base64.getEncoder().withoutPadding().encodeToString(secret))
                    .doesNotContain(Arrays.toString(secret));
        }
        assertThat(texts.toString()).doesNotContain("a private name");
    }

    @Test
    void rewrap_directMessageOfSuite2_keepsItsSuite() {
        KeyManager kms = kms(b -> b.masterKey(first).store(NamedKeyStore.inMemory()));
        kms.keys().create("orders", KeySpec.AES_256);
        byte[] message = kms.encrypt(PLAINTEXT)
                .key("orders")
                .direct()
                .suite(Suite.XAES_256_GCM)
                .toBytes();
        kms.key("orders").rotate();

        byte[] renewed = kms.rewrap(message).associatedData(new byte[0]).toBytes();

        assertThat(renewed).isNotEqualTo(message);
        assertThat(KeyManager.inspect(renewed).suite()).isEqualTo(Suite.XAES_256_GCM);
        assertThat(kms.decrypt(renewed).toBytes()).isEqualTo(PLAINTEXT);
    }

    @Test
    void housekeeping_oneKeyCannotBeReadAgain_othersAre() throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        MasterKey gone = inProcess(first, () -> {
            throw new IllegalStateException("gone");
        });
        MasterKey there = inProcess(second, read::countDown);
        kms(b -> b.masterKey(gone).alsoOpenWith(there));

        assertThat(read.await(20, TimeUnit.SECONDS)).isTrue();
    }

    private static MasterKey inProcess(FaultyMasterKey key, Runnable refresh) {
        return new ForwardingMasterKey(key) {
            @Override
            public boolean inProcess() {
                return true;
            }

            @Override
            public boolean refresh() {
                refresh.run();
                return false;
            }
        };
    }
}
