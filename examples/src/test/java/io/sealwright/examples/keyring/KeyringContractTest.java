package io.sealwright.examples.keyring;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
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

    private static MasterKey key(String name) {
        Variables variables =
                Variables.of(Map.of("KEYRING_ADDR", server.address(), "KEYRING_TOKEN", KeyringServer.TOKEN));
        return new KeyringProvider()
                .open(
                        MasterKeyUri.parse("keyring://" + name),
                        new ProviderSettings(
                                Path.of("unused"), false, Duration.ofSeconds(10), TimeSource.system(), variables));
    }

    @Override
    protected MasterKey open() {
        return key("app");
    }

    @Override
    protected MasterKey openOther() {
        return key("other");
    }

    @Override
    protected MasterKey openMissing() {
        return key("missing");
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
