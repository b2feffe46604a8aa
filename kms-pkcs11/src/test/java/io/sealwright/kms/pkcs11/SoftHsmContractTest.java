package io.sealwright.kms.pkcs11;

import org.junit.jupiter.api.BeforeAll;

/** The contract of master keys on SoftHSM. */
class SoftHsmContractTest extends TokenContract {
    private static TestToken token;

    @BeforeAll
    static void meet() {
        token = TestToken.softHsm();
    }

    @Override
    TestToken token() {
        return token;
    }
}
