package io.sealwright.kms.gcp;

import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.gcp.Fault;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Keys of Cloud KMS keep the contract of master keys, over real gRPC, with the permissions that the documentation gives. */
class GcpKmsContractTest extends MasterKeyContract {
    private static FakeGoogleCloud cloud;

    @BeforeAll
    static void prepare() {
        cloud = FakeGoogleCloud.start();
        cloud.kms().create(Clouds.KEY);
        cloud.kms().create(Clouds.OTHER);
    }

    @AfterAll
    static void end() {
        cloud.close();
    }

    private static MasterKey key(String name) {
        return GcpKms.masterKey(Clouds.options(cloud), name);
    }

    @Override
    protected MasterKey open() {
        return key(Clouds.KEY);
    }

    @Override
    protected MasterKey openOther() {
        return key(Clouds.OTHER);
    }

    @Override
    protected MasterKey openMissing() {
        return key(Clouds.RING + "missing");
    }

    @Override
    protected void bringAbout(Situation situation) {
        switch (situation) {
            case DISABLED -> cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DISABLED);
            case PENDING_DELETION -> cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DESTROY_SCHEDULED);
            case DELETED -> cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.DESTROYED);
            case DENIED -> cloud.grant("cloudkms.cryptoKeys.get");
            case DEAD_CREDENTIALS -> cloud.demandToken("another");
            case THROTTLED ->
                cloud.refuse(
                        Status.Code.RESOURCE_EXHAUSTED,
                        "Quota exceeded for quota metric 'Cryptographic requests' of service 'cloudkms.googleapis.com'.",
                        ErrorInfo.newBuilder()
                                .setReason("RATE_LIMIT_EXCEEDED")
                                .setDomain("googleapis.com")
                                .build());
            case SERVER_ERROR -> cloud.answer(500, "", "");
            case BARE_FORBIDDEN -> cloud.answer(403, "text/html", "<html>forbidden</html>");
            case BARE_NOT_FOUND -> cloud.answer(404, "text/html", "<html>not found</html>");
            case FOREIGN_PAGE -> cloud.answer(200, "text/html", "<html>Please log in</html>");
            case CUT_ANSWER -> cloud.fault(Fault.CUT);
            case RESET -> cloud.fault(Fault.RESET);
            case UNREACHABLE -> cloud.fault(Fault.UNREACHABLE);
            case SILENT -> cloud.fault(Fault.SILENT);
            case DRIPPING -> cloud.fault(Fault.DRIP);
        }
    }

    @Override
    protected void recover() {
        cloud.behave();
        cloud.grant(
                "cloudkms.cryptoKeyVersions.useToEncrypt",
                "cloudkms.cryptoKeyVersions.useToDecrypt",
                "cloudkms.cryptoKeys.get",
                "cloudkms.cryptoKeyVersions.create",
                "cloudkms.cryptoKeys.update");
        cloud.kms().state(Clouds.KEY, CryptoKeyVersionState.ENABLED);
    }
}
