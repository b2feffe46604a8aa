package io.sealwright.kms;

import java.time.Instant;
import java.util.List;

/** The named keys of a manager's store. Safe for concurrent use. */
public interface NamedKeys {
    /**
     * Makes a key with one version, active at once.
     *
     * @param name {@code [A-Za-z0-9][A-Za-z0-9._-]{0,127}}
     * @throws io.sealwright.kms.error.KeyExistsException if there is one of that name, destroyed or not
     */
    NamedKey create(String name, KeySpec spec);

    /** As {@link #create(String, KeySpec)}, but the first version seals from {@code activeFrom} on. */
    NamedKey create(String name, KeySpec spec, Instant activeFrom);

    /** As {@link #create(String, KeySpec)}, with options: from when on it seals, and how often it is rotated. */
    NamedKey create(String name, KeySpec spec, KeyOptions options);

    /** As {@link #create(String, KeySpec)}, unless there is one already of that name and spec, which is returned. */
    NamedKey createIfAbsent(String name, KeySpec spec);

    /**
     * The key of that name.
     *
     * @throws io.sealwright.kms.error.KeyNotFoundException if there is none
     */
    NamedKey get(String name);

    /** All keys, sorted by name, destroyed ones included. */
    List<NamedKey> list();

    /**
     * Does at once what is due in the store: rotations by schedule, destructions whose waiting period is over. A manager
     * that stays open does so by itself; this is for programs that do not, and for those that do it at a time of their
     * own ({@code schedule(false)}). What another process is doing at the moment is left to it.
     *
     * @return how many changes were made
     * @throws io.sealwright.kms.error.KmsException what the first of the keys failed with, after the others were done
     */
    int doDueWork();
}
