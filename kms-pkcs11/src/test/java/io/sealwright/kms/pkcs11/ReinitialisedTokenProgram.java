package io.sealwright.kms.pkcs11;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.nio.file.Path;

/** A process whose SoftHSM token is taken away and replaced by an empty one while it has it open. */
final class ReinitialisedTokenProgram {
    private static final String URI = "pkcs11:token=live;object=app";
    private static final WrapBinding BINDING = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());

    private ReinitialisedTokenProgram() {}

    /** @param args the library */
    public static void main(String[] args) throws Exception {
        Path library = Path.of(args[0]);
        Path configuration = Path.of(System.getenv("SOFTHSM2_CONF"));
        TestToken.configure(configuration);
        Pkcs11Options options = Pkcs11Options.builder()
                .library(library)
                .pin(TestToken.PIN.toCharArray())
                .build();
        try (MasterKey early = Pkcs11Keys.masterKey(options, URI)) {
            tell(early::check); // loads the library, before anything else here does
        }
        new Officer(library, "", "live").initSoftHsmToken(TestToken.SO_PIN, TestToken.PIN);
        try (MasterKey key = Pkcs11Keys.create(options, URI)) {
            Recipient before = wrap(key);
            key.unwrap(before, BINDING).close();
            System.out.println("works");
            TestToken.configure(configuration);
            for (Runnable call : new Runnable[] {
                () -> wrap(key), () -> key.unwrap(before, BINDING).close(), key::check, key::refresh, () -> wrap(key)
            }) {
                tell(call);
            }
        }
        System.out.println("ends");
    }

    private static void tell(Runnable call) {
        try {
            call.run();
            System.out.println("no error");
        } catch (KmsException e) {
            System.out.println(e.code() + " " + e.getMessage());
        }
    }

    private static Recipient wrap(MasterKey key) {
        try (SecretBytes secret = SecretBytes.owning(new byte[32])) {
            return key.wrap(secret, BINDING);
        }
    }
}
