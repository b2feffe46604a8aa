package io.sealwright.kms.gcp;

import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import io.grpc.Status.Code;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.gcp.Fault;
import io.sealwright.kms.testkit.masterkey.OutageContract;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Google Cloud is killed and started again, stalls, and answers UNAVAILABLE to everything. */
class GcpOutageStress extends OutageContract {
    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();
    private final Trouble stalled =
            new Trouble("stalled", () -> cloud.fault(Fault.SILENT), () -> cloud.fault(Fault.NONE));

    @BeforeEach
    void prepare() {
        cloud.kms().create(Clouds.KEY);
    }

    @AfterEach
    void stop() {
        cloud.close();
    }

    @Override
    protected MasterKey open() {
        return GcpKms.masterKey(Clouds.options(cloud, DEADLINE), Clouds.KEY);
    }

    @Override
    protected List<Trouble> troubles() {
        return List.of(
                new Trouble("killed", cloud::kill, cloud::restart),
                stalled,
                new Trouble(
                        "storm",
                        () -> cloud.refuse(Code.UNAVAILABLE, "The service is currently unavailable."),
                        cloud::behave));
    }

    @Override
    protected Trouble silence() {
        return stalled;
    }

    @Override
    protected Trouble definiteNo() {
        return new Trouble(
                "disabled",
                () -> cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DISABLED),
                () -> cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.ENABLED));
    }

    @Override
    protected ErrorCode sealingAfterNo() {
        return ErrorCode.KMS_KEY_STATE_REFUSED;
    }

    @Override
    protected ErrorCode openingAfterNo() {
        return ErrorCode.KMS_KEY_STATE_REFUSED;
    }
}
