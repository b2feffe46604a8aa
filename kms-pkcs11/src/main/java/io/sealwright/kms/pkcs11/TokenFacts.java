package io.sealwright.kms.pkcs11;

import io.sealwright.kms.spi.ForeignText;

/**
 * What a token says of itself, without the blanks that its fields are filled up with.
 *
 * @param flags CK_TOKEN_INFO's
 * @param sessions those of this process that are open, or negative if the token does not say
 */
record TokenFacts(String label, String manufacturer, String model, String serial, long flags, long sessions) {
    private static final long LOGIN_REQUIRED = 0x4;
    private static final long PROTECTED_AUTHENTICATION_PATH = 0x100;
    private static final long USER_PIN_FINAL_TRY = 0x20000;
    private static final long USER_PIN_LOCKED = 0x40000;

    boolean loginRequired() {
        return (flags & LOGIN_REQUIRED) != 0;
    }

    /** A PIN pad, or another way of its own. */
    boolean hasOwnLogin() {
        return (flags & PROTECTED_AUTHENTICATION_PATH) != 0;
    }

    /** One more wrong PIN locks it. */
    boolean finalTry() {
        return (flags & USER_PIN_FINAL_TRY) != 0;
    }

    boolean locked() {
        return (flags & USER_PIN_LOCKED) != 0;
    }

    @Override
    public String toString() {
        return "'" + ForeignText.shown(label) + "' (" + ForeignText.shown(model) + ", serial "
                + ForeignText.shown(serial) + ")";
    }
}
