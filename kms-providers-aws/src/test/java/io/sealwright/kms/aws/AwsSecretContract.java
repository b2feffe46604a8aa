package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** What keys that lie in a store of AWS as secrets need, for the contract of master keys: each call of theirs asks. */
abstract class AwsSecretContract extends MasterKeyContract {
    /** Why a store that hangs is not tried here. */
    static final String LATE =
            "for a second after a look that failed the core answers by itself, so that only the first call would hang"
                    + " (AwsSecretsTest has that)";

    /** The core looks at a source that failed no sooner. */
    private static final Duration PAUSE = Duration.ofMillis(1_100);

    static AwsFake aws;

    private final String one;
    private final String other;
    private boolean troubled;

    /** @param one and {@code other}: the keys, as they lie in the store */
    AwsSecretContract(String one, String other) {
        this.one = one;
        this.other = other;
    }

    @BeforeAll
    static void start() {
        aws = new AwsFake();
    }

    @AfterAll
    static void stop() {
        aws.close();
    }

    /** The documented policy of that number, for these resources instead of its own. */
    static void permit(int number, String resources) {
        String policy = Fakes.documentedPolicy(number);
        aws.policy(policy.substring(0, policy.lastIndexOf("\"arn:")) + "[" + resources + "]}]}");
    }

    static MasterKey fetched(SecretSource source) {
        MasterKey key = Fakes.alwaysAsking(source);
        boolean unused = key.refresh(); // as the engine does before it compares recipients
        return key;
    }

    /** Brings it about at the store. */
    abstract void befall(Situation situation);

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        befall(situation);
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
        return Set.of(aws.secretKey(), one, other);
    }
}
