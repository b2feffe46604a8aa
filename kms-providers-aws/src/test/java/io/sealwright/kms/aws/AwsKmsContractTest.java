package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Keys of KMS keep the contract of master keys, under the policy that the documentation gives. */
class AwsKmsContractTest extends MasterKeyContract {
    private static AwsFake aws;
    private static String app;
    private static String other;

    @BeforeAll
    static void start() {
        aws = new AwsFake();
        app = aws.kms().createKey();
        other = aws.kms().createKey();
        String policy = Fakes.documentedPolicy(0);
        String example = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        if (!policy.contains(example)) {
            throw new AssertionError("the documented policy names another key than this test replaces");
        }
        // The policy's one resource, for the keys of this test and one that is not there.
        aws.policy(policy.replace('"' + example + '"', "[\"" + app + "\",\"" + other + "\",\"" + missing() + "\"]"));
    }

    @AfterAll
    static void stop() {
        aws.close();
    }

    private static String missing() {
        return "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000";
    }

    private static MasterKey key(String arn) {
        return AwsKms.masterKey(Fakes.options(aws).build(), arn);
    }

    @Override
    protected MasterKey open() {
        return key(app);
    }

    @Override
    protected MasterKey openOther() {
        return key(other);
    }

    @Override
    protected MasterKey openMissing() {
        return key(missing());
    }

    @Override
    protected boolean renewsByItself() {
        return true;
    }

    @Override
    protected int tamperEvery() {
        return 7;
    }

    @Override
    protected void bringAbout(Situation situation) {
        switch (situation) {
            case DISABLED -> aws.kms().disable(app);
            case PENDING_DELETION -> aws.kms().scheduleDeletion(app);
            case DELETED -> aws.kms().delete(app);
            default -> aws.bringAbout(situation);
        }
    }

    @Override
    protected void recover() {
        aws.recover();
        aws.kms().restore(app);
        aws.kms().enable(app);
    }

    @Override
    protected Set<String> secrets() {
        return Set.of(aws.secretKey());
    }
}
