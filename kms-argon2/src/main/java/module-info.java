import io.sealwright.kms.argon2.BouncyArgon2id;
import io.sealwright.kms.spi.Argon2id;

/** Argon2id for Sealwright's passphrases. Exports nothing: the engine finds it. */
@SuppressWarnings("module") // Argon2 is its name
module io.sealwright.kms.argon2 {
    requires io.sealwright.kms;
    requires org.bouncycastle.provider;
    requires static org.jspecify;

    provides Argon2id with
            BouncyArgon2id;
}
