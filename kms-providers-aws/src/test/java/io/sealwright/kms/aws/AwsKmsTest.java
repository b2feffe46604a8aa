package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.testkit.aws.AwsFake;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.testkit.time.ManualTime;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys of KMS beyond the contract: names, aliases, regions, rotation, contexts. */
@Timeout(60)
class AwsKmsTest {
    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final AwsFake aws = new AwsFake();
    private final String arn = aws.kms().createKey();

    @AfterEach
    void close() {
        aws.close();
    }

    private MasterKey key(String name) {
        return AwsKms.masterKey(Fakes.options(aws).build(), name);
    }

    private static MasterKey opened(String uri, Map<String, String> variables) {
        return new AwsKmsProvider().open(MasterKeyUri.parse(uri), Fakes.settings(variables));
    }

    @Test
    void generate_header_holdsTheArnAndAround405Bytes() {
        try (KeyManager kms = KeyManager.builder().masterKey(key(arn)).build()) {
            byte[] message = kms.encrypt(new byte[0]).toBytes();
            assertThat(message.length).isBetween(390, 420);
            assertThat(new String(message, StandardCharsets.ISO_8859_1)).contains(arn);
        }
    }

    @Test
    void alias_firstAnswer_resolvesItForGood() {
        aws.kms().alias("alias/app", arn);
        String other = aws.kms().createKey();
        try (MasterKey key = key("alias/app");
                GeneratedKey generated = key.generate(BINDING)) {
            assertThat(generated.recipient().id()).isEqualTo(arn.getBytes(StandardCharsets.US_ASCII));
            aws.kms().alias("alias/app", other);
            try (GeneratedKey later = key.generate(BINDING)) {
                assertThat(later.recipient().id())
                        .isEqualTo(generated.recipient().id());
            }
            assertThat(key.refresh()).isFalse();
            key.unwrap(generated.recipient(), BINDING).close();
        }
    }

    @Test
    void alias_beforeAnyAnswer_recognisesNothingAndAsksNobody() {
        aws.kms().alias("alias/app", arn);
        Recipient recipient;
        try (MasterKey sealing = key(arn);
                GeneratedKey generated = sealing.generate(BINDING)) {
            recipient = generated.recipient();
        }
        aws.forget();
        try (MasterKey opening = key("alias/app")) {
            assertThat(opening.recognizes(recipient)).isFalse();
            assertThatThrownBy(() -> opening.unwrap(recipient, BINDING))
                    .isInstanceOf(AuthenticationFailedException.class);
            assertThat(aws.calls()).isZero();
            assertThat(opening.refresh()).isTrue();
            assertThat(opening.recognizes(recipient)).isTrue();
            opening.unwrap(recipient, BINDING).close();
            assertThat(aws.requests()).containsExactly("kms:DescribeKey", "kms:Decrypt");
        }
    }

    /** An application that only opens, by an alias, and starts while KMS is away. */
    @Test
    void decrypt_aliasNotResolvedAndKmsAway_isUnavailable_andOpensWhenItIsBack() {
        aws.kms().alias("alias/app", arn);
        byte[] message;
        try (KeyManager sealing = KeyManager.builder().masterKey(key(arn)).build()) {
            message = sealing.encrypt("hello").toBytes();
        }
        ManualTime time = new ManualTime();
        try (KeyManager opening = KeyManager.builder()
                .alsoOpenWith(key("alias/app"))
                .timeSource(time)
                .retryAttempts(1)
                .build()) {
            aws.bringAbout(Situation.THROTTLED);
            assertThatThrownBy(() -> opening.decrypt(message).toText())
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("look at aws-kms://alias/app");
            aws.recover();
            time.advance(Duration.ofSeconds(30));
            assertThat(opening.decrypt(message).toText()).isEqualTo("hello");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "alias/app, arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab, true",
        "1234abcd-12ab-34cd-56ef-1234567890ab, arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab,"
                + " true",
        "1234abcd-12ab-34cd-56ef-1234567890ac, arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab,"
                + " false",
        "arn:aws:kms:eu-central-1:111122223333:alias/app, arn:aws:kms:eu-central-1:111122223333:key/a, true",
        "arn:aws:kms:eu-central-1:111122223333:alias/app, arn:aws:kms:us-east-1:111122223333:key/a, false",
        "arn:aws:kms:eu-central-1:111122223333:alias/app, arn:aws:kms:us-east-1:111122223333:key/mrk-a, true",
        "arn:aws:kms:eu-central-1:111122223333:alias/app, arn:aws:kms:eu-central-1:999999999999:key/a, false",
        "arn:aws:kms:eu-central-1:111122223333:alias/app, arn:aws-cn:kms:eu-central-1:111122223333:key/a, false",
        "arn:aws:kms:eu-central-1:111122223333:key/a, arn:aws:kms:eu-central-1:111122223333:key/a, false",
        "alias/app, alias/app, false",
        "alias/app, http://169.254.169.254/latest/meta-data, false"
    })
    void mightRecognize_notResolved_whatTheNameCanStandFor(String name, String id, boolean expected) {
        byte[] bytes = id.getBytes(StandardCharsets.US_ASCII);
        try (MasterKey key = key(name)) {
            assertThat(key.mightRecognize(new Recipient(RecipientKind.AWS_KMS.id(), bytes, new byte[184])))
                    .isEqualTo(expected);
            assertThat(key.mightRecognize(new Recipient(RecipientKind.GCP_KMS.id(), bytes, new byte[184])))
                    .isFalse();
        }
        assertThat(aws.calls()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"arn", "id", "alias", "aliasArn"})
    void everyKindOfName_anotherManager_opens(String kind) {
        aws.kms().alias("alias/app", arn);
        String name = switch (kind) {
            case "arn" -> arn;
            case "id" -> arn.substring(arn.indexOf('/') + 1);
            case "alias" -> "alias/app";
            default -> arn.substring(0, arn.lastIndexOf(':') + 1) + "alias/app";
        };
        byte[] message;
        try (KeyManager sealing = KeyManager.builder()
                .masterKey(opened("aws-kms://" + name + "?region=eu-central-1", Fakes.variables(aws)))
                .build()) {
            message = sealing.encrypt("hello").toBytes();
        }
        try (KeyManager opening = KeyManager.builder()
                .masterKey(opened("aws-kms://" + name + "?region=eu-central-1", Fakes.variables(aws)))
                .build()) {
            assertThat(opening.decrypt(message).toText()).isEqualTo("hello");
        }
    }

    @Test
    void multiRegionKey_sealedInOneRegion_opensInAnotherUnderTheReplica() {
        String here = aws.kms().createMultiRegionKey();
        String there = aws.kms().replicate(here, "us-east-1");
        try (MasterKey sealing = key(here);
                MasterKey opening = opened("aws-kms://" + there, Fakes.variables(aws));
                GeneratedKey generated = sealing.generate(BINDING)) {
            assertThat(opening.recognizes(generated.recipient())).isTrue();
            opening.unwrap(generated.recipient(), BINDING).close();
            try (GeneratedKey back = opening.generate(BINDING)) {
                assertThat(back.recipient().id()).isEqualTo(there.getBytes(StandardCharsets.US_ASCII));
                sealing.unwrap(back.recipient(), BINDING).close();
                // A no to one of them is a no to both: it is the replica here that does not open them any more.
                assertThat(opening.versionOf(generated.recipient()))
                        .isEqualTo(opening.versionOf(back.recipient()))
                        .isEqualTo(there);
                try (MasterKey unrelated = key(arn)) {
                    assertThat(unrelated.versionOf(back.recipient()))
                            .isNotEqualTo(unrelated.versionOf(generated.recipient()));
                }
            }
        }
    }

    @Test
    void recognizes_keyOfAnotherAccountRegionOrPartition_saysNo() {
        String multi = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
        try (MasterKey single = key(arn);
                MasterKey replicated = key(multi)) {
            for (String foreign : new String[] {
                arn.replace("111122223333", "999999999999"),
                arn.replace("eu-central-1", "us-east-1"),
                arn.replace("arn:aws:", "arn:aws-cn:"),
                arn + " ",
                arn + "\u0000",
                multi.replace("111122223333", "999999999999"),
                multi.replace("arn:aws:", "arn:aws-cn:"),
                multi.replace("eu-central-1", "evil.example/x"),
                multi.replace("mrk-1", "mrk-2"),
                multi.replace("eu-central-1", "")
            }) {
                Recipient recipient = recipient(foreign);
                assertThat(single.recognizes(recipient)).as(foreign).isFalse();
                assertThat(replicated.recognizes(recipient)).as(foreign).isFalse();
                assertThatThrownBy(() -> single.unwrap(recipient, BINDING))
                        .isInstanceOf(AuthenticationFailedException.class);
            }
            assertThat(replicated.recognizes(recipient(multi.replace("eu-central-1", "ap-southeast-2"))))
                    .isTrue();
            byte[] high = arn.getBytes(StandardCharsets.US_ASCII);
            high[3] = (byte) 0xba;
            assertThat(single.recognizes(new Recipient(RecipientKind.AWS_KMS.id(), high, new byte[1])))
                    .isFalse();
        }
        assertThat(aws.calls()).isZero();
    }

    private static Recipient recipient(String id) {
        return new Recipient(RecipientKind.AWS_KMS.id(), id.getBytes(StandardCharsets.UTF_8), new byte[184]);
    }

    @Test
    void encryptionContext_pairsAndPurpose_areWhatPoliciesSee() {
        aws.policy("""
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
                 "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "acme",
                                                "kms:EncryptionContext:sealwright:purpose": "data-key"}}}]}
                """);
        try (MasterKey key = key(arn)) {
            key.generate(BINDING).close();
            assertThatThrownBy(() ->
                            key.generate(new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "other"))))
                    .isInstanceOf(PermissionDeniedException.class);
            assertThatThrownBy(() -> key.generate(new WrapBinding(Purpose.BACKUP, BINDING.context())))
                    .isInstanceOf(PermissionDeniedException.class);
        }
    }

    @Test
    void purposes_areNamedAsEver() {
        assertThat(Arrays.stream(Purpose.values())
                        .map(purpose -> KmsContext.of(new WrapBinding(purpose, EncryptionContext.empty())))
                        .toList())
                .containsExactly(
                        Map.of("sealwright:purpose", "data-key"),
                        Map.of("sealwright:purpose", "named-key"),
                        Map.of("sealwright:purpose", "store-key"),
                        Map.of("sealwright:purpose", "pad"),
                        Map.of("sealwright:purpose", "backup"));
    }

    @Test
    void rotate_firstTime_switchesTheYearlyRotationOnAndRotates() {
        try (MasterKey key = key(arn)) {
            assertThat(key.rotate()).startsWith("on-demand-20");
            assertThat(aws.kms().rotates(arn)).isTrue();
            assertThat(aws.kms().materials(arn)).isEqualTo(2);
            aws.forget();
            assertThat(key.rotate()).startsWith("on-demand-20");
            assertThat(aws.requests()).containsExactly("kms:GetKeyRotationStatus", "kms:RotateKeyOnDemand");
        }
    }

    @Test
    void rotate_asOftenAsAllowed_isRefusedWithTheWayOut() {
        try (MasterKey key = key(arn)) {
            for (int i = 0; i < 25; i++) {
                key.rotate();
            }
            assertThatThrownBy(key::rotate)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("as often as AWS allows")
                    .extracting(e -> ((RefusedException) e).code())
                    .isEqualTo(ErrorCode.KMS_OPERATION_REFUSED);
        }
    }

    @Test
    void rotate_whileOneIsUnderWay_isRefused() {
        aws.refuse(400, "ConflictException", "A rotation is under way");
        try (MasterKey key = key(arn)) {
            assertThatThrownBy(key::rotate)
                    .isInstanceOf(RefusedException.class)
                    .hasMessageContaining("under way")
                    .extracting(e -> ((RefusedException) e).code())
                    .isEqualTo(ErrorCode.KMS_OPERATION_REFUSED);
        }
    }

    /** What docs/providers/AWS.md says of those who only seal, and of those who only open. */
    @Test
    void permissions_sealingAloneAndOpeningAlone_needOneActionEach() {
        String policy =
                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"%s\",\"Resource\":\"%s\"}]}";
        byte[] message;
        aws.policy(policy.formatted("kms:GenerateDataKey", arn));
        try (KeyManager sealing = KeyManager.builder().masterKey(key(arn)).build()) {
            message = sealing.encrypt("hello").toBytes();
            assertThatThrownBy(() -> sealing.decrypt(message).toText()).isInstanceOf(PermissionDeniedException.class);
        }
        aws.policy(policy.formatted("kms:Decrypt", arn));
        try (KeyManager opening = KeyManager.builder().masterKey(key(arn)).build()) {
            assertThat(opening.decrypt(message).toText()).isEqualTo("hello");
            assertThatThrownBy(() -> opening.encrypt("hello").toBytes()).isInstanceOf(PermissionDeniedException.class);
        }
    }

    @Test
    void rotate_throughAnAlias_asksForTheKey() {
        aws.kms().alias("alias/app", arn);
        try (MasterKey key = key("alias/app")) {
            key.rotate();
            assertThat(aws.kms().materials(arn)).isEqualTo(2);
        }
    }

    @Test
    void asymmetricKey_everyUse_isAConfigurationError() {
        String rsa = aws.kms().createAsymmetricKey("RSA_2048");
        try (MasterKey key = key(rsa)) {
            assertThatThrownBy(() -> key.generate(BINDING)).isInstanceOf(ConfigurationException.class);
            assertThatThrownBy(key::check)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("RSA_2048");
            assertThatThrownBy(key::rotate).isInstanceOf(RefusedException.class);
        }
    }

    @Test
    void check_states_areTold() {
        try (MasterKey key = key(arn)) {
            assertThat(key.check()).contains(arn, "Enabled", "not rotated by AWS", "the connection is not encrypted");
            aws.kms().state(arn, "PendingImport");
            assertThatThrownBy(key::check).isInstanceOf(RefusedException.class);
            aws.kms().state(arn, "Unavailable");
            assertThatThrownBy(key::check).isInstanceOf(UnavailableException.class);
            aws.kms().enable(arn);
            key.rotate();
            assertThat(key.check()).contains("rotated by AWS every 365 days");
        }
    }

    @Test
    void metadata_enabledAndDisabledKey_isToldWithoutAnError() {
        try (MasterKey key = key(arn)) {
            assertThat(key.metadata().enabled()).isTrue();
            assertThat(key.metadata().spec()).isEqualTo("SYMMETRIC_DEFAULT");
            assertThat(key.metadata().usage()).isEqualTo("ENCRYPT_DECRYPT");
            assertThat(key.metadata().createdAt()).isNotNull();
            String version = key.metadata().version();
            key.rotate();
            assertThat(key.metadata().version()).isNotNull().isNotEqualTo(version);
            aws.kms().disable(arn);
            assertThat(key.metadata().enabled()).isFalse();
        }
    }

    @Test
    void metadata_rotatedKey_tellsWhenWhereARoleMayAskForIt() {
        aws.policy(Fakes.documentedPolicy(0).replaceAll("\"arn:aws:kms:[^\"]*\"", '"' + arn + '"'));
        try (MasterKey key = key(arn)) {
            assertThat(key.metadata().rotatedAt()).as("never yet").isNull();
            key.rotate();
            Instant first = key.metadata().rotatedAt();
            assertThat(first)
                    .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(1));
            Instant between = Instant.now().truncatedTo(ChronoUnit.MILLIS); // as the fake tells it
            key.rotate();
            assertThat(key.metadata().rotatedAt()).isAfterOrEqualTo(between);
            aws.kms().disable(arn);
            assertThat(key.metadata().rotatedAt()).as("also of a disabled one").isAfterOrEqualTo(between);
            aws.policy(
                    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"kms:DescribeKey\","
                            + "\"Resource\":\"" + arn + "\"}]}");
            assertThat(key.metadata().rotatedAt()).as("not told").isNull();
            assertThat(key.metadata().enabled()).isFalse();
        }
        aws.policy(
                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}]}");
        try (MasterKey rsa = key(aws.kms().createAsymmetricKey("RSA_2048"))) {
            assertThat(rsa.metadata().rotatedAt()).isNull();
        }
    }

    @Test
    void generate_aliasThatIsNotThere_throwsKeyNotFound() {
        try (MasterKey key = key("alias/missing")) {
            assertThatThrownBy(() -> key.generate(BINDING))
                    .isInstanceOf(KeyNotFoundException.class)
                    .hasMessageContaining("aws-kms://alias/missing");
        }
    }

    // ---- names and settings

    @ParameterizedTest
    @ValueSource(
            strings = {
                "aws-kms://app",
                "aws-kms://alias/",
                "aws-kms://alias/a b",
                "aws-kms://arn:aws:kms:eu-central-1:111122223333:key/",
                "aws-kms://arn:aws:s3:::bucket",
                "aws-kms://arn:aws:kms:eu-central-1:1:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "aws-kms://169.254.169.254/latest/meta-data",
                "aws-kms://alias/app?endpoint=http://evil.example",
                "aws-kms://alias/app?region=eu-central-1&endpoint=http://evil.example",
                "aws-kms://alias/app?region=eu-central-1?region=us-east-1",
                "aws-kms://alias/app?region=evil.example/x",
                "aws-kms://alias/app?AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI",
                "aws-kms://user:secret@alias/app",
                "aws-kms://?region=eu-central-1",
                "aws-kms://alias/app#x",
                "aws-kms://alias/app\r\nHost: evil.example",
                "aws-kms://arn:aws:kms:us-east-1:111122223333:alias/a?region=eu-central-1"
            })
    void open_hostileUri_isAConfigurationErrorWithoutSecrets(String uri) {
        assertThatThrownBy(() -> opened(uri, Fakes.variables(aws)))
                .isInstanceOf(ConfigurationException.class)
                .satisfies(e -> assertThat(e.toString())
                        .doesNotContain("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI", "secret@", "\n", "\r"));
        assertThat(aws.calls()).isZero();
    }

    @Test
    void open_regionNowhere_namesTheVariable() {
        Map<String, String> variables = new HashMap<>(Fakes.variables(aws));
        variables.put("AWS_PROFILE", "no-such-profile");
        assertThatThrownBy(() -> opened("aws-kms://alias/app", variables))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("AWS_REGION");
    }

    @Test
    void open_variablesThatAreWrong_areNamed() {
        Map<String, String> half = new HashMap<>(Fakes.variables(aws));
        half.remove("AWS_SECRET_ACCESS_KEY");
        assertThatThrownBy(() -> opened("aws-kms://" + arn, half))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("AWS_SECRET_ACCESS_KEY");
        Map<String, String> endpoint = new HashMap<>(Fakes.variables(aws));
        endpoint.put("AWS_ENDPOINT_URL_KMS", "ftp://user:password@host");
        assertThatThrownBy(() -> opened("aws-kms://" + arn, endpoint))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("AWS_ENDPOINT_URL_KMS")
                .satisfies(e -> assertThat(e.toString()).doesNotContain("password@"));
        Map<String, String> region = new HashMap<>(Fakes.variables(aws));
        region.put("AWS_REGION", "evil.example/");
        assertThatThrownBy(() -> opened("aws-kms://alias/app", region)).isInstanceOf(ConfigurationException.class);
    }

    @Test
    void open_ownEndpointOfTheService_countsFirst() {
        Map<String, String> variables = new HashMap<>(Fakes.variables(aws));
        variables.put("AWS_ENDPOINT_URL", "http://no-such-host.invalid");
        variables.put("AWS_ENDPOINT_URL_KMS", aws.endpoint().toString());
        try (MasterKey key = opened("aws-kms://" + arn, variables)) {
            assertThat(key.check()).contains(arn);
        }
    }

    @Test
    void options_settingTwiceOrOutOfRange_isRefused() {
        assertThatThrownBy(() -> AwsOptions.builder().region("eu-central-1").region("eu-central-1"))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> AwsOptions.builder().timeout(java.time.Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> AwsOptions.builder().region("here")).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> key("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("Two regions");
        assertThat(Fakes.options(aws).build().toString()).doesNotContain(aws.secretKey());
    }
}
