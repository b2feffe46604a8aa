package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.spi.MasterKey;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;

/** The fake on a real socket passes the contract whole: nothing is unsupported. */
class KeyServerContractTest extends MasterKeyContract {
    private final KeyServer server = new KeyServer();

    @AfterEach
    void stop() {
        server.close();
    }

    @Override
    protected MasterKey open() {
        return server.key("one");
    }

    @Override
    protected MasterKey openOther() {
        return server.key("other");
    }

    @Override
    protected MasterKey openMissing() {
        return server.handle("missing");
    }

    @Override
    protected void bringAbout(Situation situation) {
        server.bringAbout(situation);
    }

    @Override
    protected void recover() {
        server.recover();
    }

    @Override
    protected Set<String> secrets() {
        return Set.of(server.token());
    }

    @Override
    protected int tamperEvery() {
        return 1;
    }
}
