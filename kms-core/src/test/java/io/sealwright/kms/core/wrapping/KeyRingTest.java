package io.sealwright.kms.core.wrapping;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.wrapping.KeyRing.Entry;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeyRingTest {
    private static final WrapBinding BINDING = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());
    private static final SecretBytes SECRET = SecretBytes.copyOf(new byte[32]);

    private final Entry first = entry(1, false);
    private final Entry second = entry(2, true);
    private final Entry next = entry(3, false);
    private final KeyRing ring = new KeyRing(List.of(second, next, first));

    @AfterEach
    void close() {
        ring.close();
    }

    @Test
    void entries_areNewestFirst() {
        assertThat(ring.entries()).containsExactly(next, second, first);
    }

    @Test
    void newestActive_newerOneOpensOnly_isTheOneThatWraps() {
        assertThat(ring.newestActive()).contains(second);
    }

    @Test
    void findById_knownUnknownOrOfWrongLength_findsOrNot() {
        assertThat(ring.findById(first.key().versionId())).contains(first);
        assertThat(ring.findById(first.key().recipientId())).contains(first);
        assertThat(ring.findById(new byte[16])).isEmpty();
        assertThat(ring.findById(new byte[0])).isEmpty();
    }

    @Test
    void findByCheck_knownUnknownOrOfWrongLength_findsOrNot() {
        assertThat(ring.findByCheck(next.key().check())).contains(next);
        assertThat(ring.findByCheck(new byte[8])).isEmpty();
        assertThat(ring.findByCheck(next.key().recipientId())).isEmpty();
    }

    @Test
    void wrap_isOfTheNewestActive_andIsNotOutdated() {
        Recipient recipient = ring.wrap(SECRET, BINDING);
        assertThat(recipient.kind()).isEqualTo(RecipientKind.IN_PROCESS.id());
        assertThat(recipient.id()).isEqualTo(second.key().recipientId());
        assertThat(ring.recognizes(recipient)).isTrue();
        assertThat(ring.isOutdated(recipient)).isFalse();
        try (SecretBytes opened = ring.unwrap(recipient, BINDING)) {
            assertThat(opened.copy()).isEqualTo(new byte[32]);
        }
    }

    @Test
    void isOutdated_ofOtherVersions_isTrue() {
        assertThat(ring.isOutdated(madeBy(first))).isTrue();
        assertThat(ring.isOutdated(madeBy(next))).isTrue();
    }

    @Test
    void unwrap_ofOlderVersion_opens() {
        try (SecretBytes opened = ring.unwrap(madeBy(first), BINDING)) {
            assertThat(opened.copy()).isEqualTo(new byte[32]);
        }
    }

    @Test
    void recognizes_otherKindIdOrLength_isFalse() {
        byte[] id = second.key().recipientId();
        byte[] wrap = new byte[72];
        byte[] otherCheck = id.clone();
        otherCheck[23] ^= 1;
        for (Recipient other : List.of(
                new Recipient(RecipientKind.NAMED_KEY.id(), id, wrap),
                new Recipient(RecipientKind.IN_PROCESS.id(), otherCheck, wrap),
                new Recipient(RecipientKind.IN_PROCESS.id(), Arrays.copyOfRange(id, 16, 24), wrap),
                new Recipient(RecipientKind.IN_PROCESS.id(), Arrays.copyOf(id, 25), wrap))) {
            assertThat(ring.recognizes(other)).isFalse();
            assertThat(ring.isOutdated(other)).isFalse();
            assertThatThrownBy(() -> ring.unwrap(other, BINDING)).isInstanceOf(AuthenticationFailedException.class);
        }
    }

    @Test
    void recognizes_sameCheckOtherVersionId_isTrue() {
        byte[] id = second.key().recipientId();
        Arrays.fill(id, 0, 16, (byte) 42);
        assertThat(ring.recognizes(new Recipient(RecipientKind.IN_PROCESS.id(), id, new byte[72])))
                .isTrue();
    }

    @Test
    void wrap_noneActive_throwsRefused() {
        try (KeyRing retired = new KeyRing(List.of(entry(1, false)))) {
            assertThatThrownBy(() -> retired.wrap(SECRET, BINDING))
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("None of its versions is active.");
        }
    }

    @Test
    void constructor_numberTwice_throwsIllegalArgument() {
        assertThatThrownBy(() -> new KeyRing(List.of(entry(1, true), entry(1, false))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("version number 1 stands twice");
        assertThatThrownBy(() -> entry(0, true)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void close_closesEveryKey() {
        ring.close();
        for (Entry entry : ring.entries()) {
            assertThatThrownBy(() -> entry.key().directRoot()).isInstanceOf(ClosedException.class);
        }
    }

    private static Recipient madeBy(Entry entry) {
        return new Recipient(
                RecipientKind.IN_PROCESS.id(),
                entry.key().recipientId(),
                entry.key().wrap(SECRET, BINDING));
    }

    private static Entry entry(int number, boolean active) {
        byte[] material = new byte[32];
        Arrays.fill(material, (byte) number);
        byte[] id = new byte[16];
        Arrays.fill(id, (byte) (100 + number));
        return new Entry(number, active, new WrappingKey(id, SecretBytes.owning(material)));
    }
}
