package io.sealwright.kms.pkcs11;

import org.junit.jupiter.api.BeforeAll;

/** The contract of master keys on NSS' token. */
class NssContractTest extends TokenContract {
    private static TestToken token;

    @BeforeAll
    static void meet() {
        token = TestToken.nss();
    }

    @Override
    TestToken token() {
        return token;
    }
}
