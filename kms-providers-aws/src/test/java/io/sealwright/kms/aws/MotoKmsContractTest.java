package io.sealwright.kms.aws;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyUsageType;

/** The contract of master keys on moto, which others wrote, but for what moto is known to get wrong. */
class MotoKmsContractTest extends MasterKeyContract {
    @RegisterExtension
    static final KnownDeviations DEVIATIONS = new KnownDeviations(Map.of(
            "unwrap_changedWrap_throwsAuthenticationFailed",
            "a ciphertext that names another key is denied, not invalid",
            "unwrap_wrapOfAnotherKey_throwsAuthenticationFailed",
            "a ciphertext of another key than the one asked for is denied, not an incorrect key",
            "unwrap_otherContext_throwsAuthenticationFailed: ab:c and a:bc",
            "pairs of the context are put together without their lengths",
            "situation_isToldByItsType_andEnds: DISABLED",
            "a disabled key goes on working",
            "situation_isToldByItsType_andEnds: PENDING_DELETION",
            "a key that waits for its deletion goes on working"));

    private static final String OF_THE_LINE = "moto answers or is not there; AwsFake has the troubles of the line";

    private static Moto moto;
    private static KmsClient admin;
    private static String app;
    private static String other;

    private @Nullable Situation now;

    @BeforeAll
    static void start() {
        moto = Moto.shared();
        admin = KmsClient.builder()
                .region(Region.EU_CENTRAL_1)
                .endpointOverride(moto.endpoint())
                .httpClient(UrlConnectionHttpClient.create())
                .credentialsProvider(
                        StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIATEST", "secret-of-moto")))
                .build();
        app = newKey();
        other = newKey();
    }

    /** Told its spec: moto tells of a key no more than it was told. */
    private static String newKey() {
        return admin.createKey(ask -> ask.keyUsage(KeyUsageType.ENCRYPT_DECRYPT).keySpec(KeySpec.SYMMETRIC_DEFAULT))
                .keyMetadata()
                .arn();
    }

    @AfterAll
    static void stop() {
        if (admin != null) {
            admin.close();
        }
    }

    /** moto's own administration knows keys by their bare id alone. */
    private static String id() {
        return app.substring(app.lastIndexOf('/') + 1);
    }

    private static MasterKey key(String arn) {
        return AwsKms.masterKey(moto.options().build(), arn);
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
        return key(app.replaceAll("[^/]*$", "00000000-0000-0000-0000-000000000000"));
    }

    @Override
    protected boolean renewsByItself() {
        return true;
    }

    @Override
    protected int tamperEvery() {
        return 11;
    }

    @Override
    protected Map<Situation, String> unsupported() {
        Map<Situation, String> reasons = new EnumMap<>(Situation.class);
        for (Situation situation : Situation.values()) {
            switch (situation) {
                case DISABLED, PENDING_DELETION, SILENT -> {
                    // Brought about below.
                }
                case DELETED -> reasons.put(situation, "moto deletes no key before its waiting period has ended");
                case DENIED, DEAD_CREDENTIALS ->
                    reasons.put(situation, "moto lets everybody in, as it is started here");
                default -> reasons.put(situation, OF_THE_LINE);
            }
        }
        return reasons;
    }

    @Override
    protected void bringAbout(Situation situation) {
        now = situation;
        switch (situation) {
            case DISABLED -> admin.disableKey(ask -> ask.keyId(app));
            case PENDING_DELETION ->
                admin.scheduleKeyDeletion(ask -> ask.keyId(app).pendingWindowInDays(7));
            case SILENT -> moto.stall();
            default -> throw new UnsupportedOperationException();
        }
    }

    @Override
    protected void recover() {
        Situation before = now;
        now = null;
        if (before == Situation.SILENT) {
            moto.resume();
        } else if (before == Situation.PENDING_DELETION) {
            admin.cancelKeyDeletion(ask -> ask.keyId(id()));
        }
        if (before != null) {
            admin.enableKey(ask -> ask.keyId(id()));
        }
    }

    @Override
    protected Set<String> secrets() {
        return Set.of("secret-of-moto");
    }
}
