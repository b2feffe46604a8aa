package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.KeyManager;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The managers that one test opened, so that all are closed after it, most simply by JUnit's {@code @AutoClose}. Safe for concurrent use. */
public final class OpenManagers implements AutoCloseable {
    private final List<KeyManager> open = new CopyOnWriteArrayList<>();

    /** None yet. */
    public OpenManagers() {}

    /**
     * Closes this one too.
     *
     * @return the manager itself
     */
    public KeyManager add(KeyManager manager) {
        open.add(manager);
        return manager;
    }

    /** Closes them in the order in which they came. */
    @Override
    public void close() {
        open.forEach(KeyManager::close);
    }
}
