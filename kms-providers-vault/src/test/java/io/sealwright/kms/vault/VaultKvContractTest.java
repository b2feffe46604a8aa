package io.sealwright.kms.vault;

import io.sealwright.kms.DataKeyPolicy;
import io.sealwright.kms.OutagePolicy;
import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.vault.FaultyProxy.Fault;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Master keys of secrets in the KV engine of the real OpenBao keep the contract of master keys, under the policy that the
 * documentation gives. What was fetched serves for a millisecond and through no outage, so that each call asks.
 */
@ExtendWith(OpenBao.Extension.class)
class VaultKvContractTest extends MasterKeyContract {
    private static final String POLICY = "kv-contract";

    /** The core looks at a source that failed no sooner. */
    private static final Duration PAUSE = Duration.ofMillis(1_100);

    private static final String LATE =
            "for a second after a look that failed the core answers by itself, so that only the first call would hang"
                    + " (VaultKvTest has that)";

    @TempDir
    static Path folder;

    private static OpenBao bao;
    private static FaultyProxy proxy;
    private static Path tokenFile;
    private static final Set<String> tokens = new HashSet<>();

    private @Nullable Situation now;
    private int version;

    @BeforeAll
    static void prepare(OpenBao server) throws Exception {
        bao = server;
        proxy = new FaultyProxy(bao.port());
        tokenFile = folder.resolve("token");
        bao.mount("", "kv-contract", "kv", ",\"options\":{\"version\":\"2\"}");
        while (bao.call("GET", "kv-contract/config", null, bao.rootToken()).status() != 200) {
            TimeUnit.MILLISECONDS.sleep(20); // being upgraded to version 2
        }
        bao.root("POST", "kv-contract/data/one", "{\"data\":{\"key\":\"" + "A".repeat(42) + "E\"}}");
        bao.root("POST", "kv-contract/data/other", "{\"data\":{\"key\":\"" + "B".repeat(42) + "E\"}}");
        permit();
        newToken();
    }

    @AfterAll
    static void end() {
        proxy.close();
    }

    private static void permit() {
        String one = OpenBao.documentedPolicy(2).replace("secret/data/app/master-key", "kv-contract/data/one");
        String secret = one.substring(0, one.indexOf("path \"auth/"));
        bao.policy(POLICY, one + secret.replace("/one", "/other") + secret.replace("/one", "/missing"));
    }

    private static void newToken() throws Exception {
        String token = bao.token("1h", POLICY);
        tokens.add(token);
        Files.writeString(tokenFile, token);
    }

    private static MasterKey key(String name) {
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.tokenFile(tokenFile))
                .build();
        ProviderSettings settings = new ProviderSettings(
                folder,
                false,
                Duration.ofSeconds(10),
                TimeSource.system(),
                Variables.of(Map.of()),
                new DataKeyPolicy(Duration.ofMillis(1), Duration.ofMillis(1), 1L << 32, 1L << 36, 1L << 20),
                new OutagePolicy(Duration.ZERO, Duration.ZERO));
        return new SecretMasterKey(
                VaultKeys.of(options).kv("kv-contract/" + name), PassphrasePolicy.defaults(), settings);
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
            case DISABLED, PENDING_DELETION, SILENT, DRIPPING -> throw new UnsupportedOperationException();
            case DELETED -> {
                version = bao.root("GET", "kv-contract/metadata/one", null)
                        .get("data")
                        .asObject()
                        .getInt("current_version");
                bao.root("DELETE", "kv-contract/data/one", null);
            }
            case DENIED -> bao.policy(POLICY, "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }");
            case DEAD_CREDENTIALS -> bao.revoke(Files.readString(tokenFile));
            case THROTTLED -> {
                bao.root(
                        "POST",
                        "sys/quotas/rate-limit/kv-contract",
                        "{\"path\":\"kv-contract/\",\"rate\":1,\"interval\":\"1m\",\"block_interval\":\"1m\"}");
                while (bao.call("GET", "kv-contract/data/one", null, bao.rootToken())
                                .status()
                        != 429) {
                    // Use up what is allowed.
                }
            }
            case SERVER_ERROR -> proxy.answer(500, "", "");
            case BARE_FORBIDDEN -> proxy.answer(403, "", "");
            case BARE_NOT_FOUND -> proxy.answer(404, "", "");
            case FOREIGN_PAGE -> proxy.answer(200, "text/html", "<html><body>Please log in</body></html>");
            case CUT_ANSWER -> proxy.fault(Fault.CUT);
            case RESET -> proxy.fault(Fault.RESET);
            case UNREACHABLE -> proxy.listen(false);
        }
        TimeUnit.MILLISECONDS.sleep(300); // what is held is past its age, and the core's grace
        now = situation;
    }

    @Override
    protected void recover() throws Exception {
        Situation before = now;
        now = null;
        proxy.fault(Fault.NONE);
        proxy.listen(true);
        if (before == null) {
            return;
        }
        switch (before) {
            case DELETED -> bao.root("POST", "kv-contract/undelete/one", "{\"versions\":[" + version + "]}");
            case DENIED -> permit();
            case DEAD_CREDENTIALS -> newToken();
            case THROTTLED -> bao.root("DELETE", "sys/quotas/rate-limit/kv-contract", null);
            default -> {
                // The proxy passes everything on again.
            }
        }
        TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
    }

    @Override
    protected Set<String> secrets() {
        return tokens;
    }
}
