package io.sealwright.kms.pkcs11;

import io.sealwright.kms.pkcs11.TestToken.Word;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.HostileMessageContract;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Whatever a message's recipients name, nothing is loaded, and the token is asked for the configured key alone. */
class Pkcs11HostileMessageTest extends HostileMessageContract {
    private final TestToken token = TestToken.softHsm();
    private final String name = "hostile-" + UUID.randomUUID();

    private Pkcs11Options options() {
        return token.options().pin(TestToken.PIN.toCharArray()).build();
    }

    @BeforeEach
    void create() {
        Pkcs11Keys.create(options(), token.uri(name)).close();
    }

    @AfterEach
    void destroy() throws Exception {
        token.officer().destroy(name);
    }

    @Override
    protected MasterKey open() {
        return Pkcs11Keys.masterKey(options(), token.uri(name));
    }

    @Override
    protected List<String> hostileIds(String address, String library) {
        return List.of(
                "?module-path=" + library,
                "token=contract;object=" + name + "?module-path=" + library,
                "token=contract;object=" + name + ";id=%01",
                "token=contract;object=",
                "token=*;object=*",
                "object=" + name + ";token=contract",
                "token=Contract;object=" + name);
    }

    @Override
    protected String foreignId(int number) {
        return "token=team" + number + ";object=app";
    }

    /** What goes through to the module is counted, not told. */
    @Override
    protected List<String> asked() {
        return Collections.nCopies(token.count(Word.CALLS), "a call of the module");
    }
}
