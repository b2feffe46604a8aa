package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;

/** Master keys of parameters in Parameter Store keep the contract of master keys, under the policy of the documentation. */
class ParameterStoreContractTest extends AwsSecretContract {
    static final String ONE = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static final String OTHER = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    ParameterStoreContractTest() {
        super(ONE, OTHER);
    }

    @BeforeAll
    static void fill() {
        aws.parameters().put("/app/master-key", ONE);
        aws.parameters().put("/app/other", OTHER);
        permit(2, "\"*:parameter/app/master-key\",\"*:parameter/app/other\",\"*:parameter/app/missing\"");
    }

    private static SecretSource parameter(String name) {
        return AwsParameterStore.parameter(Fakes.options(aws).build(), name);
    }

    @Override
    protected MasterKey open() {
        return fetched(parameter("app/master-key"));
    }

    @Override
    protected MasterKey openOther() {
        return fetched(parameter("/app/other"));
    }

    @Override
    protected MasterKey openMissing() {
        return Fakes.alwaysAsking(parameter("app/missing"));
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
    void befall(Situation situation) {
        switch (situation) {
            case DISABLED, PENDING_DELETION, SILENT, DRIPPING -> throw new UnsupportedOperationException();
            case DELETED -> aws.refuse(400, "ParameterNotFound", "");
            default -> aws.bringAbout(situation);
        }
    }
}
