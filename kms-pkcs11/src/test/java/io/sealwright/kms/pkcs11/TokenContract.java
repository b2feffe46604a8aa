package io.sealwright.kms.pkcs11;

import io.sealwright.kms.pkcs11.TestToken.Fault;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;

/** Keys on a real token keep the contract of master keys; what may befall a token comes between it and us in C. */
abstract class TokenContract extends MasterKeyContract {
    private static final String WRONG_PIN = "wrong-horse-9999";
    private static final byte[] VALUE = "an AES key that can be restored.".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    static Path folder;

    private final byte[] first = KeyId.make(1, new SecureRandom());
    private @Nullable Situation now;
    private boolean prepared;

    abstract TestToken token();

    private Path pinFile() {
        return folder.resolve("pin");
    }

    private void prepare() throws Exception {
        if (prepared) {
            return;
        }
        prepared = true;
        Files.writeString(pinFile(), TestToken.PIN + "\n");
        for (String object : new String[] {"app", "other"}) {
            token().officer().destroy(object);
        }
        token().officer().bring("app", first, VALUE, Map.of());
        token().officer().make("other", KeyId.make(1, new SecureRandom()), Map.of());
    }

    private MasterKey key(String object) throws Exception {
        prepare();
        // Fewer sessions than the contract's threads.
        return Pkcs11Keys.masterKey(
                token().options().pinFile(pinFile()).sessions(5).build(), token().uri(object));
    }

    @Override
    protected MasterKey open() throws Exception {
        return key("app");
    }

    @Override
    protected MasterKey openOther() throws Exception {
        return key("other");
    }

    @Override
    protected MasterKey openMissing() throws Exception {
        return key("missing");
    }

    @Override
    protected Map<Situation, String> unsupported() {
        return Map.of(
                Situation.PENDING_DELETION,
                "PKCS#11 destroys at once",
                Situation.FOREIGN_PAGE,
                "a token's answer has no form that another could take; CUT_ANSWER is one of a wrong length",
                Situation.DRIPPING,
                "a native call gives its answer whole");
    }

    @Override
    protected void bringAbout(Situation situation) throws Exception {
        switch (situation) {
            case DISABLED -> {
                token().officer().set("app", Officer.CKA_ENCRYPT, false);
                token().officer().set("app", Officer.CKA_DECRYPT, false);
            }
            case DELETED -> token().officer().destroy("app");
            case DENIED -> token().returning(ReturnCode.CKR_ACTION_PROHIBITED);
            case DEAD_CREDENTIALS -> {
                Files.writeString(pinFile(), WRONG_PIN + "\n");
                token().officer().logOut();
            }
            case THROTTLED -> token().returning(ReturnCode.CKR_SESSION_COUNT);
            case SERVER_ERROR -> token().returning(ReturnCode.CKR_DEVICE_ERROR);
            case BARE_FORBIDDEN -> token().returning(ReturnCode.CKR_USER_NOT_LOGGED_IN);
            case BARE_NOT_FOUND -> token().fault(Fault.STORAGE_GONE);
            case CUT_ANSWER -> token().fault(Fault.SHORT_ANSWER);
            case RESET -> token().returning(ReturnCode.CKR_DEVICE_REMOVED);
            case UNREACHABLE -> token().fault(Fault.GONE);
            case SILENT -> token().fault(Fault.HANG);
            default -> throw new UnsupportedOperationException();
        }
        now = situation;
    }

    @Override
    protected void recover() throws Exception {
        Situation before = now;
        now = null;
        token().fault(Fault.NONE);
        if (before == Situation.DISABLED) {
            token().officer().set("app", Officer.CKA_ENCRYPT, true);
            token().officer().set("app", Officer.CKA_DECRYPT, true);
        } else if (before == Situation.DELETED) {
            token().officer().bring("app", first, VALUE, Map.of());
        } else if (before == Situation.DEAD_CREDENTIALS) {
            Files.writeString(pinFile(), TestToken.PIN + "\n");
        }
        byte[][] rotated = token().officer().ids("app").stream()
                .filter(id -> !Arrays.equals(id, first))
                .toArray(byte[][]::new);
        if (rotated.length > 0) {
            token().officer().destroy("app", rotated);
        }
    }

    @Override
    protected Set<String> secrets() {
        return Set.of(TestToken.PIN, WRONG_PIN, TestToken.SO_PIN);
    }
}
