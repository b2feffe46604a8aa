package io.sealwright.kms.spi;

/**
 * Argon2id (RFC 9106), which the engine does not have itself; {@code kms-argon2} has one. Found by
 * {@link java.util.ServiceLoader}. Safe for concurrent use.
 */
public interface Argon2id {
    /**
     * Stretches a passphrase, version 0x13 of the algorithm, without secret and associated data. The engine has checked
     * the parameters against its limits; this method checks those of the RFC.
     *
     * @param passphrase neither kept nor wiped
     * @param salt 8 bytes at least
     * @param memoryKiB 8 times {@code lanes} at least
     * @param passes 1 at least
     * @param lanes 1 at least
     * @param bytes how many to give, 4 at least
     * @return the tag, which the caller wipes
     * @throws IllegalArgumentException if a parameter is out of the RFC's range
     */
    byte[] derive(byte[] passphrase, byte[] salt, int memoryKiB, int passes, int lanes, int bytes);
}
