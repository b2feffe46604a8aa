package io.sealwright.kms.vault;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.HostileMessageContract;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;

/** Whatever a message's recipients name, nobody is called, and the server that is configured only about its own key. */
@ExtendWith(OpenBao.Extension.class)
class VaultHostileMessageTest extends HostileMessageContract {
    private final OpenBao bao;
    private final FaultyProxy server;

    VaultHostileMessageTest(OpenBao bao) {
        this.bao = bao;
        this.server = new FaultyProxy(bao.port());
        bao.mount("", "hostile", "transit", "");
        bao.root("POST", "hostile/keys/app", "{}");
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Override
    protected MasterKey open() {
        VaultOptions options = VaultOptions.builder()
                .address(server.address())
                .auth(VaultAuth.token(bao.rootToken()))
                .build();
        return VaultKeys.masterKey(options, "hostile/app");
    }

    @Override
    protected List<String> hostileIds(String address, String library) {
        return List.of(
                "vault-transit://169.254.169.254/latest/meta-data",
                "vault-transit://" + address + "/hostile/app",
                "http://" + address + "/v1/hostile/decrypt/app",
                ":" + address + "/app",
                ":hostile/../sys/raw/app",
                ":hostile/app?x=" + address);
    }

    @Override
    protected String foreignId(int number) {
        return "team" + number + ":hostile/app";
    }

    @Override
    protected List<String> asked() {
        return server.requests();
    }
}
