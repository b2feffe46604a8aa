package io.sealwright.kms.testkit.store;

import io.sealwright.kms.spi.NamedKeyStore;

/** The store in memory, which nobody else can open. */
class InMemoryKeyStoreContractTest extends NamedKeyStoreContract {
    @Override
    protected NamedKeyStore fresh() {
        return NamedKeyStore.inMemory();
    }

    @Override
    protected NamedKeyStore again(NamedKeyStore store) {
        return store;
    }
}
