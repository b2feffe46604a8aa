package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.CallCountContract;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** How often KMS is asked for how many messages: what docs/providers/AWS.md says. */
class AwsCallCountTest extends CallCountContract {
    private final AwsFake aws = new AwsFake();
    private final String arn = aws.kms().createKey();

    @AfterEach
    void close() {
        aws.close();
    }

    @Override
    protected MasterKey open() {
        return AwsKms.masterKey(Fakes.options(aws).build(), arn);
    }

    @Override
    protected List<String> asked() {
        return aws.requests();
    }

    @Override
    protected List<String> toSeal(int contexts) {
        return Collections.nCopies(contexts, "kms:GenerateDataKey");
    }

    @Override
    protected List<String> toOpen(int contexts) {
        return Collections.nCopies(contexts, "kms:Decrypt");
    }
}
