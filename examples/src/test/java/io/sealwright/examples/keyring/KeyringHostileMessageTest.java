package io.sealwright.examples.keyring;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.HostileMessageContract;
import java.util.List;
import org.junit.jupiter.api.AutoClose;

/** Whatever a message names, the example asks nobody but its own server, and that for its own key alone. */
class KeyringHostileMessageTest extends HostileMessageContract {
    @AutoClose
    private static final KeyringServer server = new KeyringServer();

    @Override
    protected MasterKey open() {
        return server.key("app");
    }

    @Override
    protected List<String> hostileIds(String address, String library) {
        return List.of(
                "keyring://" + address + "/app", "keyring://app/../other", "keyring://app?addr=" + address, "app");
    }

    @Override
    protected String foreignId(int number) {
        return "keyring://app" + number;
    }

    @Override
    protected List<String> asked() {
        return server.asked();
    }
}
