package io.sealwright.examples.keyring;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The example passes what every provider must: nothing is unsupported. */
class KeyringContractTest extends MasterKeyContract {
    private static KeyringServer server;

    @BeforeAll
    static void start() throws IOException {
        server = new KeyringServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Override
    protected MasterKey open() {
        return server.key("app");
    }

    @Override
    protected MasterKey openOther() {
        return server.key("other");
    }

    @Override
    protected MasterKey openMissing() {
        return server.key("missing");
    }

    @Override
    protected void bringAbout(Situation situation) {
        server.bringAbout(situation);
    }

    @Override
    protected void recover() throws IOException {
        server.recover();
    }

    @Override
    protected Set<String> secrets() {
        return Set.of(KeyringServer.TOKEN);
    }
}
