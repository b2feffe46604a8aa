package io.sealwright.kms.pkcs11;

import iaik.pkcs.pkcs11.wrapper.CK_ATTRIBUTE;
import iaik.pkcs.pkcs11.wrapper.CK_C_INITIALIZE_ARGS;
import iaik.pkcs.pkcs11.wrapper.CK_MECHANISM;
import iaik.pkcs.pkcs11.wrapper.CK_TOKEN_INFO;
import iaik.pkcs.pkcs11.wrapper.PKCS11;
import iaik.pkcs.pkcs11.wrapper.PKCS11Exception;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.xipki.pkcs11.wrapper.PKCS11Module;

/** What a token's own tools do, by plain PKCS#11: for setting up, and for what others may do to a token in use. */
final class Officer {
    static final long CKA_PRIVATE = 0x2;
    static final long CKA_LABEL = 0x3;
    static final long CKA_ENCRYPT = 0x104;
    static final long CKA_DECRYPT = 0x105;
    static final long CKA_SENSITIVE = 0x103;
    static final long CKA_EXTRACTABLE = 0x162;

    private static final long CKR_USER_ALREADY_LOGGED_IN = 0x100;
    private static final long CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191;
    private static final long CKF_TOKEN_INITIALIZED = 0x400;
    private static final long READ_WRITE = 0x6;

    /** Work in a session in which the user is logged in. */
    private interface Work<T> {
        T in(long session) throws PKCS11Exception;
    }

    private final PKCS11 binding;
    private final PKCS11Module module;
    private final String arguments;
    private final String label;

    Officer(Path library, String arguments, String label) throws Exception {
        this.module = PKCS11Module.getInstance(library.toString());
        this.binding = module.getPKCS11Module();
        this.arguments = arguments;
        this.label = label;
        start();
    }

    PKCS11Module module() {
        return module;
    }

    private void start() throws PKCS11Exception {
        CK_C_INITIALIZE_ARGS start = new CK_C_INITIALIZE_ARGS();
        start.flags = 0x2;
        if (!arguments.isEmpty()) {
            byte[] bytes = arguments.getBytes(StandardCharsets.UTF_8);
            start.pReserved = Arrays.copyOf(bytes, bytes.length + 1);
        }
        try {
            binding.C_Initialize(start, true);
        } catch (PKCS11Exception e) {
            if (e.getErrorCode() != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
                throw e;
            }
        }
    }

    // ---- tokens

    void initSoftHsmToken(String officerPin, String userPin) throws PKCS11Exception {
        long free = -1;
        for (long slot : binding.C_GetSlotList(true)) {
            if ((binding.C_GetTokenInfo(slot).flags & CKF_TOKEN_INITIALIZED) == 0) {
                free = slot;
            }
        }
        binding.C_InitToken(
                free,
                officerPin.toCharArray(),
                (label + " ".repeat(32)).substring(0, 32).toCharArray(),
                true);
        initPin(officerPin, userPin);
    }

    void initNssToken(String userPin) throws PKCS11Exception {
        initPin("", userPin);
    }

    private void initPin(String officerPin, String userPin) throws PKCS11Exception {
        long session = binding.C_OpenSession(slot(), READ_WRITE, null, null);
        binding.C_Login(session, 0, officerPin.toCharArray(), false);
        binding.C_InitPIN(session, userPin.toCharArray(), false);
        binding.C_Logout(session);
        binding.C_CloseSession(session);
    }

    private long slot() throws PKCS11Exception {
        for (long slot : binding.C_GetSlotList(true)) {
            if (new String(binding.C_GetTokenInfo(slot).label).strip().equals(label)) {
                return slot;
            }
        }
        throw new IllegalStateException("there is no token " + label);
    }

    String description() throws PKCS11Exception {
        CK_TOKEN_INFO info = binding.C_GetTokenInfo(slot());
        var library = binding.C_GetInfo();
        return new String(info.model).strip() + " " + library.libraryVersion.major + "." + library.libraryVersion.minor;
    }

    /** Sessions of this process, as the token counts them. */
    long sessions() throws PKCS11Exception {
        return binding.C_GetTokenInfo(slot()).ulSessionCount;
    }

    // ---- what others in the process may do

    /** Logs the user out, for everybody in this process. */
    void logOut() throws PKCS11Exception {
        long session = binding.C_OpenSession(slot(), READ_WRITE, null, null);
        try {
            binding.C_Logout(session);
        } catch (PKCS11Exception e) {
            if (e.getErrorCode() != 0x101) { // nobody was logged in
                throw e;
            }
        } finally {
            binding.C_CloseSession(session);
        }
    }

    void closeAllSessions() throws PKCS11Exception {
        binding.C_CloseAllSessions(slot());
    }

    /** Ends the library for everybody in this process. */
    void finish() throws PKCS11Exception {
        binding.C_Finalize(null);
    }

    // ---- keys

    private <T> T work(Work<T> work) throws PKCS11Exception {
        start();
        long session = binding.C_OpenSession(slot(), READ_WRITE, null, null);
        try {
            try {
                binding.C_Login(session, 1, TestToken.PIN.toCharArray(), false);
            } catch (PKCS11Exception e) {
                if (e.getErrorCode() != CKR_USER_ALREADY_LOGGED_IN) {
                    throw e;
                }
            }
            return work.in(session);
        } finally {
            binding.C_CloseSession(session);
        }
    }

    /** As a token's own tool makes a key; what {@code more} says counts over what is usual. */
    void make(String object, byte[] id, Map<Long, Object> more) throws PKCS11Exception {
        Map<Long, Object> attributes = usual(object, id);
        attributes.put(0x161L, 32L);
        attributes.putAll(more);
        CK_MECHANISM mechanism = new CK_MECHANISM();
        mechanism.mechanism = 0x1080;
        Object unused = work(session -> binding.C_GenerateKey(session, mechanism, template(attributes), true));
    }

    /** A key whose value is known, so that it can be put back after it was destroyed. */
    void bring(String object, byte[] id, byte[] value, Map<Long, Object> more) throws PKCS11Exception {
        Map<Long, Object> attributes = usual(object, id);
        attributes.put(0x11L, value);
        attributes.putAll(more);
        Object unused = work(session -> binding.C_CreateObject(session, template(attributes), true));
    }

    private static Map<Long, Object> usual(String object, byte[] id) {
        return new TreeMap<>(Map.of(
                0x0L,
                4L,
                0x100L,
                0x1FL,
                0x1L,
                true,
                CKA_PRIVATE,
                true,
                CKA_SENSITIVE,
                true,
                CKA_EXTRACTABLE,
                false,
                CKA_ENCRYPT,
                true,
                CKA_DECRYPT,
                true,
                CKA_LABEL,
                object.toCharArray(),
                0x102L,
                id));
    }

    private static CK_ATTRIBUTE[] template(Map<Long, Object> attributes) {
        return attributes.entrySet().stream()
                .map(entry -> attribute(entry.getKey(), entry.getValue()))
                .toArray(CK_ATTRIBUTE[]::new);
    }

    private static CK_ATTRIBUTE attribute(long type, Object value) {
        CK_ATTRIBUTE attribute = new CK_ATTRIBUTE();
        attribute.type = type;
        attribute.pValue = value;
        return attribute;
    }

    /** CKA_IDs of the keys of that label. */
    List<byte[]> ids(String object) throws PKCS11Exception {
        return work(session -> {
            List<byte[]> ids = new ArrayList<>();
            for (long key : find(session, object)) {
                CK_ATTRIBUTE[] asked = {attribute(0x102, null)};
                binding.C_GetAttributeValue(session, key, asked, true);
                ids.add((byte[]) asked[0].pValue);
            }
            return ids;
        });
    }

    /** Sets an attribute of all keys of that label. */
    void set(String object, long attribute, Object value) throws PKCS11Exception {
        Object unused = work(session -> {
            for (long key : find(session, object)) {
                binding.C_SetAttributeValue(session, key, new CK_ATTRIBUTE[] {attribute(attribute, value)}, true);
            }
            return true;
        });
    }

    /** Destroys the keys of that label; all of them, or those whose id is given. */
    void destroy(String object, byte[]... ids) throws PKCS11Exception {
        Object unused = work(session -> {
            for (long key : find(session, object)) {
                CK_ATTRIBUTE[] asked = {attribute(0x102, null)};
                binding.C_GetAttributeValue(session, key, asked, true);
                byte[] id = (byte[]) asked[0].pValue;
                if (ids.length == 0 || Arrays.stream(ids).anyMatch(one -> Arrays.equals(one, id))) {
                    binding.C_DestroyObject(session, key);
                }
            }
            return true;
        });
    }

    private long[] find(long session, String object) throws PKCS11Exception {
        binding.C_FindObjectsInit(
                session, new CK_ATTRIBUTE[] {attribute(0x0, 4L), attribute(CKA_LABEL, object.toCharArray())}, true);
        try {
            return binding.C_FindObjects(session, 100);
        } finally {
            binding.C_FindObjectsFinal(session);
        }
    }
}
