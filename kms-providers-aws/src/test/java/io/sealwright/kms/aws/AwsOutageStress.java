package io.sealwright.kms.aws;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.OutageContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** KMS is gone, stalls, throttles, drips, is behind a portal, and does not accept the credentials any more. */
class AwsOutageStress extends OutageContract {
    private final AwsFake aws = new AwsFake();
    private final String arn = aws.kms().createKey();

    @BeforeEach
    void forget() {
        aws.remember(false);
    }

    @AfterEach
    void close() {
        aws.close();
    }

    @Override
    protected MasterKey open() {
        return AwsKms.masterKey(Fakes.options(aws).timeout(DEADLINE).build(), arn);
    }

    @Override
    protected List<Trouble> troubles() {
        return Stream.of(
                        Situation.UNREACHABLE,
                        Situation.SILENT,
                        Situation.THROTTLED,
                        Situation.DRIPPING,
                        Situation.FOREIGN_PAGE,
                        Situation.DEAD_CREDENTIALS)
                .map(this::trouble)
                .toList();
    }

    private Trouble trouble(Situation situation) {
        return new Trouble(situation.name(), () -> aws.bringAbout(situation), aws::recover);
    }

    @Override
    protected Trouble silence() {
        return trouble(Situation.SILENT);
    }

    @Override
    protected Trouble definiteNo() {
        return new Trouble(
                "disabled", () -> aws.kms().disable(arn), () -> aws.kms().enable(arn));
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
