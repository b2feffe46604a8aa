package io.sealwright.kms.core.crypto;

/** SHAKE-128 (FIPS 202) for tests that are defined by it; the JDK has no extendable output. Slow and simple. */
final class Shake128 {
    private static final int RATE = 168;

    private final long[] state = new long[25];
    private int position;
    private boolean squeezing;

    void absorb(byte... data) {
        if (squeezing) {
            throw new IllegalStateException("Output has begun.");
        }
        for (byte b : data) {
            xor(position++, b);
            if (position == RATE) {
                permute();
                position = 0;
            }
        }
    }

    byte[] squeeze(int length) {
        if (!squeezing) {
            xor(position, 0x1f);
            xor(RATE - 1, 0x80);
            permute();
            position = 0;
            squeezing = true;
        }
        byte[] out = new byte[length];
        for (int i = 0; i < length; i++) {
            if (position == RATE) {
                permute();
                position = 0;
            }
            out[i] = (byte) (state[position / 8] >>> 8 * (position % 8));
            position++;
        }
        return out;
    }

    private void xor(int index, int value) {
        state[index / 8] ^= (value & 0xffL) << 8 * (index % 8);
    }

    private void permute() {
        int lfsr = 1;
        long[] column = new long[5];
        long[] moved = new long[25];
        for (int round = 0; round < 24; round++) {
            for (int x = 0; x < 5; x++) {
                column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
            }
            for (int i = 0; i < 25; i++) {
                state[i] ^= column[(i + 4) % 5] ^ Long.rotateLeft(column[(i + 1) % 5], 1);
            }
            moved[0] = state[0];
            int x = 1;
            int y = 0;
            for (int t = 0; t < 24; t++) {
                int toY = (2 * x + 3 * y) % 5;
                moved[y + 5 * toY] = Long.rotateLeft(state[x + 5 * y], (t + 1) * (t + 2) / 2 % 64);
                x = y;
                y = toY;
            }
            for (int i = 0; i < 25; i++) {
                int row = i / 5 * 5;
                state[i] = moved[i] ^ (~moved[row + (i + 1) % 5] & moved[row + (i + 2) % 5]);
            }
            for (int j = 0; j < 7; j++) {
                if ((lfsr & 1) != 0) {
                    state[0] ^= 1L << (1 << j) - 1;
                }
                lfsr = lfsr << 1 ^ (lfsr >>> 7) * 0x171;
            }
        }
    }
}
