package io.sealwright.kms.vault;

import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.vault.FaultyProxy.Fault;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What may befall any engine of the real OpenBao, for the contract of master keys: a policy, a token that can die, and a proxy
 * before the server. An engine's test mounts it, and says what may befall its own keys.
 */
@ExtendWith(OpenBao.Extension.class)
abstract class VaultContract extends MasterKeyContract {
    @TempDir
    static Path folder;

    static OpenBao bao;
    private static FaultyProxy proxy;
    private static Path tokenFile;
    private static final Set<String> tokens = new HashSet<>();

    private final String mount;
    private final String policy;
    private final String readable;
    private @Nullable Situation now;

    /**
     * @param mount where the engine is, and the name of the policy
     * @param policy what that allows
     * @param readable what can be read below the mount, to use up what may be asked for
     */
    VaultContract(String mount, String policy, String readable) {
        this.mount = mount;
        this.policy = policy;
        this.readable = readable;
    }

    @BeforeAll
    static void connect(OpenBao server) {
        bao = server;
        proxy = new FaultyProxy(bao.port());
        tokenFile = folder.resolve("token");
    }

    @AfterAll
    static void end() {
        proxy.close();
    }

    /** Makes the policy, and the token that has it. */
    static void permit(String name, String policy) throws Exception {
        bao.policy(name, policy);
        newToken(name);
    }

    private static void newToken(String policy) throws Exception {
        String token = bao.token("1h", policy);
        tokens.add(token);
        Files.writeString(tokenFile, token + "\n");
    }

    /** Through the proxy, with the token. */
    static VaultOptions options() {
        return VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.tokenFile(tokenFile))
                .build();
    }

    /** What befalls the key itself: it is disabled, to be deleted, or deleted. */
    abstract void befallKey(Situation situation);

    /** Ends {@link #befallKey}; called for the other situations too. */
    abstract void mend(Situation situation) throws Exception;

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        switch (situation) {
            case DISABLED, PENDING_DELETION, DELETED -> befallKey(situation);
            case DENIED -> bao.policy(mount, "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }");
            case DEAD_CREDENTIALS -> bao.revoke(Files.readString(tokenFile).trim());
            case THROTTLED -> {
                bao.root(
                        "POST",
                        "sys/quotas/rate-limit/" + mount,
                        "{\"path\":\"" + mount + "/\",\"rate\":1,\"interval\":\"1m\",\"block_interval\":\"1m\"}");
                while (bao.call("GET", mount + "/" + readable, null, bao.rootToken())
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
            case SILENT -> proxy.fault(Fault.SILENT);
            case DRIPPING -> proxy.fault(Fault.DRIP);
        }
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
            case DENIED -> bao.policy(mount, policy);
            case DEAD_CREDENTIALS -> newToken(mount);
            case THROTTLED -> bao.root("DELETE", "sys/quotas/rate-limit/" + mount, null);
            default -> {
                // The proxy passes everything on again.
            }
        }
        mend(before);
    }

    @Override
    protected Set<String> secrets() {
        return tokens;
    }
}
