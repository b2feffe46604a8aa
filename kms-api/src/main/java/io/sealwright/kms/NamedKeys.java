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
}
