package io.sealwright.kms;

/** The states of NIST SP 800-57 part 1, section 7, in KMIP's words. */
public enum KeyState {
    /** Made, opens, but does not seal yet. */
    PRE_ACTIVE(1),
    /** Seals and opens. */
    ACTIVE(2),
    /** Opens only, and not even that while its destruction waits ({@link KeyVersion#destroyAt}). */
    DEACTIVATED(3),
    /** Opens only, and only for callers who say {@code allowCompromised()}. */
    COMPROMISED(4),
    /** The material is gone; a tombstone stays. */
    DESTROYED(5);

    private final int id;

    KeyState(int id) {
        this.id = id;
    }

    /** The number that stands in stored rows. */
    public int id() {
        return id;
    }
}
