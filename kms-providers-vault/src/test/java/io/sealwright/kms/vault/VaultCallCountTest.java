package io.sealwright.kms.vault;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.CallCountContract;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;

/** How often the server is asked for how many messages: what the README says. */
@ExtendWith(OpenBao.Extension.class)
class VaultCallCountTest extends CallCountContract {
    private static final String LOOKUP = "GET /v1/auth/token/lookup-self";

    private final OpenBao bao;
    private final FaultyProxy proxy;
    private final String name = "k" + UUID.randomUUID();

    VaultCallCountTest(OpenBao bao) throws IOException {
        this.bao = bao;
        this.proxy = new FaultyProxy(bao.port());
    }

    @BeforeEach
    void create() {
        bao.mount("", "transit", "transit", "");
        bao.root("POST", "transit/keys/" + name, "{}");
        bao.policy(name, OpenBao.documentedPolicy(1).replace("/app", "/" + name));
    }

    @AfterEach
    void close() {
        proxy.close();
    }

    @Override
    protected MasterKey open() {
        return VaultKeys.masterKey(
                VaultOptions.builder()
                        .address(proxy.address())
                        .auth(VaultAuth.token(bao.token("1h", name)))
                        .build(),
                "transit/" + name);
    }

    @Override
    protected List<String> asked() {
        return proxy.requests();
    }

    /** The token is looked at once, and the first data key proves that the server binds contexts. */
    @Override
    protected List<String> toSeal(int contexts) {
        List<String> all = new ArrayList<>();
        all.add(LOOKUP);
        all.add("POST /v1/transit/datakey/plaintext/" + name);
        all.add("POST /v1/transit/decrypt/" + name);
        all.addAll(Collections.nCopies(contexts - 1, "POST /v1/transit/datakey/plaintext/" + name));
        return all;
    }

    @Override
    protected List<String> toOpen(int contexts) {
        List<String> all = new ArrayList<>();
        all.add(LOOKUP);
        all.addAll(Collections.nCopies(contexts, "POST /v1/transit/decrypt/" + name));
        return all;
    }
}
