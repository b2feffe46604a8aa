package io.sealwright.kms.gcp;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.masterkey.HostileMessageContract;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Whatever a message's recipients name, nobody is called, and the service that is configured only about its own key. */
class GcpHostileMessageTest extends HostileMessageContract {
    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();

    @BeforeEach
    void create() {
        cloud.kms().create(Clouds.KEY);
    }

    @AfterEach
    void close() {
        cloud.close();
    }

    @Override
    protected MasterKey open() {
        return GcpKms.masterKey(Clouds.options(cloud), Clouds.KEY);
    }

    @Override
    protected List<String> hostileIds(String address, String library) {
        return List.of(
                "http://metadata.google.internal/computeMetadata/v1/",
                "gcp-kms://" + Clouds.KEY,
                "https://" + address + "/v1/" + Clouds.KEY + ":decrypt",
                Clouds.KEY + "/cryptoKeyVersions/1",
                Clouds.KEY + "?endpoint=" + address,
                Clouds.RING + "../messages");
    }

    @Override
    protected String foreignId(int number) {
        return Clouds.RING + "key" + number;
    }

    @Override
    protected List<String> asked() {
        return cloud.calls();
    }
}
