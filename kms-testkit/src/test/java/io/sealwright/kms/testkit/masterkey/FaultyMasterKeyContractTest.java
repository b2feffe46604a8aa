package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey.Operation;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The fake in memory keeps the contract too, as far as it has a wire. */
class FaultyMasterKeyContractTest extends MasterKeyContract {
    private static final String NO_WIRE = "the key lies in memory: there is no server, no page and no connection";

    private final FaultyMasterKey first = new FaultyMasterKey("one");
    private final List<FaultyMasterKey> handles = new ArrayList<>();

    @Override
    protected MasterKey open() {
        FaultyMasterKey handle = first.twin();
        handles.add(handle);
        return handle;
    }

    @Override
    protected MasterKey openOther() {
        return new FaultyMasterKey("other");
    }

    @Override
    protected MasterKey openMissing() {
        FaultyMasterKey missing = new FaultyMasterKey("missing");
        for (Operation operation : Operation.values()) {
            missing.fail(operation, 100, () -> new KeyNotFoundException("It is not there.", "A test.", "None."));
        }
        return missing;
    }

    @Override
    protected Map<Situation, String> unsupported() {
        Map<Situation, String> unsupported = new EnumMap<>(Situation.class);
        for (Situation situation : Situation.values()) {
            if (failure(situation) == null && situation != Situation.SILENT) {
                unsupported.put(situation, NO_WIRE);
            }
        }
        return unsupported;
    }

    @Override
    protected void bringAbout(Situation situation) {
        if (unsupported().containsKey(situation)) {
            throw new UnsupportedOperationException(NO_WIRE);
        }
        for (FaultyMasterKey handle : handles) {
            if (situation == Situation.SILENT) {
                handle.hold();
            } else {
                for (Operation operation : Operation.values()) {
                    handle.fail(operation, 100, failure(situation));
                }
            }
        }
    }

    private static Supplier<KmsException> failure(Situation situation) {
        return switch (situation) {
            case DISABLED, PENDING_DELETION ->
                () -> new RefusedException(ErrorCode.KMS_KEY_STATE_REFUSED, "No.", "A test.", "None.");
            case DELETED -> () -> new KeyNotFoundException("No.", "A test.", "None.");
            case DENIED -> () -> new PermissionDeniedException("No.", "A test.", "None.");
            case DEAD_CREDENTIALS, THROTTLED, SERVER_ERROR, UNREACHABLE ->
                () -> new UnavailableException("No.", "A test.", "None.");
            default -> null;
        };
    }

    @Override
    protected void recover() {
        handles.forEach(FaultyMasterKey::behave);
    }

    @Override
    protected int tamperEvery() {
        return 1;
    }
}
