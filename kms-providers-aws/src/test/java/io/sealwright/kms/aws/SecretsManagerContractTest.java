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

/** Master keys of secrets in Secrets Manager keep the contract of master keys, under the policy of the documentation. */
class SecretsManagerContractTest extends MasterKeyContract {
    static final String ONE = "A".repeat(42) + "E";
    static final String OTHER = "B".repeat(42) + "E";

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
        aws.secrets().put("app/master-key", "{\"key\":\"" + ONE + "\"}");
        aws.secrets().put("app/master-key-other", "{\"key\":\"" + OTHER + "\"}");
        // The suffix stands for six letters; of what is not there a policy sees the name alone.
        String policy = Fakes.documentedPolicy(1);
        aws.policy(policy.substring(0, policy.lastIndexOf("\"arn:")) + "[\"*:secret:app/master-key-??????\","
                + "\"*:secret:app/master-key-other-??????\",\"app/missing\"]}]}");
    }

    @AfterAll
    static void stop() {
        aws.close();
    }

    private static MasterKey key(String name) {
        return Fakes.alwaysAsking(AwsSecretsManager.secret(Fakes.options(aws).build(), name));
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
        return fetched("app/master-key-other");
    }

    @Override
    protected MasterKey openMissing() {
        return key("app/missing");
    }

    @Override
    protected Map<Situation, String> unsupported() {
        return Map.of(
                Situation.DISABLED,
                "Secrets Manager has no such state",
                Situation.SILENT,
                LATE,
                Situation.DRIPPING,
                LATE);
    }

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        switch (situation) {
            case DISABLED, SILENT, DRIPPING -> throw new UnsupportedOperationException();
            case PENDING_DELETION -> aws.secrets().delete("app/master-key");
            case DELETED -> aws.refuse(400, "ResourceNotFoundException", "can't find the specified secret.");
            default -> aws.bringAbout(situation);
        }
        troubled = true;
        TimeUnit.MILLISECONDS.sleep(300); // what is held is past its age, and the core's grace
    }

    @Override
    protected void recover() throws Exception {
        aws.recover();
        aws.secrets().restore("app/master-key");
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
