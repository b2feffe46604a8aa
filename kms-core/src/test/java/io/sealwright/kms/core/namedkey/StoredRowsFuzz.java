package io.sealwright.kms.core.namedkey;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.Recipient;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The parsers of rows, past every check of authenticity: nothing but {@link StoreException} may come out. */
class StoredRowsFuzz {
    private static final int ROUNDS = 50_000;
    private static final Instant DAY = Instant.parse("2026-01-01T00:00:00Z");
    private static final KeyRecord KEY = new KeyRecord(
            "orders",
            KeySpec.HMAC_SHA384,
            DAY,
            null,
            7,
            List.of(
                    new VersionRecord(1, new VersionId(1, 2), KeyState.DESTROYED, DAY, DAY, DAY.plusMillis(1), -1),
                    new VersionRecord(2, new VersionId(3, 4), KeyState.COMPROMISED, DAY, DAY, null, 5),
                    new VersionRecord(3, new VersionId(5, 6), KeyState.PRE_ACTIVE, DAY, DAY.plusMillis(9), null, 6)));
    private static final KeyRecord ROTATED = KEY.withRotation(Duration.ofDays(90));
    private static final List<Recipient> WRAPS =
            List.of(new Recipient(1, new byte[24], new byte[72]), new Recipient(4, new byte[2048], new byte[8192]));

    @Test
    void encodings_readBack_areEqual() {
        assertThat(Manifest.decode("it", Manifest.encode(KEY))).isEqualTo(KEY);
        assertThat(Manifest.decode("it", Manifest.encode(ROTATED))).isEqualTo(ROTATED);
        assertThat(WrapList.decode("it", WrapList.encode(WRAPS))).isEqualTo(WRAPS);
        StoreKeyRecord record = new StoreKeyRecord(new VersionId(7, 8), 9, WRAPS);
        assertThat(StoreKeyRecord.decode(record.encode())).isEqualTo(record);
    }

    @Test
    void manifest_cutOrExtended_alwaysRefused() {
        allLengthsRefused(Manifest.encode(KEY), bytes -> Manifest.decode("it", bytes));
        allLengthsRefused(Manifest.encode(ROTATED), bytes -> Manifest.decode("it", bytes));
    }

    @Test
    void manifest_layouts_onlyAKeyWithAScheduleNeedsTheSecond() {
        byte[] plain = Manifest.encode(KEY);
        byte[] rotated = Manifest.encode(ROTATED);
        assertThat(plain[0]).isEqualTo((byte) 1);
        assertThat(rotated[0]).isEqualTo((byte) 2);
        assertThat(rotated).hasSize(plain.length + Long.BYTES);
        rotated[0] = 3;
        assertThat(refuses(rotated, bytes -> Manifest.decode("it", bytes))).isTrue();
    }

    @Test
    void manifest_versionWithADateOfDestruction_mustNotSeal() {
        for (KeyState state : KeyState.values()) {
            VersionRecord dated = new VersionRecord(1, new VersionId(1, 2), state, DAY, DAY, DAY.plusMillis(1), 3);
            byte[] bytes = Manifest.encode(KEY.withVersions(List.of(dated)));
            assertThat(refuses(bytes, given -> Manifest.decode("it", given)))
                    .as("%s", state)
                    .isEqualTo(state == KeyState.ACTIVE || state == KeyState.PRE_ACTIVE);
        }
    }

    @Test
    void storeKeyRecord_cutOrExtended_alwaysRefused() {
        StoreKeyRecord small = new StoreKeyRecord(new VersionId(7, 8), 9, WRAPS.subList(0, 1));
        allLengthsRefused(small.encode(), StoreKeyRecord::decode);
        assertThat(refuses(new byte[(64 << 10) + 1], StoreKeyRecord::decode)).isTrue();
    }

    @Test
    void manifest_randomChanges_storeExceptionOrAValidRecord() {
        for (KeyRecord key : List.of(KEY, ROTATED)) {
            int refused = fuzz(1, Manifest.encode(key), bytes -> {
                KeyRecord read = Manifest.decode("it", bytes);
                assertThat(Manifest.encode(read)).isEqualTo(bytes);
            });
            assertThat(refused).isBetween(ROUNDS / 10, ROUNDS - 1);
        }
    }

    @Test
    void wraps_randomChanges_storeExceptionOrAValidList() {
        byte[] small = WrapList.encode(WRAPS.subList(0, 1));
        int refused = fuzz(
                2,
                small,
                bytes -> assertThat(WrapList.encode(WrapList.decode("it", bytes)))
                        .isEqualTo(bytes));
        assertThat(refused).isBetween(ROUNDS / 10, ROUNDS - 1);
    }

    @Test
    void storeKeyRecord_randomChanges_storeExceptionOrAValidRecord() {
        byte[] small = new StoreKeyRecord(new VersionId(7, 8), 9, WRAPS.subList(0, 1)).encode();
        int refused = fuzz(
                3,
                small,
                bytes -> assertThat(StoreKeyRecord.decode(bytes).encode()).isEqualTo(bytes));
        assertThat(refused).isBetween(ROUNDS / 10, ROUNDS - 1);
    }

    private static int fuzz(long seed, byte[] valid, Consumer<byte[]> read) {
        Random random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            byte[] bytes = round % 5 == 0 ? Arrays.copyOf(valid, random.nextInt(valid.length * 2)) : valid.clone();
            for (int flips = random.nextInt(6); flips >= 0 && bytes.length > 0; flips--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
            if (refuses(bytes, read)) {
                refused++;
            }
        }
        return refused;
    }

    private static void allLengthsRefused(byte[] valid, Consumer<byte[]> read) {
        for (int length = 0; length < valid.length + 3; length++) {
            if (length != valid.length) {
                assertThat(refuses(Arrays.copyOf(valid, length), read))
                        .as("length %d", length)
                        .isTrue();
            }
        }
    }

    /** Anything else than a StoreException fails the test. */
    private static boolean refuses(byte[] bytes, Consumer<byte[]> read) {
        try {
            read.accept(bytes);
            return false;
        } catch (StoreException e) {
            return true;
        }
    }
}
