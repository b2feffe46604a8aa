package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.testkit.aws.AwsFake;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A message's recipients are only compared: whatever they name, AWS is not asked about it. */
@Timeout(60)
class AwsHostileMessageTest {
    /** A sealer's key that puts another id into the header. */
    private record Naming(String id) implements MasterKey {
        @Override
        public String uri() {
            return "hostile:" + id;
        }

        @Override
        public boolean inProcess() {
            return true;
        }

        @Override
        public boolean recognizes(Recipient recipient) {
            return recipient.names(RecipientKind.AWS_KMS, id.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public boolean isOutdated(Recipient recipient) {
            return false;
        }

        @Override
        public Recipient wrap(SecretBytes key, WrapBinding binding) {
            return new Recipient(RecipientKind.AWS_KMS.id(), id.getBytes(StandardCharsets.UTF_8), new byte[184]);
        }

        @Override
        public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String check() {
            return "hostile";
        }

        @Override
        public String rotate() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }

    private static byte[] message(String arn) {
        List<String> ids = new ArrayList<>(List.of(
                arn.replace("111122223333", "999999999999"),
                arn.replace("eu-central-1", "us-east-1"),
                "alias/app",
                "aws-kms://" + arn,
                arn + "?region=us-east-1",
                "http://169.254.169.254/latest/meta-data",
                "pkcs11:?module-path=/tmp/evil.so",
                "\r\nHost: evil.example",
                arn.substring(arn.indexOf('/') + 1)));
        while (ids.size() < 64) {
            ids.add(String.format(
                    "arn:aws:kms:eu-central-1:%012d:key/1234abcd-12ab-34cd-56ef-1234567890ab", ids.size()));
        }
        var hostile = KeyManager.builder().masterKey(new Naming(ids.get(0)));
        ids.subList(1, ids.size()).forEach(id -> hostile.alsoWrapWith(new Naming(id)));
        try (KeyManager sealing = hostile.build()) {
            return sealing.encrypt("hello").toBytes();
        }
    }

    @Test
    void decrypt_64ForeignRecipients_causesNoCall() {
        try (AwsFake aws = new AwsFake()) {
            String arn = aws.kms().createKey();
            byte[] message = message(arn);
            try (KeyManager opening = KeyManager.builder()
                    .masterKey(AwsKms.masterKey(Fakes.options(aws).build(), arn))
                    .build()) {
                for (int i = 0; i < 2; i++) { // cold, and once more
                    assertThatThrownBy(() -> opening.decrypt(message).toText())
                            .isInstanceOf(NoMatchingRecipientException.class);
                }
            }
            assertThat(aws.calls()).isZero();
        }
    }

    @Test
    void decrypt_64ForeignRecipients_throughAnAlias_asksForTheAliasAlone() {
        try (AwsFake aws = new AwsFake()) {
            String arn = aws.kms().createKey();
            aws.kms().alias("alias/app", arn);
            byte[] message = message(arn);
            try (KeyManager opening = KeyManager.builder()
                    .masterKey(AwsKms.masterKey(Fakes.options(aws).build(), "alias/app"))
                    .build()) {
                for (int i = 0; i < 3; i++) {
                    assertThatThrownBy(() -> opening.decrypt(message).toText())
                            .isInstanceOf(NoMatchingRecipientException.class);
                }
            }
            assertThat(aws.requests()).containsExactly("kms:DescribeKey");
        }
    }
}
