package io.sealwright.kms.gcp;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.masterkey.CallCountContract;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** How often Cloud KMS is asked for how many messages: what the README says. */
class GcpCallCountTest extends CallCountContract {
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
    protected List<String> asked() {
        return cloud.calls();
    }

    @Override
    protected List<String> toSeal(int contexts) {
        return Collections.nCopies(contexts, "Encrypt");
    }

    @Override
    protected List<String> toOpen(int contexts) {
        return Collections.nCopies(contexts, "Decrypt");
    }
}
