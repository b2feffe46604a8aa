package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Master keys of parameters in Parameter Store keep the contract of master keys, under the policy of the documentation. */
class ParameterStoreContractTest extends MasterKeyContract {
    static final String ONE = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static final String OTHER = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    /** The core looks at a source that failed no sooner. */
    private static final Duration PAUSE = Duration.ofMillis(1_100);

    private static final String LATE =
            "for a second after a look that failed the core answers by itself, so that only the first call would hang"
                    + " (AwsSecretsTest has that)";

    private static AwsFake aws;

    private boolean troubled;

    @BeforeAll
    static void start() {
        aws = new AwsFake();
        aws.parameters().put("/app/master-key", ONE);
        aws.parameters().put("/app/other", OTHER);
        String policy = Fakes.documentedPolicy(2);
        aws.policy(policy.substring(0, policy.lastIndexOf("\"arn:")) + "[\"*:parameter/app/master-key\","
                + "\"*:parameter/app/other\",\"*:parameter/app/missing\"]}]}");
    }

    @AfterAll
    static void stop() {
        aws.close();
    }

    private static MasterKey key(String name) {
        return Fakes.alwaysAsking(AwsParameterStore.parameter(Fakes.options(aws).build(), name));
    }

    private static MasterKey fetched(String name) {
        MasterKey key = key(name);
        boolean unused = key.refresh(); // as the engine does before it compares recipients
        return key;
    }

    @Override
    protected MasterKey open() {
        return fetched("app/master-key");
    }

    @Override
    protected MasterKey openOther() {
        return fetched("/app/other");
    }

    @Override
    protected MasterKey openMissing() {
        return key("app/missing");
    }

    @Override
    protected Map<Situation, String> unsupported() {
        return Map.of(
                Situation.DISABLED,
                "Parameter Store has no such state",
                Situation.PENDING_DELETION,
                "Parameter Store deletes at once",
                Situation.SILENT,
                LATE,
                Situation.DRIPPING,
                LATE);
    }

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        switch (situation) {
            case DISABLED, PENDING_DELETION, SILENT, DRIPPING -> throw new UnsupportedOperationException();
            case DELETED -> aws.refuse(400, "ParameterNotFound", "");
            default -> aws.bringAbout(situation);
        }
        troubled = true;
        TimeUnit.MILLISECONDS.sleep(300); // what is held is past its age, and the core's grace
    }

    @Override
    protected void recover() throws Exception {
        aws.recover();
        if (troubled) {
            TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        }
        troubled = false;
    }

    @Override
    protected Set<String> secrets() {
        return Set.of(aws.secretKey(), ONE, OTHER);
    }
}
