package io.sealwright.kms.vault;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.OutageContract;
import io.sealwright.kms.vault.FaultyProxy.Fault;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The real OpenBao is killed and started again, stalled, sealed, loses its callers' token, loses the key, and answers drop
 * by drop.
 */
@ExtendWith(OpenBao.Extension.class)
class VaultOutageStress extends OutageContract {
    private final OpenBao bao;
    private final FaultyProxy proxy;
    private final String name = "outage-" + UUID.randomUUID();
    private final Trouble stalled;

    VaultOutageStress(OpenBao bao) {
        this.bao = bao;
        this.proxy = new FaultyProxy(bao.port());
        this.stalled = new Trouble("stalled", bao::stall, bao::resume);
    }

    @BeforeEach
    void prepare() {
        bao.mount("", "transit", "transit", "");
        bao.mount("", "auth/approle", "approle", "");
        bao.root("POST", "transit/keys/" + name, "{\"exportable\":true,\"allow_plaintext_backup\":true}");
        bao.root("POST", "transit/keys/" + name + "/config", "{\"deletion_allowed\":true}");
        bao.policy(name, OpenBao.documentedPolicy(1).replace("/app", "/" + name));
        bao.root("POST", "auth/approle/role/" + name, "{\"token_policies\":\"" + name + "\",\"token_ttl\":\"10m\"}");
    }

    @AfterEach
    void recover() throws Exception {
        proxy.close();
        bao.resume();
        if (bao.call("GET", "sys/health", null, "").status() != 200) {
            bao.unseal();
        }
    }

    @Override
    protected MasterKey open() {
        String roleId = bao.root("GET", "auth/approle/role/" + name + "/role-id", null)
                .get("data")
                .asObject()
                .getString("role_id");
        String secretId = bao.root("POST", "auth/approle/role/" + name + "/secret-id", null)
                .get("data")
                .asObject()
                .getString("secret_id");
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.appRole(roleId, secretId))
                .timeout(DEADLINE)
                .build();
        return VaultKeys.masterKey(options, "transit/" + name);
    }

    @Override
    protected List<Trouble> troubles() {
        return List.of(
                new Trouble("killed", bao::kill, bao::restart),
                stalled,
                new Trouble("sealed", bao::seal, bao::unseal),
                new Trouble("revoked", this::revoke, () -> bindLogins("")),
                new Trouble("dripping", () -> proxy.fault(Fault.DRIP), () -> proxy.fault(Fault.NONE)));
    }

    /** No new login either, as from another network. */
    private void revoke() {
        bindLogins("10.0.0.0/8");
        bao.root("PUT", "sys/leases/revoke-prefix/auth/approle/login", null);
    }

    private void bindLogins(String network) {
        bao.root("POST", "auth/approle/role/" + name, "{\"secret_id_bound_cidrs\":\"" + network + "\"}");
    }

    @Override
    protected Trouble silence() {
        return stalled;
    }

    @Override
    protected Trouble definiteNo() {
        AtomicReference<String> backup = new AtomicReference<>();
        return new Trouble(
                "deleted",
                () -> {
                    backup.set(bao.root("GET", "transit/backup/" + name, null)
                            .get("data")
                            .asObject()
                            .getString("backup"));
                    bao.root("DELETE", "transit/keys/" + name, null);
                },
                () -> bao.root("POST", "transit/restore/" + name, "{\"backup\":\"" + backup.get() + "\"}"));
    }

    @Override
    protected ErrorCode sealingAfterNo() {
        return ErrorCode.KMS_KEY_NOT_FOUND;
    }

    /** Whatever a provider says of a message, but that it does not answer, is one error, on purpose. */
    @Override
    protected ErrorCode openingAfterNo() {
        return ErrorCode.KMS_AUTHENTICATION_FAILED;
    }
}
