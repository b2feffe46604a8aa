package io.sealwright.kms.gcp;

import com.google.cloud.secretmanager.v1.SecretVersion.State;
import io.grpc.Status;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import io.sealwright.kms.testkit.gcp.Fault;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Master keys of secrets in Secret Manager keep the contract of master keys, over real gRPC. What was fetched serves for a
 * millisecond and through no outage, so that each call asks.
 */
class GcpSecretManagerContractTest extends MasterKeyContract {
    private static final String OTHER = Clouds.SECRET + "-other";
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    /** The core looks at a source that failed no sooner. */
    private static final Duration PAUSE = Duration.ofMillis(1_100);

    private static final String LATE =
            "for a second after a look that failed the core answers by itself, so that only the first call would hang"
                    + " (GcpSecretManagerTest has that)";

    private static FakeGoogleCloud cloud;

    private @Nullable Situation now;
    private @Nullable Object deleted;

    @BeforeAll
    static void prepare() {
        cloud = FakeGoogleCloud.start();
        cloud.secrets().add(Clouds.SECRET, HEX);
        cloud.secrets().add(OTHER, HEX.replace('0', '9'));
    }

    @AfterAll
    static void end() {
        cloud.close();
    }

    private static MasterKey key(String name) {
        return new SecretMasterKey(
                GcpSecretManager.source(Clouds.options(cloud), name),
                PassphrasePolicy.defaults(),
                TestSettings.alwaysAsking());
    }

    private static MasterKey fetched(String name) {
        MasterKey key = key(name);
        boolean unused = key.refresh(); // as the engine does before it compares recipients
        return key;
    }

    @Override
    protected MasterKey open() {
        return fetched(Clouds.SECRET);
    }

    @Override
    protected MasterKey openOther() {
        return fetched(OTHER);
    }

    @Override
    protected MasterKey openMissing() {
        return key(Clouds.SECRET + "-missing");
    }

    @Override
    protected Map<Situation, String> unsupported() {
        return Map.of(
                Situation.PENDING_DELETION,
                "Secret Manager destroys at once, or shows a version as disabled until then",
                Situation.SILENT,
                LATE,
                Situation.DRIPPING,
                LATE);
    }

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        switch (situation) {
            case PENDING_DELETION, SILENT, DRIPPING -> throw new UnsupportedOperationException();
            case DISABLED -> cloud.secrets().state(Clouds.SECRET, newest(), State.DISABLED);
            case DELETED -> deleted = cloud.secrets().delete(Clouds.SECRET);
            case DENIED -> cloud.grant("secretmanager.versions.add");
            case DEAD_CREDENTIALS -> cloud.demandToken("another");
            case THROTTLED -> cloud.refuse(Status.Code.RESOURCE_EXHAUSTED, "Quota exceeded.");
            case SERVER_ERROR -> cloud.answer(500, "", "");
            case BARE_FORBIDDEN -> cloud.answer(403, "text/html", "<html>forbidden</html>");
            case BARE_NOT_FOUND -> cloud.answer(404, "text/html", "<html>not found</html>");
            case FOREIGN_PAGE -> cloud.answer(200, "text/html", "<html>Please log in</html>");
            case CUT_ANSWER -> cloud.fault(Fault.CUT);
            case RESET -> cloud.fault(Fault.RESET);
            case UNREACHABLE -> cloud.fault(Fault.UNREACHABLE);
        }
        TimeUnit.MILLISECONDS.sleep(300); // what is held is past its age, and the core's grace
        now = situation;
    }

    private static int newest() {
        return cloud.secrets().versions(Clouds.SECRET);
    }

    @Override
    protected void recover() throws Exception {
        cloud.behave();
        cloud.grant("secretmanager.versions.access", "secretmanager.versions.add");
        Object secret = deleted;
        deleted = null;
        if (secret != null) {
            cloud.secrets().restore(Clouds.SECRET, secret);
        }
        cloud.secrets().state(Clouds.SECRET, newest(), State.ENABLED);
        if (now != null) {
            now = null;
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        }
    }

    @Override
    protected Set<String> secrets() {
        return Set.of(HEX);
    }
}
