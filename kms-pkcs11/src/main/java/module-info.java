import io.sealwright.kms.pkcs11.Pkcs11Provider;
import io.sealwright.kms.spi.MasterKeyProvider;

/** Master keys in hardware security modules and other PKCS#11 tokens. */
@SuppressWarnings("module") // the digits are the standard's name
module io.sealwright.kms.pkcs11 {
    requires transitive io.sealwright.kms;
    requires transitive ipkcs11wrapper;
    requires static org.jspecify;

    exports io.sealwright.kms.pkcs11;

    provides MasterKeyProvider with
            Pkcs11Provider;
}
