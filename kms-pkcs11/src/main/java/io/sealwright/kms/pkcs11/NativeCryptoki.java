package io.sealwright.kms.pkcs11;

import iaik.pkcs.pkcs11.wrapper.CK_ATTRIBUTE;
import iaik.pkcs.pkcs11.wrapper.CK_C_INITIALIZE_ARGS;
import iaik.pkcs.pkcs11.wrapper.CK_GCM_MESSAGE_PARAMS;
import iaik.pkcs.pkcs11.wrapper.CK_GCM_PARAMS;
import iaik.pkcs.pkcs11.wrapper.CK_MECHANISM;
import iaik.pkcs.pkcs11.wrapper.CK_TOKEN_INFO;
import iaik.pkcs.pkcs11.wrapper.PKCS11;
import iaik.pkcs.pkcs11.wrapper.PKCS11Exception;
import io.sealwright.kms.error.UnavailableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.xipki.pkcs11.wrapper.PKCS11Module;
import org.xipki.pkcs11.wrapper.StaticLogger;

/**
 * The one class that touches the binding: one method of its lowest layer a function of PKCS#11. That layer neither logs
 * nor keeps sessions, as the one above it does.
 */
final class NativeCryptoki implements Cryptoki {
    private static final long CKF_OS_LOCKING_OK = 0x2;
    private static final long CKF_RW_SESSION = 0x2;
    private static final long CKF_SERIAL_SESSION = 0x4;
    private static final long CKU_USER = 1;
    private static final long CKS_RO_USER_FUNCTIONS = 1;
    private static final long CKS_RW_USER_FUNCTIONS = 3;

    private static final long CKO_SECRET_KEY = 4;
    private static final long CKK_AES = 0x1F;
    private static final long CKM_AES_KEY_GEN = 0x1080;
    private static final long CKM_AES_GCM = 0x1087;
    private static final long CKG_NO_GENERATE = 0;
    private static final long TAG_BITS = 128;
    private static final long KEY_BYTES = 32;

    private static final long CKA_CLASS = 0x0;
    private static final long CKA_TOKEN = 0x1;
    private static final long CKA_PRIVATE = 0x2;
    private static final long CKA_LABEL = 0x3;
    private static final long CKA_KEY_TYPE = 0x100;
    private static final long CKA_ID = 0x102;
    private static final long CKA_SENSITIVE = 0x103;
    private static final long CKA_ENCRYPT = 0x104;
    private static final long CKA_DECRYPT = 0x105;
    private static final long CKA_WRAP = 0x106;
    private static final long CKA_UNWRAP = 0x107;
    private static final long CKA_VALUE_LEN = 0x161;
    private static final long CKA_EXTRACTABLE = 0x162;
    private static final long CKA_LOCAL = 0x163;
    private static final long CKA_NEVER_EXTRACTABLE = 0x164;
    private static final long CKA_WRAP_WITH_TRUSTED = 0x210;

    private static final long[] FACTS = {
        CKA_PRIVATE,
        CKA_LABEL,
        CKA_KEY_TYPE,
        CKA_ID,
        CKA_SENSITIVE,
        CKA_ENCRYPT,
        CKA_DECRYPT,
        CKA_VALUE_LEN,
        CKA_EXTRACTABLE,
        CKA_LOCAL,
        CKA_NEVER_EXTRACTABLE
    };

    /** Keys of one label: more are surely a mistake. */
    private static final int MOST_OBJECTS = 1_000;

    /** A call of the binding that gives something. */
    private interface Call<T> {
        T make() throws PKCS11Exception;
    }

    /** A call of the binding that gives nothing. */
    private interface Order {
        void make() throws PKCS11Exception;
    }

    private final PKCS11 binding;
    private volatile boolean byMessage;

    @SuppressWarnings("UnusedVariable") // kept: when it is garbage-collected, the library is unloaded
    private final PKCS11Module module;

    private NativeCryptoki(PKCS11Module module) {
        this.module = module;
        this.binding = module.getPKCS11Module();
    }

    /** Of a library that somebody has started. */
    static NativeCryptoki of(PKCS11Module ready) {
        return new NativeCryptoki(ready);
    }

    /**
     * Loads a library and starts it, if nobody has.
     *
     * @throws UnavailableException if it cannot be loaded
     */
    static NativeCryptoki load(Path library, String arguments) throws CryptokiException {
        NativeCryptoki cryptoki;
        try {
            // Else it writes to standard output, where a program's own output goes.
            StaticLogger.setLogger(new QuietLogger());
            cryptoki = new NativeCryptoki(PKCS11Module.getInstance(library.toString()));
        } catch (IOException | LinkageError e) {
            throw new UnavailableException(
                    "The PKCS#11 library " + library + " cannot be loaded.",
                    "The system's loader or the binding refused it; the cause says more.",
                    "Check that it is a PKCS#11 library for this system and its processor, that what it needs is installed,"
                            + " and that the temporary folder allows programs.",
                    e);
        }
        cryptoki.initialize(arguments);
        return cryptoki;
    }

    /** {@code C_Initialize}, for use by several threads; that it was done already is well. */
    void initialize(String arguments) throws CryptokiException {
        CK_C_INITIALIZE_ARGS start = new CK_C_INITIALIZE_ARGS();
        start.flags = CKF_OS_LOCKING_OK;
        if (!arguments.isEmpty()) {
            start.pReserved = Arrays.copyOf(
                    arguments.getBytes(StandardCharsets.UTF_8),
                    arguments.getBytes(StandardCharsets.UTF_8).length + 1); // as C ends a string
        }
        try {
            run("C_Initialize", () -> binding.C_Initialize(start, true));
        } catch (CryptokiException e) {
            if (!ReturnCode.CKR_CRYPTOKI_ALREADY_INITIALIZED.is(e)) {
                throw e;
            }
        }
    }

    @Override
    public long[] slots() throws CryptokiException {
        return get("C_GetSlotList", () -> binding.C_GetSlotList(true));
    }

    @Override
    public TokenFacts token(long slot) throws CryptokiException {
        CK_TOKEN_INFO info = get("C_GetTokenInfo", () -> binding.C_GetTokenInfo(slot));
        return new TokenFacts(
                text(info.label),
                text(info.manufacturerID),
                text(info.model),
                text(info.serialNumber),
                info.flags,
                info.ulSessionCount);
    }

    private static String text(char @Nullable [] field) {
        return field == null ? "" : new String(field).strip();
    }

    @Override
    public long openSession(long slot, boolean write) throws CryptokiException {
        long flags = CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0);
        return get("C_OpenSession", () -> binding.C_OpenSession(slot, flags, null, null));
    }

    @Override
    public void closeSession(long session) throws CryptokiException {
        run("C_CloseSession", () -> binding.C_CloseSession(session));
    }

    @Override
    public boolean loggedIn(long session) throws CryptokiException {
        long state = get("C_GetSessionInfo", () -> binding.C_GetSessionInfo(session)).state;
        return state == CKS_RO_USER_FUNCTIONS || state == CKS_RW_USER_FUNCTIONS;
    }

    /** Each byte as a character, and no conversion: the PIN is in UTF-8 already. */
    @Override
    public void login(long session, byte @Nullable [] pin) throws CryptokiException {
        char[] characters = pin == null ? null : new char[pin.length];
        if (characters != null) {
            for (int i = 0; i < characters.length; i++) {
                characters[i] = (char) (Objects.requireNonNull(pin)[i] & 0xff);
            }
        }
        try {
            run("C_Login", () -> binding.C_Login(session, CKU_USER, characters, false));
        } finally {
            if (characters != null) {
                Arrays.fill(characters, '\0');
            }
        }
    }

    @Override
    public long[] find(long session, String label) throws CryptokiException {
        CK_ATTRIBUTE[] template = {attribute(CKA_CLASS, CKO_SECRET_KEY), attribute(CKA_LABEL, label.toCharArray())};
        run("C_FindObjectsInit", () -> binding.C_FindObjectsInit(session, template, true));
        long[] found = get("C_FindObjects", () -> binding.C_FindObjects(session, MOST_OBJECTS));
        run(
                "C_FindObjectsFinal",
                () -> binding.C_FindObjectsFinal(session)); // not after an error: the session then ends
        return found;
    }

    @Override
    public KeyFacts facts(long session, long key) throws CryptokiException {
        Map<Long, Object> values = values(session, key, FACTS);
        boolean extractable = !Boolean.FALSE.equals(values.get(CKA_EXTRACTABLE));
        Object bytes = values.get(CKA_VALUE_LEN);
        return new KeyFacts(
                key,
                values.get(CKA_LABEL) instanceof char[] text ? new String(text) : "",
                values.get(CKA_ID) instanceof byte[] array ? array : new byte[0],
                Objects.equals(values.get(CKA_KEY_TYPE), CKK_AES),
                bytes instanceof Long length ? (int) (length * 8) : 0,
                Boolean.FALSE.equals(values.get(CKA_PRIVATE)),
                Boolean.TRUE.equals(values.get(CKA_SENSITIVE)),
                extractable,
                // Asked for where it matters alone: older tokens do not know it.
                extractable && Boolean.TRUE.equals(value(session, key, CKA_WRAP_WITH_TRUSTED)),
                !Boolean.FALSE.equals(values.get(CKA_ENCRYPT)),
                !Boolean.FALSE.equals(values.get(CKA_DECRYPT)),
                Boolean.TRUE.equals(values.get(CKA_LOCAL)),
                Boolean.TRUE.equals(values.get(CKA_NEVER_EXTRACTABLE)));
    }

    /** In one call if the token tells all of them, else one by one. Without those that it does not tell. */
    private Map<Long, Object> values(long session, long key, long[] types) throws CryptokiException {
        CK_ATTRIBUTE[] template =
                Arrays.stream(types).mapToObj(type -> attribute(type, null)).toArray(CK_ATTRIBUTE[]::new);
        Map<Long, Object> values = new HashMap<>();
        try {
            run("C_GetAttributeValue", () -> binding.C_GetAttributeValue(session, key, template, true));
            for (CK_ATTRIBUTE attribute : template) {
                if (attribute.pValue != null) {
                    values.put(attribute.type, attribute.pValue);
                }
            }
        } catch (CryptokiException e) {
            if (!isUntold(e)) {
                throw e;
            }
            for (long type : types) {
                Object value = value(session, key, type);
                if (value != null) {
                    values.put(type, value);
                }
            }
        }
        return values;
    }

    /** Null if the token does not tell it. */
    private @Nullable Object value(long session, long key, long type) throws CryptokiException {
        CK_ATTRIBUTE[] template = {attribute(type, null)};
        try {
            run("C_GetAttributeValue", () -> binding.C_GetAttributeValue(session, key, template, true));
            return template[0].pValue;
        } catch (CryptokiException e) {
            if (isUntold(e)) {
                return null;
            }
            throw e;
        }
    }

    private static boolean isUntold(CryptokiException e) {
        return ReturnCode.CKR_ATTRIBUTE_TYPE_INVALID.is(e) || ReturnCode.CKR_ATTRIBUTE_SENSITIVE.is(e);
    }

    @Override
    public long generate(long session, String label, byte[] id) throws CryptokiException {
        CK_ATTRIBUTE[] template = {
            attribute(CKA_CLASS, CKO_SECRET_KEY),
            attribute(CKA_KEY_TYPE, CKK_AES),
            attribute(CKA_VALUE_LEN, KEY_BYTES),
            attribute(CKA_TOKEN, true),
            attribute(CKA_PRIVATE, true),
            attribute(CKA_SENSITIVE, true),
            attribute(CKA_EXTRACTABLE, false),
            attribute(CKA_ENCRYPT, true),
            attribute(CKA_DECRYPT, true),
            attribute(CKA_WRAP, false),
            attribute(CKA_UNWRAP, false),
            attribute(CKA_LABEL, label.toCharArray()),
            attribute(CKA_ID, id)
        };
        CK_MECHANISM mechanism = new CK_MECHANISM();
        mechanism.mechanism = CKM_AES_KEY_GEN;
        return get("C_GenerateKey", () -> binding.C_GenerateKey(session, mechanism, template, true));
    }

    @Override
    public byte[] encrypt(long session, long key, byte[] iv, byte[] associatedData, byte[] plaintext)
            throws CryptokiException {
        if (!byMessage) {
            try {
                CK_MECHANISM mechanism = gcm(iv, associatedData);
                run("C_EncryptInit", () -> binding.C_EncryptInit(session, mechanism, key, true));
                return get("C_Encrypt", () -> binding.C_Encrypt(session, plaintext));
            } catch (CryptokiException e) {
                if (!ReturnCode.CKR_BUFFER_TOO_SMALL.is(e)) {
                    throw e;
                }
            }
        }
        byte[] sealed = encryptMessage(session, key, iv, associatedData, plaintext);
        byMessage = true;
        return sealed;
    }

    /**
     * As {@link #encrypt}, by the functions of PKCS#11 3.0. NSS says of the length of {@code C_Encrypt}'s answer what it is
     * without the tag, the binding believes it, and then the buffer is too small.
     */
    private byte[] encryptMessage(long session, long key, byte[] iv, byte[] associatedData, byte[] plaintext)
            throws CryptokiException {
        CK_MECHANISM mechanism = new CK_MECHANISM();
        mechanism.mechanism = CKM_AES_GCM;
        CK_GCM_MESSAGE_PARAMS parameters = new CK_GCM_MESSAGE_PARAMS();
        parameters.pIv = iv.clone();
        parameters.ivGenerator = CKG_NO_GENERATE;
        parameters.pTag = new byte[TokenWrap.TAG_BYTES];
        run("C_MessageEncryptInit", () -> binding.C_MessageEncryptInit(session, mechanism, key, true));
        byte[] ciphertext = get(
                "C_EncryptMessage",
                () -> binding.C_EncryptMessage(session, parameters, associatedData, plaintext, true));
        run("C_MessageEncryptFinal", () -> binding.C_MessageEncryptFinal(session));
        if (!Arrays.equals(iv, parameters.pIv)) {
            throw new CryptokiException("C_EncryptMessage", ReturnCode.CKR_MECHANISM_PARAM_INVALID.code());
        }
        byte[] sealed = Arrays.copyOf(ciphertext, ciphertext.length + parameters.pTag.length);
        System.arraycopy(parameters.pTag, 0, sealed, ciphertext.length, parameters.pTag.length);
        return sealed;
    }

    @Override
    public byte[] decrypt(long session, long key, byte[] iv, byte[] associatedData, byte[] ciphertext)
            throws CryptokiException {
        CK_MECHANISM mechanism = gcm(iv, associatedData);
        run("C_DecryptInit", () -> binding.C_DecryptInit(session, mechanism, key, true));
        return get("C_Decrypt", () -> binding.C_Decrypt(session, ciphertext));
    }

    private static <T> T get(String function, Call<T> call) throws CryptokiException {
        try {
            return call.make();
        } catch (PKCS11Exception e) {
            throw new CryptokiException(function, e.getErrorCode());
        } catch (RuntimeException e) {
            throw unsupported(function, e);
        }
    }

    private static void run(String function, Order order) throws CryptokiException {
        try {
            order.make();
        } catch (PKCS11Exception e) {
            throw new CryptokiException(function, e.getErrorCode());
        } catch (RuntimeException e) {
            throw unsupported(function, e);
        }
    }

    /** The binding throws so where the library has no such function, and where it cannot convert what it got. */
    private static CryptokiException unsupported(String function, RuntimeException cause) {
        CryptokiException e = new CryptokiException(function, ReturnCode.CKR_FUNCTION_NOT_SUPPORTED.code());
        e.addSuppressed(cause);
        return e;
    }

    private static CK_MECHANISM gcm(byte[] iv, byte[] associatedData) {
        CK_GCM_PARAMS parameters = new CK_GCM_PARAMS();
        parameters.pIv = iv;
        parameters.pAAD = associatedData;
        parameters.ulTagBits = TAG_BITS;
        CK_MECHANISM mechanism = new CK_MECHANISM();
        mechanism.mechanism = CKM_AES_GCM;
        mechanism.pParameter = parameters;
        return mechanism;
    }

    private static CK_ATTRIBUTE attribute(long type, @Nullable Object value) {
        CK_ATTRIBUTE attribute = new CK_ATTRIBUTE();
        attribute.type = type;
        attribute.pValue = value;
        return attribute;
    }
}
