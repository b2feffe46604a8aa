package io.sealwright.kms.vault;

import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;

/**
 * Master keys of secrets in the KV engine of the real OpenBao keep the contract of master keys, under the policy that the
 * documentation gives. What was fetched serves for a millisecond and through no outage, so that each call asks.
 */
class VaultKvContractTest extends VaultContract {
    private static final String MOUNT = "kv-contract";

    /** The core looks at a source that failed no sooner. */
    private static final Duration PAUSE = Duration.ofMillis(1_100);

    private static final String LATE =
            "for a second after a look that failed the core answers by itself, so that only the first call would hang"
                    + " (VaultKvTest has that)";

    private int version;

    VaultKvContractTest() {
        super(MOUNT, policy(), "data/one");
    }

    @BeforeAll
    static void prepare() throws Exception {
        bao.mount("", MOUNT, "kv", ",\"options\":{\"version\":\"2\"}");
        while (bao.call("GET", "kv-contract/config", null, bao.rootToken()).status() != 200) {
            TimeUnit.MILLISECONDS.sleep(20); // being upgraded to version 2
        }
        bao.root("POST", "kv-contract/data/one", "{\"data\":{\"key\":\"" + "A".repeat(42) + "E\"}}");
        bao.root("POST", "kv-contract/data/other", "{\"data\":{\"key\":\"" + "B".repeat(42) + "E\"}}");
        permit(MOUNT, policy());
    }

    private static String policy() {
        String one = OpenBao.documentedPolicy(2).replace("secret/data/app/master-key", "kv-contract/data/one");
        String secret = one.substring(0, one.indexOf("path \"auth/"));
        return one + secret.replace("/one", "/other") + secret.replace("/one", "/missing");
    }

    private static MasterKey key(String name) {
        return new SecretMasterKey(
                VaultKeys.of(options()).kv("kv-contract/" + name),
                PassphrasePolicy.defaults(),
                TestSettings.alwaysAsking());
    }

    private static MasterKey fetched(String name) {
        MasterKey key = key(name);
        boolean unused = key.refresh(); // as the engine does before it compares recipients
        return key;
    }

    @Override
    protected MasterKey open() {
        return fetched("one");
    }

    @Override
    protected MasterKey openOther() {
        return fetched("other");
    }

    @Override
    protected MasterKey openMissing() {
        return key("missing");
    }

    @Override
    protected Map<Situation, String> unsupported() {
        return Map.of(
                Situation.DISABLED,
                "the KV engine has no such state",
                Situation.PENDING_DELETION,
                "the KV engine deletes at once, and can take it back",
                Situation.SILENT,
                LATE,
                Situation.DRIPPING,
                LATE);
    }

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        switch (situation) {
            case SILENT, DRIPPING -> throw new UnsupportedOperationException();
            default -> super.bringAbout(situation);
        }
        TimeUnit.MILLISECONDS.sleep(300); // what is held is past its age, and the core's grace
    }

    @Override
    void befallKey(Situation situation) {
        if (situation != Situation.DELETED) {
            throw new UnsupportedOperationException();
        }
        version = bao.root("GET", "kv-contract/metadata/one", null)
                .get("data")
                .asObject()
                .getInt("current_version");
        bao.root("DELETE", "kv-contract/data/one", null);
    }

    @Override
    void mend(Situation situation) throws Exception {
        if (situation == Situation.DELETED) {
            bao.root("POST", "kv-contract/undelete/one", "{\"versions\":[" + version + "]}");
        }
        TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
    }
}
