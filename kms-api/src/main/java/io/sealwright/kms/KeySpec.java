package io.sealwright.kms;

/** What a named key is made of and good for. */
public enum KeySpec {
    /** 32 bytes for encryption: wraps data keys, and gives the roots of direct messages. */
    AES_256(1, 32, false),
    /** 32 bytes for HMAC-SHA-256 (RFC 2104, FIPS 198-1). */
    HMAC_SHA256(2, 32, true),
    /** 48 bytes for HMAC-SHA-384. */
    HMAC_SHA384(3, 48, true),
    /** 64 bytes for HMAC-SHA-512. */
    HMAC_SHA512(4, 64, true);

    private final int id;
    private final int materialBytes;
    private final boolean mac;

    KeySpec(int id, int materialBytes, boolean mac) {
        this.id = id;
        this.materialBytes = materialBytes;
        this.mac = mac;
    }

    /** The number that stands in stored rows. */
    public int id() {
        return id;
    }

    /** Length of the key material in bytes. */
    public int materialBytes() {
        return materialBytes;
    }

    /** Tells whether the key makes message authentication codes (and nothing else). */
    public boolean mac() {
        return mac;
    }
}
