package io.sealwright.kms.pkcs11;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What the functions of PKCS#11 return, as far as it makes a difference here, with the likely cause and what to do.
 *
 * @see <a href="https://docs.oasis-open.org/pkcs11/pkcs11-base/v2.40/pkcs11-base-v2.40.html">PKCS #11 2.40</a>, section 5.1
 */
enum ReturnCode {
    CKR_HOST_MEMORY(0x2, "The process or its computer is short of memory.", "Give it more, or use fewer sessions."),
    CKR_SLOT_ID_INVALID(0x3, Texts.GONE, Texts.CONNECT),
    CKR_GENERAL_ERROR(
            0x5,
            "The token's library failed; SoftHSM says so, too, of a token that was initialised anew or whose files were"
                    + " taken away while this process ran.",
            "If the token was initialised anew or restored, restart this process; else look at the library's log."),
    CKR_FUNCTION_FAILED(0x6, "The token's library failed.", "Look at its log; repeating may help."),
    CKR_ARGUMENTS_BAD(
            0x7,
            "The library does not take the arguments; some want arguments of their own when they start.",
            "Set KMS_PKCS11_INIT_ARGS if the library's manual names any."),
    CKR_ATTRIBUTE_SENSITIVE(0x11, "The token does not tell that attribute.", "Nothing need be done."),
    CKR_ATTRIBUTE_TYPE_INVALID(0x12, "The token does not know an attribute.", "Make the key with the token's tool."),
    CKR_CANT_LOCK(0xA, "The library cannot be used by several threads.", "Use a release of it that can."),
    CKR_ACTION_PROHIBITED(
            0x1B, "The token's policy forbids it to this user.", "Change the policy, or the key's attributes."),
    CKR_DEVICE_ERROR(0x30, "The token or its connection failed.", "Look at the token and its library's log."),
    CKR_DEVICE_MEMORY(0x31, "The token is short of memory.", "Remove what it no longer needs, or use fewer sessions."),
    CKR_DEVICE_REMOVED(0x32, Texts.GONE, Texts.CONNECT),
    CKR_ENCRYPTED_DATA_INVALID(0x40, Texts.WRAP, Texts.WRAP_REMEDY),
    CKR_ENCRYPTED_DATA_LEN_RANGE(0x41, Texts.WRAP, Texts.WRAP_REMEDY),
    CKR_AEAD_DECRYPT_FAILED(0x42, Texts.WRAP, Texts.WRAP_REMEDY),
    CKR_FUNCTION_CANCELED(0x50, "Somebody cancelled it.", Texts.REPEAT),
    CKR_FUNCTION_NOT_SUPPORTED(0x54, "The token cannot do it.", "Use a token that does AES-GCM and makes AES keys."),
    CKR_KEY_HANDLE_INVALID(0x60, Texts.LOGGED_OUT, Texts.REPEAT),
    CKR_KEY_TYPE_INCONSISTENT(0x63, Texts.FORBIDDEN, Texts.ATTRIBUTES),
    CKR_KEY_FUNCTION_NOT_PERMITTED(0x68, Texts.FORBIDDEN, Texts.ATTRIBUTES),
    CKR_MECHANISM_INVALID(0x70, "The token has no CKM_AES_GCM, or has it switched off.", "Use a token that has it."),
    CKR_MECHANISM_PARAM_INVALID(
            0x71,
            "The token refuses our parameters of CKM_AES_GCM; some, in FIPS mode, take no IV from outside.",
            "Use a token that takes a 12-byte IV."),
    CKR_OBJECT_HANDLE_INVALID(0x82, Texts.LOGGED_OUT, Texts.REPEAT),
    CKR_OPERATION_ACTIVE(0x90, "Somebody else uses our session.", "Leave sessions that are not yours alone."),
    CKR_OPERATION_NOT_INITIALIZED(0x91, "Somebody else uses our session.", "Leave sessions that are not yours alone."),
    CKR_PIN_INCORRECT(
            0xA0,
            "The PIN is wrong.",
            "Correct the PIN; the wrong one is not tried again in this process, so that it locks nothing."),
    CKR_PIN_INVALID(0xA1, "The PIN has characters that the token does not allow.", "Correct the PIN."),
    CKR_PIN_LEN_RANGE(0xA2, "The PIN is longer or shorter than the token allows.", "Correct the PIN."),
    CKR_PIN_EXPIRED(0xA3, "The PIN is out of date.", "Set a new one with the token's tool."),
    CKR_PIN_LOCKED(
            0xA4,
            "The PIN is locked, after too many wrong ones.",
            "Have the token's security officer set a new user PIN, then restart this process."),
    CKR_SESSION_CLOSED(0xB0, Texts.LOGGED_OUT, Texts.REPEAT),
    CKR_SESSION_COUNT(0xB1, "The token has no session left.", "Use fewer, by Pkcs11Options.sessions, or close others."),
    CKR_SESSION_HANDLE_INVALID(0xB3, Texts.LOGGED_OUT, Texts.REPEAT),
    CKR_SESSION_READ_ONLY(0xB5, "The token gives no session that may write.", "Make the key with the token's tool."),
    CKR_TEMPLATE_INCOMPLETE(0xD0, Texts.TEMPLATE, Texts.TEMPLATE_REMEDY),
    CKR_TEMPLATE_INCONSISTENT(0xD1, Texts.TEMPLATE, Texts.TEMPLATE_REMEDY),
    CKR_TOKEN_NOT_PRESENT(0xE0, Texts.GONE, Texts.CONNECT),
    CKR_TOKEN_NOT_RECOGNIZED(0xE1, Texts.GONE, Texts.CONNECT),
    CKR_TOKEN_WRITE_PROTECTED(0xE2, "The token is write-protected.", "Make the key with the token's tool."),
    CKR_USER_ALREADY_LOGGED_IN(0x100, "Another part of this process logged in.", Texts.REPEAT),
    CKR_USER_NOT_LOGGED_IN(0x101, Texts.LOGGED_OUT, "Give the PIN, by KMS_PKCS11_PIN_FILE or Pkcs11Options."),
    CKR_USER_PIN_NOT_INITIALIZED(0x102, "The token's user has no PIN yet.", "Set one with the token's tool."),
    CKR_USER_TYPE_INVALID(0x103, "The token does not know such a user.", "Give it a normal user with a PIN."),
    CKR_USER_ANOTHER_ALREADY_LOGGED_IN(
            0x104,
            "Another part of this process is logged in as another user.",
            "Have it log out; a security officer's session shuts the normal user out."),
    CKR_USER_TOO_MANY_TYPES(0x105, "Too many kinds of users are logged in.", "Have the others log out."),
    CKR_BUFFER_TOO_SMALL(0x150, "The library said another length before than it wants now.", Texts.REPEAT),
    CKR_CRYPTOKI_NOT_INITIALIZED(
            0x190,
            "The library is not started: another part of this process finalised it.",
            "Have nobody call C_Finalize; repeating may help."),
    CKR_CRYPTOKI_ALREADY_INITIALIZED(0x191, "Another part of this process started the library.", Texts.REPEAT),
    CKR_FUNCTION_REJECTED(0x200, "Somebody at the token refused it.", "Ask whoever confirms its operations.");

    private static final Map<Long, ReturnCode> BY_CODE = new HashMap<>();

    static {
        for (ReturnCode code : values()) {
            BY_CODE.put(code.code, code);
        }
    }

    private final long code;
    private final String cause;
    private final String remedy;

    ReturnCode(long code, String cause, String remedy) {
        this.code = code;
        this.cause = cause;
        this.remedy = remedy;
    }

    boolean is(CryptokiException e) {
        return e.code() == code;
    }

    long code() {
        return code;
    }

    /** The likely cause: one sentence. */
    static String cause(long code) {
        ReturnCode known = BY_CODE.get(code);
        return known == null ? "The token's library did not do it." : known.cause;
    }

    /** What to do: one sentence. */
    static String remedy(long code) {
        ReturnCode known = BY_CODE.get(code);
        return known == null ? "Look the code up in the library's manual; repeating may help." : known.remedy;
    }

    /** Name and number, as in {@code CKR_PIN_LOCKED (0xA4)}. */
    static String shown(long code) {
        ReturnCode known = BY_CODE.get(code);
        String number = "0x" + Long.toHexString(code).toUpperCase(Locale.ROOT);
        return known == null
                ? (code < 0 || code >= 0x80000000L ? "a vendor's code " : "") + number
                : known + " (" + number + ")";
    }

    /** Constants of an enum must not use its own static fields. */
    private static final class Texts {
        static final String GONE = "The token is not there.";
        static final String CONNECT = "Connect it, or start what connects to it; it is used again by itself.";
        static final String WRAP = "The wrap is not one of this key's, or was changed.";
        static final String WRAP_REMEDY = "Check that the message is whole.";
        static final String LOGGED_OUT =
                "Somebody in this process logged the user out, or the token was gone in between.";
        static final String REPEAT = "Repeat the call.";
        static final String FORBIDDEN = "The key's attributes forbid it.";
        static final String ATTRIBUTES = "Set CKA_ENCRYPT and CKA_DECRYPT of the key if that was a mistake.";
        static final String TEMPLATE = "The token does not make keys with these attributes.";
        static final String TEMPLATE_REMEDY = "Make the key with the token's tool, as docs/providers/PKCS11.md says.";

        private Texts() {}
    }
}
