package io.sealwright.kms.vault;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import io.sealwright.kms.vault.FaultyProxy.Fault;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Transit keys of the real OpenBao keep the contract of master keys, under the policy that the documentation gives. */
@ExtendWith(OpenBao.Extension.class)
class VaultTransitContractTest extends MasterKeyContract {
    private static final String POLICY = "contract";

    @TempDir
    static Path folder;

    private static OpenBao bao;
    private static FaultyProxy proxy;
    private static Path tokenFile;
    private static final Set<String> tokens = new HashSet<>();

    private @Nullable Situation now;
    private String backup = "";

    @BeforeAll
    static void prepare(OpenBao server) throws Exception {
        bao = server;
        proxy = new FaultyProxy(bao.port());
        tokenFile = folder.resolve("token");
        bao.mount("", "contract", "transit", "");
        for (String key : new String[] {"app", "other"}) {
            bao.root("POST", "contract/keys/" + key, "{\"exportable\":true,\"allow_plaintext_backup\":true}");
            bao.root("POST", "contract/keys/" + key + "/config", "{\"deletion_allowed\":true}");
        }
        permit();
        newToken();
    }

    @AfterAll
    static void end() {
        proxy.close();
    }

    private static void permit() {
        String one = OpenBao.documentedPolicy(1).replace("transit/", "contract/");
        // HCL takes each path once: what every token needs stands in the first.
        String keys = one.substring(0, one.indexOf("path \"auth/"));
        bao.policy(POLICY, one + keys.replace("/app", "/other") + keys.replace("/app", "/missing"));
    }

    private static void newToken() throws Exception {
        String token = bao.token("1h", POLICY);
        tokens.add(token);
        Files.writeString(tokenFile, token + "\n");
    }

    private static MasterKey key(String name) {
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.tokenFile(tokenFile))
                .build();
        return VaultKeys.masterKey(options, "contract/" + name);
    }

    @Override
    protected MasterKey open() {
        return key("app");
    }

    @Override
    protected MasterKey openOther() {
        return key("other");
    }

    @Override
    protected MasterKey openMissing() {
        return key("missing");
    }

    @Override
    protected Map<Situation, String> unsupported() {
        return Map.of(
                Situation.DISABLED,
                "the transit engine disables single versions, and for decryption alone (VaultTransitTest has that)");
    }

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        switch (situation) {
            case DISABLED -> throw new UnsupportedOperationException();
            case PENDING_DELETION -> bao.root("DELETE", "contract/keys/app/soft-delete", null);
            case DELETED -> {
                backup = bao.root("GET", "contract/backup/app", null)
                        .get("data")
                        .asObject()
                        .getString("backup");
                bao.root("DELETE", "contract/keys/app", null);
            }
            case DENIED -> bao.policy(POLICY, "path \"auth/token/lookup-self\" { capabilities = [\"read\"] }");
            case DEAD_CREDENTIALS -> bao.revoke(Files.readString(tokenFile).trim());
            case THROTTLED -> {
                bao.root(
                        "POST",
                        "sys/quotas/rate-limit/contract",
                        "{\"path\":\"contract/\",\"rate\":1,\"interval\":\"1m\",\"block_interval\":\"1m\"}");
                while (bao.call("GET", "contract/keys/app", null, bao.rootToken())
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
            case PENDING_DELETION -> bao.root("POST", "contract/keys/app/soft-delete-restore", null);
            case DELETED -> bao.root("POST", "contract/restore/app", "{\"backup\":\"" + backup + "\"}");
            case DENIED -> permit();
            case DEAD_CREDENTIALS -> newToken();
            case THROTTLED -> bao.root("DELETE", "sys/quotas/rate-limit/contract", null);
            default -> {
                // The proxy passes everything on again.
            }
        }
    }

    @Override
    protected Set<String> secrets() {
        return tokens;
    }
}
