package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;

/** Master keys of secrets in Secrets Manager keep the contract of master keys, under the policy of the documentation. */
class SecretsManagerContractTest extends AwsSecretContract {
    static final String ONE = "A".repeat(42) + "E";
    static final String OTHER = "B".repeat(42) + "E";

    SecretsManagerContractTest() {
        super(ONE, OTHER);
    }

    @BeforeAll
    static void fill() {
        aws.secrets().put("app/master-key", "{\"key\":\"" + ONE + "\"}");
        aws.secrets().put("app/master-key-other", "{\"key\":\"" + OTHER + "\"}");
        // The suffix stands for six letters; of what is not there a policy sees the name alone.
        permit(1, "\"*:secret:app/master-key-??????\",\"*:secret:app/master-key-other-??????\",\"app/missing\"");
    }

    private static SecretSource secret(String name) {
        return AwsSecretsManager.secret(Fakes.options(aws).build(), name);
    }

    @Override
    protected MasterKey open() {
        return fetched(secret("app/master-key"));
    }

    @Override
    protected MasterKey openOther() {
        return fetched(secret("app/master-key-other"));
    }

    @Override
    protected MasterKey openMissing() {
        return Fakes.alwaysAsking(secret("app/missing"));
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
    void befall(Situation situation) {
        switch (situation) {
            case DISABLED, SILENT, DRIPPING -> throw new UnsupportedOperationException();
            case PENDING_DELETION -> aws.secrets().delete("app/master-key");
            case DELETED -> aws.refuse(400, "ResourceNotFoundException", "can't find the specified secret.");
            default -> aws.bringAbout(situation);
        }
    }

    @Override
    protected void recover() throws Exception {
        aws.secrets().restore("app/master-key");
        super.recover();
    }
}
