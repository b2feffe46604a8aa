package io.sealwright.kms.pkcs11;

import io.sealwright.kms.pkcs11.TestToken.Word;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.CallCountContract;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * How often a token is asked for how many messages: what the README says. One use of a key is several calls of the module
 * (sessions, searches), which are only counted; so what one message of each context takes stands for a data key each.
 */
class Pkcs11CallCountTest extends CallCountContract {
    private final TestToken token = TestToken.softHsm();
    private final String name = "counted-" + UUID.randomUUID();

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
    protected List<String> asked() {
        return Collections.nCopies(token.count(Word.CALLS), "a call of the module");
    }

    @Override
    protected List<String> toSeal(int contexts) {
        int before = token.count(Word.CALLS);
        List<byte[]> unused = seal(open(), contexts, contexts);
        return asked().subList(before, token.count(Word.CALLS));
    }

    @Override
    protected List<String> toOpen(int contexts) {
        List<byte[]> kept = seal(open(), contexts, contexts);
        int before = token.count(Word.CALLS);
        open(open(), kept, contexts, contexts);
        return asked().subList(before, token.count(Word.CALLS));
    }
}
