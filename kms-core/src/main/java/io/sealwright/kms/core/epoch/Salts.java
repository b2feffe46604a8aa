package io.sealwright.kms.core.epoch;

import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.core.message.Format;
import java.security.SecureRandom;

/**
 * Random salts and the count of eras: whenever a process may have been restored from a snapshot, all epochs end. The
 * salts of new epochs never depend on the JVM's generator alone, since another copy of this process may have its state;
 * after a known restore, what is drawn for each message does not either.
 */
public final class Salts {
    private final SecureRandom random = new SecureRandom();
    private final CloneSafeRandom cloneSafe = new CloneSafeRandom();
    private volatile int era;
    private volatile int restores;

    /** Grows whenever all epochs must end; epochs remember the one they were made in. */
    public int era() {
        return era;
    }

    /** Ends all epochs: time has jumped, and with it perhaps the process. */
    public synchronized void nextEra() {
        era++;
    }

    /** Ends all epochs, and mixes kernel bytes into whatever is drawn from now on. */
    public synchronized void restored() {
        restores++;
        era++;
    }

    /** How often this process is known to have been restored. */
    public int restores() {
        return restores;
    }

    /** The salt of a new epoch. */
    public byte[] epochSalt() {
        return fresh(Format.SALT_BYTES);
    }

    /** The bytes of a new key; safe in a clone. */
    public byte[] fresh(int length) {
        byte[] drawn = new byte[length];
        cloneSafe.nextBytes(drawn);
        return drawn;
    }

    /** Random bytes of one message: a nonce, or the salt of a chunked body. */
    public byte[] bytes(int length) {
        if (restores > 0) {
            return fresh(length);
        }
        byte[] drawn = new byte[length];
        random.nextBytes(drawn);
        return drawn;
    }
}
