package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.NamedKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** More keys than can be read one by one whenever something changes. */
class ManyKeysTest {
    private static final int KEYS = 100;

    private final Rig rig = new Rig();

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    @Test
    void poll_manyInUse_readsOnlyTheChangedOnes() {
        NamedKeyRing maker = rig.ring();
        NamedKeyRing user = rig.ring();
        for (int i = 0; i < KEYS; i++) {
            maker.create("key-" + i, KeySpec.AES_256);
            user.sealing("key-" + i);
        }
        user.poll();
        maker.get("key-7").rotate();
        maker.life().destroyNow("key-9", 0);
        rig.store.finds.set(0);

        user.poll();

        assertThat(rig.store.finds).hasValue(2);
        assertThat(user.sealing("key-7").number()).isEqualTo(2);
        assertThat(user.sealingIfHeld("key-9")).isEmpty();
        assertThat(user.sealingIfHeld("key-8")).isPresent();
    }

    @Test
    void list_manyKeys_areSortedAndVerified() {
        NamedKeyRing maker = rig.ring();
        for (int i = KEYS; i > 0; i--) {
            maker.create("key-" + i, KeySpec.AES_256);
        }
        assertThat(rig.ring().list().stream().map(NamedKey::name)).hasSize(KEYS).isSorted();
        rig.store.rewriteNames =
                names -> names.stream().filter(name -> !name.equals("key-50")).toList();
        assertThat(rig.ring().list()).as("withheld from who never met it").hasSize(KEYS - 1);
    }
}
