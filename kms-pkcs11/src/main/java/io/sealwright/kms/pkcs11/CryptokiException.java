package io.sealwright.kms.pkcs11;

/** A PKCS#11 function returned something else than CKR_OK. */
final class CryptokiException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String function;
    private final long code;

    CryptokiException(String function, long code) {
        super(function + " returned " + ReturnCode.shown(code));
        this.function = function;
        this.code = code;
    }

    /** As in {@code C_Login}. */
    String function() {
        return function;
    }

    long code() {
        return code;
    }
}
