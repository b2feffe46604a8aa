package io.sealwright.examples.keyring;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.util.Set;
import org.junit.jupiter.api.AutoClose;

/** The example passes what every provider must: nothing is unsupported. */
class KeyringContractTest extends MasterKeyContract {
    @AutoClose
    private static final KeyringServer server = new KeyringServer();

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
    protected void recover() {
        server.recover();
    }

    @Override
    protected Set<String> secrets() {
        return Set.of(KeyringServer.TOKEN);
    }
}
