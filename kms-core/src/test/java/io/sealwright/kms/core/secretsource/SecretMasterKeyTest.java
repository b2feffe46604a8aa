package io.sealwright.kms.core.secretsource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.time.ManualTime;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class SecretMasterKeyTest {
    private static final WrapBinding BINDING = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("a", "b"));

    private final ManualTime time = new ManualTime();
    private final ScriptedSource source = new ScriptedSource(1);
    private final SecretMasterKey key = keyOf(source, OutagePolicy.defaults());

    private SecretMasterKey keyOf(SecretSource of, OutagePolicy outage) {
        return new SecretMasterKey(
                of,
                PassphrasePolicy.pbkdf2(PassphrasePolicy.FEWEST_ITERATIONS),
                new ProviderSettings(
                        Path.of("unused"),
                        false,
                        Duration.ofSeconds(10),
                        time,
                        Variables.of(Map.of()),
                        DataKeyPolicy.defaults(),
                        outage));
    }

    @Test
    void wrap_firstUse_fetchesOnceAndOpensElsewhere() {
        assertThat(source.fetches).as("opening asks nothing").hasValue(0);
        assertThat(key.inProcess()).isFalse();
        Recipient wrapped = wrapped();
        for (int i = 0; i < 100; i++) {
            assertThat(key.unwrap(wrapped, BINDING).copy()).isEqualTo(new byte[32]);
        }
        assertThat(source.fetches).hasValue(1);
        assertThat(key.inProcess()).isTrue();
        SecretMasterKey elsewhere = keyOf(new ScriptedSource(1), OutagePolicy.defaults());
        assertThat(elsewhere.unwrap(wrapped, BINDING).copy()).isEqualTo(new byte[32]);
        assertThat(elsewhere.recognizes(wrapped)).isTrue();
    }

    /** A store whose secret another process makes between our look and our writing, and one whose secret was deleted. */
    private static final class Raced extends ScriptedSource {
        boolean deleted;

        @Override
        SecretVersion newest() {
            throw new KeyNotFoundException("No secret.", "None is there.", "Make one.");
        }

        @Override
        public synchronized String write(SecretBytes key, String expected) {
            if (!deleted) {
                versions.add(new byte[32]);
            }
            throw new StoreException(ErrorCode.KMS_STORE_CONFLICT, "Not written.", "It is there.", "Again.");
        }
    }

    @Test
    void createIfMissing_madeByAnotherOneMeanwhile_isThere() {
        assertThat(SecretMasterKey.createIfMissing(new Raced())).isFalse();
    }

    @Test
    void createIfMissing_somethingThereThatGivesNoKey_isTheConflict() {
        Raced raced = new Raced();
        raced.deleted = true;
        assertThatThrownBy(() -> SecretMasterKey.createIfMissing(raced))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("KMS_STORE_CONFLICT");
    }

    @Test
    void wrap_eightThreadsAtOnce_fetchOnce() throws Exception {
        int threads = 8;
        CountDownLatch allHere = new CountDownLatch(1);
        source.before = () -> {
            try {
                allHere.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        CyclicBarrier start = new CyclicBarrier(threads + 1);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Recipient>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit(() -> {
                    start.await();
                    return wrapped();
                }));
            }
            start.await();
            Thread.sleep(50);
            allHere.countDown();
            for (Future<Recipient> one : all) {
                one.get();
            }
            assertThat(source.fetches).hasValue(1);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void isDue_fromRefreshAfterOn_andARefreshMovesTheAge() {
        wrapped();
        time.advance(Duration.ofSeconds(239));
        assertThat(key.isDue()).isFalse();
        time.advance(Duration.ofSeconds(2));
        assertThat(key.isDue()).isTrue();
        assertThat(key.refresh()).as("nothing changed").isFalse();
        assertThat(key.isDue()).isFalse();
        time.advance(Duration.ofSeconds(120));
        assertThat(key.inProcess()).as("its age counts from the second fetch").isTrue();
        assertThat(source.fetches).hasValue(2);
    }

    @Test
    void unwrap_pastMaxAgeWithoutALook_asksFirst() {
        Recipient wrapped = wrapped();
        time.advance(Duration.ofMinutes(5).plusSeconds(1));
        assertThat(key.inProcess()).isFalse();
        key.unwrap(wrapped, BINDING).close();
        assertThat(source.fetches).hasValue(2);
    }

    @Test
    void outage_lookFailed_servesToTheEndOfEachWindowAndNobodyWaits() {
        Recipient wrapped = wrapped();
        source.failure = SecretMasterKeyTest::noAnswer;
        time.advance(Duration.ofMinutes(4).plusSeconds(1));
        assertThatThrownBy(key::refresh).isInstanceOf(UnavailableException.class);
        time.advance(Duration.ofMinutes(5)); // nine minutes after the success
        assertThat(key.inProcess()).as("nobody waits").isTrue();
        int asked = source.fetches.get();
        assertThatCode(this::wrapped).doesNotThrowAnyException();
        key.unwrap(wrapped, BINDING).close();
        assertThat(source.fetches).hasValue(asked);

        time.advance(Duration.ofMinutes(2));
        assertThatThrownBy(this::wrapped).as("past encryptFor").isInstanceOf(UnavailableException.class);
        key.unwrap(wrapped, BINDING).close();
        time.advance(Duration.ofHours(4));
        assertThatThrownBy(() -> key.unwrap(wrapped, BINDING))
                .as("past decryptFor, counted from the last success")
                .isInstanceOf(UnavailableException.class);

        source.failure = null;
        time.advance(Duration.ofSeconds(2));
        assertThatCode(this::wrapped).as("recovers by itself").doesNotThrowAnyException();
        assertThat(key.inProcess()).isTrue();
    }

    @Test
    void outage_windowZero_maxAgeIsAbsolute() {
        ScriptedSource strict = new ScriptedSource(1);
        SecretMasterKey absolute = keyOf(strict, new OutagePolicy(Duration.ZERO, Duration.ZERO));
        Recipient wrapped = absolute.wrap(SecretBytes.owning(new byte[32]), BINDING);
        strict.failure = SecretMasterKeyTest::noAnswer;
        time.advance(Duration.ofMinutes(4).plusSeconds(30));
        assertThatThrownBy(absolute::refresh).isInstanceOf(UnavailableException.class);
        absolute.unwrap(wrapped, BINDING).close();
        time.advance(Duration.ofSeconds(31));
        assertThatThrownBy(() -> absolute.unwrap(wrapped, BINDING)).isInstanceOf(UnavailableException.class);
    }

    @Test
    void outage_fromTheBeginning_othersGetTheSameErrorForAMoment() {
        source.failure = SecretMasterKeyTest::noAnswer;
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(this::wrapped).isInstanceOf(UnavailableException.class);
        }
        assertThat(source.fetches).hasValue(1);
        time.advance(Duration.ofMillis(50));
        assertThatThrownBy(this::wrapped).as("a repeated call asks again").isInstanceOf(UnavailableException.class);
        assertThat(source.fetches).hasValue(2);
    }

    @Test
    void unanswered_pastAgeInAnOutage_confirmsNothing() {
        wrapped();
        assertThat(key.unanswered()).isNull();
        source.failure = SecretMasterKeyTest::noAnswer;
        time.advance(Duration.ofMinutes(4).plusSeconds(30));
        assertThatThrownBy(key::refresh).isInstanceOf(UnavailableException.class);
        assertThat(key.unanswered()).as("not past its age yet").isNull();
        time.advance(Duration.ofMinutes(1));
        assertThat(key.unanswered()).isNotNull();
        assertThat(key.unansweredJustNow()).as("that look was a minute ago").isNull();
        assertThatThrownBy(key::refresh).isInstanceOf(UnavailableException.class);
        assertThat(key.unansweredJustNow()).isNotNull();
        assertThat(key.inProcess()).as("it serves nevertheless").isTrue();
        source.failure = null;
        time.advance(Duration.ofMillis(50));
        assertThat(key.refresh()).isFalse();
        assertThat(key.unanswered()).isNull();
    }

    static Stream<Supplier<RuntimeException>> definiteNos() {
        return Stream.of(
                () -> new KeyNotFoundException("It is not there.", "Deleted.", "Restore it."),
                () -> new PermissionDeniedException("Denied.", "No permission.", "Ask for it."),
                () -> new RefusedException(
                        ErrorCode.KMS_KEY_STATE_REFUSED, "Disabled.", "Somebody did.", "Enable it."));
    }

    @ParameterizedTest
    @MethodSource("definiteNos")
    void definiteNo_atARecheck_endsTheKeyAtOnce(Supplier<RuntimeException> no) {
        Recipient wrapped = wrapped();
        source.failure = no;
        assertThatThrownBy(key::refresh).isInstanceOf(no.get().getClass());
        assertThat(key.inProcess()).isFalse();
        assertThat(key.isHeld()).isFalse();
        assertThatThrownBy(() -> key.unwrap(wrapped, BINDING))
                .isInstanceOf(no.get().getClass());
        assertThatThrownBy(this::wrapped).isInstanceOf(no.get().getClass());
        assertThat(source.fetches).as("one refusal is enough for a second").hasValue(2);
        source.failure = null;
        time.advance(Duration.ofSeconds(1));
        assertThatCode(() -> key.unwrap(wrapped, BINDING).close())
                .as("given back")
                .doesNotThrowAnyException();
    }

    @Test
    void refresh_rotatedElsewhere_newWrapsOldOpens() {
        Recipient old = wrapped();
        source.versions.add(new byte[] {
            2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2
        });
        assertThat(key.refresh()).isTrue();
        Recipient young = wrapped();
        assertThat(young.id()).isNotEqualTo(old.id());
        assertThat(key.isOutdated(old)).isTrue();
        assertThat(key.isOutdated(young)).isFalse();
        key.unwrap(old, BINDING).close();
        key.unwrap(young, BINDING).close();
    }

    @Test
    void refresh_versionGone_isWiped() {
        source.versions.add(0, new byte[32]);
        Recipient wrapped = wrapped();
        Recipient ofGone =
                keyOf(new ScriptedSource(0), OutagePolicy.defaults()).wrap(SecretBytes.owning(new byte[32]), BINDING);
        key.unwrap(ofGone, BINDING).close();
        source.versions.remove(0);
        assertThat(key.refresh()).isTrue();
        assertThat(key.recognizes(ofGone)).isFalse();
        assertThatThrownBy(() -> key.unwrap(ofGone, BINDING)).isInstanceOf(AuthenticationFailedException.class);
        key.unwrap(wrapped, BINDING).close();
    }

    @Test
    void rotate_writesANewKeyThatWrapsFromThenOn() {
        Recipient old = wrapped();
        String id = key.rotate();
        Recipient young = wrapped();
        assertThat(java.util.HexFormat.of().formatHex(young.id())).startsWith(id);
        key.unwrap(old, BINDING).close();
        assertThat(source.versions).hasSize(2);
        assertThat(source.versions.get(1)).isNotEqualTo(new byte[32]);
    }

    @Test
    void rotate_writtenButNotReadBack_isDone() {
        ScriptedSource away = new ScriptedSource(1) {
            @Override
            public synchronized String write(SecretBytes fresh, String expected) {
                String version = super.write(fresh, expected);
                failure = SecretMasterKeyTest::noAnswer;
                return version;
            }
        };
        SecretMasterKey rotated = keyOf(away, OutagePolicy.defaults());
        String id = rotated.rotate();
        away.failure = null;
        time.advance(Duration.ofSeconds(1));
        Recipient young = rotated.wrap(SecretBytes.owning(new byte[32]), BINDING);
        assertThat(java.util.HexFormat.of().formatHex(young.id())).startsWith(id);
    }

    @Test
    void outage_secretMalformedMeanwhile_isAnAnswerAndProlongsNothing() {
        Recipient wrapped = wrapped();
        source.failure = () -> new ConfigurationException("No key.", "Somebody wrote another thing.", "Restore it.");
        time.advance(Duration.ofMinutes(4).plusSeconds(30));
        assertThatThrownBy(key::refresh).isInstanceOf(ConfigurationException.class);
        key.unwrap(wrapped, BINDING).close();
        time.advance(Duration.ofSeconds(31));
        assertThat(key.unanswered()).isNull();
        assertThatThrownBy(() -> key.unwrap(wrapped, BINDING)).isInstanceOf(ConfigurationException.class);
    }

    @Test
    void rotate_somebodyElseDidMeanwhile_isAConflict() {
        wrapped();
        ScriptedSource racing = new ScriptedSource(1) {
            @Override
            public synchronized String write(SecretBytes fresh, String expected) {
                versions.add(new byte[32]);
                return super.write(fresh, expected);
            }
        };
        assertThatThrownBy(() -> keyOf(racing, OutagePolicy.defaults()).rotate())
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("KMS_STORE_CONFLICT");
    }

    @Test
    void generate_twice_givesDifferentKeysThatUnwrap() {
        try (GeneratedKey one = key.generate(BINDING);
                GeneratedKey other = key.generate(BINDING)) {
            assertThat(one.key().copy()).isNotEqualTo(other.key().copy());
            assertThat(key.unwrap(one.recipient(), BINDING).copy())
                    .isEqualTo(one.key().copy());
        }
    }

    @Test
    void passphrase_wrapsAsItsKindAndIsNotInProcess() {
        byte[] text = "correct horse battery staple, twice".getBytes(StandardCharsets.UTF_8);
        SecretMasterKey stretched = keyOf(
                SecretSource.of("passphrase:test", SecretVersion.passphrase("test", SecretBytes.copyOf(text), null)),
                OutagePolicy.defaults());
        Recipient wrapped = stretched.wrap(SecretBytes.owning(new byte[32]), BINDING);
        assertThat(wrapped.kind()).isEqualTo(3);
        assertThat(stretched.wrapsWithPassphrase()).isTrue();
        assertThat(stretched.inProcess()).as("takes long").isFalse();
        assertThat(stretched.recognizes(wrapped)).isTrue();
        assertThat(stretched.isOutdated(wrapped)).isFalse();
        assertThat(stretched.unwrap(wrapped, BINDING).copy()).isEqualTo(new byte[32]);
        assertThat(stretched.check()).contains("passphrase:test");
        stretched.close();
        assertThatThrownBy(() -> stretched.unwrap(wrapped, BINDING)).isInstanceOf(ClosedException.class);
    }

    @Test
    void close_wipesAndClosesTheSource() {
        Recipient wrapped = wrapped();
        key.close();
        assertThat(source.closed).isTrue();
        assertThatThrownBy(() -> key.unwrap(wrapped, BINDING)).isInstanceOf(ClosedException.class);
        assertThatThrownBy(key::refresh).isInstanceOf(ClosedException.class);
        assertThat(key.isDue()).isFalse();
        assertThat(key.toString()).isEqualTo("SecretMasterKey[scripted://secret]");
    }

    private Recipient wrapped() {
        return key.wrap(SecretBytes.owning(new byte[32]), BINDING);
    }

    private static UnavailableException noAnswer() {
        return new UnavailableException("No answer.", "The store is away.", "Repeat it.");
    }
}
