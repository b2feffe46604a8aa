package io.sealwright.kms.cli;

import iaik.pkcs.pkcs11.wrapper.CK_C_INITIALIZE_ARGS;
import iaik.pkcs.pkcs11.wrapper.PKCS11;
import iaik.pkcs.pkcs11.wrapper.PKCS11Exception;
import io.sealwright.kms.testbed.Notes;
import io.sealwright.kms.testbed.Scripts;
import java.nio.file.Files;
import java.nio.file.Path;
import org.xipki.pkcs11.wrapper.PKCS11Module;

/** SoftHSM in this process with one fresh, empty token, as whoever administers it hands it over. */
final class TestHsm {
    static final String LABEL = "cli";
    static final String PIN = "correct-horse-1234";

    private static final String OFFICER_PIN = "security-officer-5678";
    private static final long OS_LOCKING = 0x2;
    private static final long READ_WRITE = 0x6;

    private TestHsm() {}

    /** @return the library; or ends the test, if there can be no SoftHSM */
    static Path start() {
        try {
            Path library = Scripts.path("softhsm");
            Path configuration = Path.of(System.getenv("SOFTHSM2_CONF"));
            Path tokens = Files.createDirectories(configuration.resolveSibling(
                    "tokens-" + ProcessHandle.current().pid()));
            Files.writeString(
                    configuration,
                    "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\n");
            initialise(PKCS11Module.getInstance(library.toString()).getPKCS11Module());
            Notes.used("SoftHSM", "real token, in process");
            return library;
        } catch (Exception e) {
            throw Notes.missing("SoftHSM", String.valueOf(e.getMessage()), e);
        }
    }

    private static void initialise(PKCS11 binding) throws PKCS11Exception {
        CK_C_INITIALIZE_ARGS start = new CK_C_INITIALIZE_ARGS();
        start.flags = OS_LOCKING;
        binding.C_Initialize(start, true);
        binding.C_InitToken(
                binding.C_GetSlotList(true)[0],
                OFFICER_PIN.toCharArray(),
                (LABEL + " ".repeat(32)).substring(0, 32).toCharArray(),
                true);
        for (long slot : binding.C_GetSlotList(true)) {
            if (new String(binding.C_GetTokenInfo(slot).label).strip().equals(LABEL)) {
                long session = binding.C_OpenSession(slot, READ_WRITE, null, null);
                binding.C_Login(session, 0, OFFICER_PIN.toCharArray(), false);
                binding.C_InitPIN(session, PIN.toCharArray(), false);
                binding.C_Logout(session);
                binding.C_CloseSession(session);
            }
        }
    }
}
