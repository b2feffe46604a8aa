package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.HostileMessageContract;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whatever a message's recipients name, AWS is not asked about it; a key that is given by its ARN asks nothing at all. */
class AwsHostileMessageTest extends HostileMessageContract {
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
    protected List<String> hostileIds(String address, String library) {
        return List.of(
                arn.replace("111122223333", "999999999999"),
                arn.replace("eu-central-1", "us-east-1"),
                "alias/app",
                "aws-kms://" + arn,
                arn + "?region=us-east-1",
                arn.substring(arn.indexOf('/') + 1));
    }

    @Override
    protected String foreignId(int number) {
        return String.format("arn:aws:kms:eu-central-1:%012d:key/1234abcd-12ab-34cd-56ef-1234567890ab", number);
    }

    @Override
    protected List<String> asked() {
        return aws.requests();
    }

    @Test
    void decrypt_64ForeignRecipients_throughAnAlias_asksForTheAliasAlone() throws Exception {
        aws.kms().alias("alias/app", arn);
        byte[] message = hostileMessage();
        int before = aws.requests().size();
        try (KeyManager opening = KeyManager.builder()
                .masterKey(AwsKms.masterKey(Fakes.options(aws).build(), "alias/app"))
                .build()) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> opening.decrypt(message).toText())
                        .isInstanceOf(NoMatchingRecipientException.class);
            }
        }
        List<String> requests = aws.requests();
        assertThat(requests.subList(before, requests.size())).containsExactly("kms:DescribeKey");
    }
}
