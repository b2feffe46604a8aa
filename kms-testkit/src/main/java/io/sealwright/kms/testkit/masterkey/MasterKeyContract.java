package io.sealwright.kms.testkit.masterkey;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.spi.WrappedKey;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/**
 * What every {@link MasterKey} must do. A provider's test extends it and says how keys are opened, and how each
 * {@link Situation} is brought about. What a provider cannot be brought into, or does not do, is named with its reason by
 * {@link #unsupported} and {@link #rotationUnsupported}; the test then shows as skipped, with that reason, and fails if no
 * reason is given.
 */
@Timeout(120)
public abstract class MasterKeyContract {
    private static final int THREADS = 8;
    private static final EncryptionContext CONTEXT =
            EncryptionContext.of("tenant", "acme").and("purpose", "résumé \uD83D\uDD11");
    private static final WrapBinding BINDING = new WrapBinding(Purpose.DATA_KEY, CONTEXT);

    private MasterKey key;

    /** For subclasses. */
    protected MasterKeyContract() {}

    // ---- what a provider's test says

    /** Opens a key that works, with its usual settings; another handle on the same key each time. The contract closes it. */
    protected abstract MasterKey open() throws Exception;

    /** Opens another key of the same provider. The contract closes it. */
    protected abstract MasterKey openOther() throws Exception;

    /** Opens a key that the provider does not have; or throws {@link KeyNotFoundException} if opening finds that out. */
    protected abstract MasterKey openMissing() throws Exception;

    /**
     * Brings the key of {@link #open} about into a situation, until {@link #recover}.
     *
     * @throws UnsupportedOperationException for situations that {@link #unsupported} names
     */
    protected abstract void bringAbout(Situation situation) throws Exception;

    /** Ends the situation, so that the key works again. Called after every test too. */
    protected abstract void recover() throws Exception;

    /** The situations that this provider cannot be in, or that the test cannot bring about, each with its reason. */
    protected Map<Situation, String> unsupported() {
        return Map.of();
    }

    /** Why the key cannot be rotated by this library; null, the default, if it can. */
    protected @Nullable String rotationUnsupported() {
        return null;
    }

    /** Whether the provider renews wraps by itself, so that {@link MasterKey#isOutdated} is always false. */
    protected boolean renewsByItself() {
        return false;
    }

    /** Texts that must not stand in any error, description or URI: tokens, passwords, key bytes. */
    protected Set<String> secrets() {
        return Set.of();
    }

    /** Tampering is tried at each byte whose index this divides; 1 where calls cost nothing, more for a server. */
    protected int tamperEvery() {
        return 5;
    }

    /** How soon a call must end after its thread was interrupted. */
    protected Duration endsWithin() {
        return Duration.ofSeconds(5);
    }

    /** How long a change of versions may take to show at {@link MasterKey#refresh}. */
    protected Duration showsWithin() {
        return Duration.ofSeconds(10);
    }

    // ---- the contract

    @BeforeEach
    final void openKey() throws Exception {
        key = open();
    }

    @AfterEach
    final void closeKey() throws Exception {
        recover();
        key.close();
    }

    @Test
    void generate_thenUnwrap_givesTheSameKey() {
        try (GeneratedKey generated = key.generate(BINDING)) {
            assertEquals(32, generated.key().length());
            assertTrue(key.recognizes(generated.recipient()));
            assertArrayEquals(generated.key().copy(), unwrap(key, generated.recipient(), BINDING));
        }
    }

    @Test
    void generate_twice_givesDifferentKeys() {
        try (GeneratedKey one = key.generate(BINDING);
                GeneratedKey two = key.generate(BINDING)) {
            assertFalse(Arrays.equals(one.key().copy(), two.key().copy()));
            assertNotEquals(one.recipient(), two.recipient());
        }
    }

    @Test
    void wrap_everyLength_unwrapsInAnotherHandle() throws Exception {
        try (MasterKey again = open()) {
            for (int length : new int[] {16, 24, 32, 48, 64}) {
                byte[] material = material(length);
                SecretBytes held = SecretBytes.copyOf(material);
                Recipient recipient = key.wrap(held, BINDING);
                assertArrayEquals(material, held.copy(), "what is wrapped is neither wiped nor closed");
                assertTrue(again.recognizes(recipient));
                assertArrayEquals(material, unwrap(again, recipient, BINDING));
                held.close();
            }
        }
    }

    @Test
    void unwrapAll_ofSeveral_givesWhatUnwrapGives() {
        int several = Math.min(key.largestBatch(), 5);
        assertTrue(several >= 1, "at least one");
        List<WrappedKey> wrapped = new ArrayList<>();
        List<byte[]> expected = new ArrayList<>();
        for (int i = 0; i < several; i++) {
            WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("n", "" + i));
            byte[] material = material(32);
            material[0] = (byte) i;
            try (SecretBytes held = SecretBytes.copyOf(material)) {
                Recipient recipient = key.wrap(held, binding);
                boolean refused = i == 1 || i == 3;
                wrapped.add(new WrappedKey(i == 1 ? tampered(recipient) : recipient, i == 3 ? BINDING : binding));
                expected.add(refused ? new byte[0] : material);
            }
        }
        List<Optional<SecretBytes>> unwrapped = key.unwrapAll(List.copyOf(wrapped));
        assertEquals(several, unwrapped.size());
        for (int i = 0; i < several; i++) {
            byte[] opened = unwrapped.get(i).map(SecretBytes::copy).orElse(new byte[0]);
            unwrapped.get(i).ifPresent(SecretBytes::close);
            if (several > 1 || opened.length > 0) {
                assertArrayEquals(expected.get(i), opened, "number " + i);
            }
        }
    }

    private static Recipient tampered(Recipient recipient) {
        byte[] wrap = recipient.wrap();
        wrap[wrap.length - 1] ^= 1;
        return new Recipient(recipient.kind(), recipient.id(), wrap);
    }

    @Test
    void wrap_sameKeyTwice_givesDifferentWraps() {
        try (SecretBytes held = SecretBytes.owning(material(32))) {
            assertFalse(Arrays.equals(
                    key.wrap(held, BINDING).wrap(), key.wrap(held, BINDING).wrap()));
        }
    }

    @Test
    void unwrap_everyPurpose_opensUnderItsOwnAlone() {
        for (Purpose purpose : Purpose.values()) {
            WrapBinding binding = new WrapBinding(purpose, EncryptionContext.empty());
            Recipient recipient = wrapped(key, binding);
            assertEquals(32, unwrap(key, recipient, binding).length);
            for (Purpose other : Purpose.values()) {
                if (other != purpose) {
                    refusesToUnwrap(recipient, new WrapBinding(other, EncryptionContext.empty()));
                }
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> unwrap_otherContext_throwsAuthenticationFailed() {
        Map<String, EncryptionContext[]> pairs = new LinkedHashMap<>();
        pairs.put("ab:c and a:bc", contexts(Map.of("ab", "c"), Map.of("a", "bc")));
        pairs.put("name and value changed over", contexts(Map.of("a", "b"), Map.of("b", "a")));
        pairs.put("one pair and none", contexts(Map.of("a", "b"), Map.of()));
        pairs.put("none and one pair", contexts(Map.of(), Map.of("a", "b")));
        pairs.put("an empty value and none", contexts(Map.of("a", ""), Map.of()));
        pairs.put("a pair more", contexts(Map.of("a", "b"), Map.of("a", "b", "c", "d")));
        pairs.put("a pair less", contexts(Map.of("a", "b", "c", "d"), Map.of("c", "d")));
        pairs.put("upper case", contexts(Map.of("a", "b"), Map.of("a", "B")));
        pairs.put("a space more", contexts(Map.of("a", "b"), Map.of("a", "b ")));
        pairs.put("two pairs and one that looks like them", contexts(Map.of("a", "b", "c", "d"), Map.of("a", "b,c=d")));
        pairs.put("two forms of one letter", contexts(Map.of("a", "\u00e9"), Map.of("a", "e\u0301")));
        pairs.put("a value that looks like JSON", contexts(Map.of("a", "b\",\"c\":\"d"), Map.of("a", "b", "c", "d")));
        return pairs.entrySet().stream()
                .map(pair -> DynamicTest.dynamicTest(
                        pair.getKey(), () -> bindsContext(pair.getValue()[0], pair.getValue()[1])));
    }

    private void bindsContext(EncryptionContext sealed, EncryptionContext other) {
        WrapBinding right = new WrapBinding(Purpose.DATA_KEY, sealed);
        WrapBinding wrong = new WrapBinding(Purpose.DATA_KEY, other);
        try (GeneratedKey generated = key.generate(right)) {
            refusesToUnwrap(generated.recipient(), wrong);
            assertArrayEquals(generated.key().copy(), unwrap(key, generated.recipient(), right));
        }
        Recipient recipient = wrapped(key, right);
        refusesToUnwrap(recipient, wrong);
        assertEquals(32, unwrap(key, recipient, right).length);
    }

    @Test
    void unwrap_largeContext_opens() {
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("large", "x".repeat(6_000)));
        assertEquals(32, unwrap(key, wrapped(key, binding), binding).length);
    }

    @Test
    void unwrap_reservedNames_opens() {
        WrapBinding binding = new WrapBinding(
                Purpose.NAMED_KEY, EncryptionContext.encode(Map.of("sealwright:key", "orders", "sealwright:v", "1")));
        assertEquals(32, unwrap(key, wrapped(key, binding), binding).length);
    }

    @Test
    void unwrap_changedWrap_throwsAuthenticationFailed() {
        Recipient recipient = wrapped(key, BINDING);
        byte[] wrap = recipient.wrap();
        for (int i = 0; i < wrap.length; i += tamperEvery()) {
            byte[] changed = wrap.clone();
            changed[i] ^= 1;
            refusesToUnwrap(new Recipient(recipient.kind(), recipient.id(), changed), BINDING);
        }
        refusesToUnwrap(with(recipient, Arrays.copyOf(wrap, wrap.length - 1)), BINDING);
        refusesToUnwrap(with(recipient, Arrays.copyOf(wrap, wrap.length + 1)), BINDING);
        refusesToUnwrap(with(recipient, Arrays.copyOf(wrap, 1)), BINDING);
        refusesToUnwrap(with(recipient, new byte[Recipient.MAX_WRAP_BYTES]), BINDING);
        refusesToUnwrap(with(recipient, material(64)), BINDING);
        assertEquals(32, unwrap(key, recipient, BINDING).length);
    }

    @Test
    void unwrap_wrapOfAnotherKey_throwsAuthenticationFailed() throws Exception {
        try (MasterKey other = openOther()) {
            Recipient foreign = wrapped(other, BINDING);
            Recipient mine = wrapped(key, BINDING);
            assertFalse(key.recognizes(foreign), "another key's recipient is not this key's");
            assertFalse(other.recognizes(mine), "another key's recipient is not this key's");
            refusesToUnwrap(with(mine, foreign.wrap()), BINDING);
        }
    }

    @Test
    void recognizes_garbage_saysNoAndDoesNotThrow() {
        Recipient mine = wrapped(key, BINDING);
        for (int kind : new int[] {1, 2, 100, 255}) {
            for (int length : new int[] {1, 8, 16, 24, 25, 100, Recipient.MAX_ID_BYTES}) {
                Recipient garbage = new Recipient(kind, material(length), material(1 + length % 50));
                assertFalse(key.recognizes(garbage));
                assertFalse(key.mightRecognize(garbage), "a key that has wrapped can tell");
                key.mightBeNewer(garbage);
                key.isOutdated(garbage);
                key.versionOf(garbage);
            }
        }
        int otherKind =
                mine.kind() == RecipientKind.AWS_KMS.id() ? RecipientKind.GCP_KMS.id() : RecipientKind.AWS_KMS.id();
        Recipient elsewhere = new Recipient(otherKind, mine.id(), mine.wrap());
        assertFalse(key.recognizes(elsewhere));
        assertFalse(key.mightRecognize(elsewhere));
        assertFalse(key.mightBeNewer(elsewhere));
        for (byte[] wrap : List.of(new byte[1], material(3), material(100))) {
            key.isOutdated(with(mine, wrap));
            key.versionOf(with(mine, wrap));
        }
    }

    @Test
    void recognizes_isOutdated_versionOf_askNobody() throws Exception {
        Recipient mine = wrapped(key, BINDING);
        String version = key.versionOf(mine);
        demand(Situation.UNREACHABLE);
        bringAbout(Situation.UNREACHABLE);
        assertTrue(key.recognizes(mine));
        assertFalse(key.mightRecognize(mine));
        assertFalse(key.mightBeNewer(mine), "it is recognised");
        assertFalse(key.isOutdated(mine));
        assertEquals(version, key.versionOf(mine));
        assertFalse(key.uri().isBlank());
    }

    @Test
    void everyCall_missingKey_throwsKeyNotFound() throws Exception {
        Recipient recipient = wrapped(key, BINDING);
        MasterKey missing;
        try {
            missing = openMissing();
        } catch (KeyNotFoundException e) {
            redacted(e);
            return;
        }
        try (missing;
                SecretBytes material = SecretBytes.owning(material(32))) {
            for (Callable<?> call : List.<Callable<?>>of(
                    () -> missing.generate(BINDING), () -> missing.wrap(material, BINDING), missing::check)) {
                redacted(assertThrows(KeyNotFoundException.class, call::call));
            }
            KmsException e = assertThrows(KmsException.class, () -> missing.unwrap(recipient, BINDING));
            assertTrue(
                    e instanceof KeyNotFoundException || e instanceof AuthenticationFailedException,
                    () -> "unwrapping another key's wrap with a missing key threw " + e);
        }
    }

    @TestFactory
    Stream<DynamicTest> situation_isToldByItsType_andEnds() {
        return Arrays.stream(Situation.values())
                .map(situation -> DynamicTest.dynamicTest(situation.name(), () -> inSituation(situation)));
    }

    private void inSituation(Situation situation) throws Exception {
        recover(); // from the one before, if that failed
        demand(situation);
        Recipient before = wrapped(key, BINDING);
        bringAbout(situation);
        try (SecretBytes material = SecretBytes.owning(material(32))) {
            Map<String, Callable<?>> calls = new LinkedHashMap<>();
            calls.put("generate", () -> key.generate(BINDING));
            calls.put("wrap", () -> key.wrap(material, BINDING));
            calls.put("unwrap", () -> key.unwrap(before, BINDING));
            for (Map.Entry<String, Callable<?>> call : calls.entrySet()) {
                KmsException e = situation.ends()
                        ? assertThrows(KmsException.class, call.getValue()::call, call.getKey())
                        : interrupted(call.getKey(), call.getValue());
                boolean interruptedItself = !situation.ends() && e instanceof CallInterruptedException;
                if (!interruptedItself) {
                    assertInstanceOf(situation.error(), e, () -> call.getKey() + " threw " + e);
                }
                if (e instanceof RefusedException) {
                    assertEquals(ErrorCode.KMS_KEY_STATE_REFUSED, e.code());
                }
                redacted(e);
            }
        }
        recover();
        assertEquals(32, unwrap(key, before, BINDING).length, "the key works again, in the same handle");
        assertEquals(32, unwrap(key, wrapped(key, BINDING), BINDING).length);
    }

    /** Begins a call that does not end, interrupts it, and returns what it threw. */
    private KmsException interrupted(String what, Callable<?> call) throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread caller = new Thread(
                () -> {
                    try {
                        call.call();
                    } catch (Throwable e) {
                        thrown.set(e);
                    }
                },
                "contract-" + what);
        caller.start();
        caller.join(500);
        assertTrue(caller.isAlive(), () -> what + " ended by itself: " + thrown.get());
        caller.interrupt();
        caller.join(endsWithin().toMillis());
        assertFalse(caller.isAlive(), () -> what + " goes on " + endsWithin() + " after its thread was interrupted");
        return assertInstanceOf(
                KmsException.class, thrown.get(), () -> what + " gave an answer, or threw another type");
    }

    @Test
    void check_workingKey_tellsInOneLine() {
        String told = key.check();
        assertFalse(told.isBlank());
        assertFalse(told.contains("\n"), told);
        redacted(told);
    }

    @Test
    void check_noAnswer_throwsUnavailable() throws Exception {
        Situation situation = Stream.of(Situation.UNREACHABLE, Situation.SERVER_ERROR)
                .filter(possible -> !unsupported().containsKey(possible))
                .findFirst()
                .orElse(Situation.UNREACHABLE);
        demand(situation);
        bringAbout(situation);
        redacted(assertThrows(UnavailableException.class, key::check));
    }

    @Test
    void metadata_workingKey_isOfThatKeyAndPlausible() {
        MasterKeyMetadata told = key.metadata();
        assertEquals(key.uri(), told.masterKey());
        assertTrue(told.enabled());
        if (told.createdAt() != null && told.rotatedAt() != null) {
            assertFalse(told.rotatedAt().isBefore(told.createdAt()), told.toString());
        }
        redacted(told.toString());
    }

    @Test
    void manyThreads_atOnce_allGetTheirOwn() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            CyclicBarrier start = new CyclicBarrier(THREADS);
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("thread", "" + i));
                done.add(pool.submit(() -> {
                    start.await(30, TimeUnit.SECONDS);
                    for (int n = 0; n < 10; n++) {
                        try (GeneratedKey generated = key.generate(binding)) {
                            assertArrayEquals(generated.key().copy(), unwrap(key, generated.recipient(), binding));
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> one : done) {
                one.get(60, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void rotate_oldWrapsOpen_newOnesAreUnderTheNewVersion() throws Exception {
        String reason = rotationUnsupported();
        if (reason != null) {
            skip("rotate", reason);
        }
        try (MasterKey other = open()) {
            Recipient before = wrapped(key, BINDING);
            assertFalse(key.isOutdated(before));
            String version = key.rotate();
            assertFalse(version.isBlank());
            Recipient after = wrapped(key, BINDING);
            assertTrue(
                    other.recognizes(after) || other.mightRecognize(after) || other.mightBeNewer(after),
                    "another handle would not look for what it does not know yet");
            assertFalse(key.isOutdated(after));
            assertEquals(32, unwrap(key, before, BINDING).length, "what was sealed before opens");
            assertEquals(32, unwrap(key, after, BINDING).length);
            if (!renewsByItself()) {
                assertTrue(key.isOutdated(before));
                assertNotEquals(key.versionOf(before), key.versionOf(after));
                long end = System.nanoTime() + showsWithin().toNanos();
                other.refresh();
                while (!other.isOutdated(before) && System.nanoTime() - end < 0) {
                    TimeUnit.MILLISECONDS.sleep(100);
                    other.refresh();
                }
                assertTrue(other.isOutdated(before), "another handle sees the new version after refresh()");
            }
            assertTrue(other.recognizes(after));
            assertEquals(32, unwrap(other, after, BINDING).length, "another handle opens what the new version wrapped");
        }
    }

    @Test
    void asynchronousForms_giveTheSame() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try (SecretBytes material = SecretBytes.owning(material(32))) {
            GeneratedKey generated =
                    key.generateAsync(BINDING, pool).toCompletableFuture().get(30, TimeUnit.SECONDS);
            Recipient recipient =
                    key.wrapAsync(material, BINDING, pool).toCompletableFuture().get(30, TimeUnit.SECONDS);
            try (generated;
                    SecretBytes one = key.unwrapAsync(generated.recipient(), BINDING, pool)
                            .toCompletableFuture()
                            .get(30, TimeUnit.SECONDS);
                    SecretBytes two = key.unwrapAsync(recipient, BINDING, pool)
                            .toCompletableFuture()
                            .get(30, TimeUnit.SECONDS)) {
                assertArrayEquals(generated.key().copy(), one.copy());
                assertArrayEquals(material.copy(), two.copy());
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void texts_holdNoSecret() {
        redacted(key.uri());
        redacted(key.toString());
        try (GeneratedKey generated = key.generate(BINDING)) {
            byte[] secret = generated.key().copy();
            for (String text :
                    List.of(generated.toString(), generated.recipient().toString(), key.toString())) {
                redacted(text);
                assertFalse(text.contains(HexFormat.of().formatHex(secret)), text);
                assertFalse(text.contains(Base64.getEncoder().encodeToString(secret)), text);
            }
        }
    }

    @Test
    void close_twice_doesNotThrow_andLaterCallsAreTyped() throws Exception {
        Recipient recipient = wrapped(key, BINDING);
        MasterKey closed = open();
        closed.close();
        closed.close();
        try (GeneratedKey unused = closed.generate(BINDING)) {
            fail("a closed key generated");
        } catch (KmsException e) {
            redacted(e);
        }
        assertThrows(KmsException.class, () -> closed.unwrap(recipient, BINDING).close());
        assertEquals(32, unwrap(key, recipient, BINDING).length, "another handle is not closed with it");
    }

    // ---- helpers

    private void demand(Situation situation) {
        String reason = unsupported().get(situation);
        if (reason != null) {
            assertThrows(
                    UnsupportedOperationException.class,
                    () -> bringAbout(situation),
                    () -> situation + " is said to be unsupported, and can be brought about");
            skip(situation.name(), reason);
        }
    }

    private void skip(String what, String reason) {
        assertFalse(reason.isBlank(), () -> what + " is said to be unsupported without a reason");
        Assumptions.abort(getClass().getSimpleName() + " does without " + what + ": " + reason);
    }

    private void refusesToUnwrap(Recipient recipient, WrapBinding binding) {
        try (SecretBytes opened = key.unwrap(recipient, binding)) {
            fail("it unwrapped to " + opened.length() + " bytes what it must refuse: " + recipient);
        } catch (AuthenticationFailedException e) {
            redacted(e);
        }
    }

    private void redacted(KmsException e) {
        StringWriter text = new StringWriter();
        e.printStackTrace(new PrintWriter(text, true));
        redacted(text.toString());
    }

    private void redacted(String text) {
        for (String secret : secrets()) {
            assertFalse(text.contains(secret), () -> "a secret stands in: " + text.replace(secret, "<secret>"));
        }
    }

    private static Recipient wrapped(MasterKey key, WrapBinding binding) {
        try (SecretBytes material = SecretBytes.owning(material(32))) {
            return key.wrap(material, binding);
        }
    }

    private static byte[] unwrap(MasterKey key, Recipient recipient, WrapBinding binding) {
        try (SecretBytes opened = key.unwrap(recipient, binding)) {
            return opened.copy();
        }
    }

    private static Recipient with(Recipient recipient, byte[] wrap) {
        return new Recipient(recipient.kind(), recipient.id(), wrap);
    }

    private static EncryptionContext[] contexts(Map<String, String> one, Map<String, String> other) {
        return new EncryptionContext[] {EncryptionContext.of(one), EncryptionContext.of(other)};
    }

    private static byte[] material(int length) {
        byte[] seed = ("material of " + length + " bytes ").getBytes(StandardCharsets.UTF_8);
        byte[] material = new byte[length];
        for (int i = 0; i < length; i++) {
            material[i] = (byte) (seed[i % seed.length] + 31 * i);
        }
        return material;
    }
}
