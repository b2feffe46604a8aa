package io.sealwright.kms.core.crypto;

/** The hash functions that {@link Hmac} and {@link Hkdf} are used with. */
public enum HashFunction {
    SHA_256("HmacSHA256", 32),
    SHA_384("HmacSHA384", 48),
    SHA_512("HmacSHA512", 64);

    private final String macName;
    private final int outputBytes;

    HashFunction(String macName, int outputBytes) {
        this.macName = macName;
        this.outputBytes = outputBytes;
    }

    /** The JCA's name of HMAC with this hash. */
    String macName() {
        return macName;
    }

    /** Length of a digest, and so of a full HMAC tag, in bytes. */
    public int outputBytes() {
        return outputBytes;
    }
}
