package io.sealwright.kms.core.provider;

/** Whether what is asked of a master key has worked before; only then does its answer tell of the key and not of the question. */
public enum Standing {
    /** A wrap that never opened, which a stranger may have made; or a data key for a context without one. */
    NEW,
    /** A check of what is in memory, or the successor of a data key. Has places of its own, which a flood of new ones leaves free. */
    PROVEN
}
