package io.sealwright.kms.pkcs11;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import java.util.Set;

/**
 * Opens {@code pkcs11:token=LABEL;object=LABEL} (RFC 7512): an AES key on a token that the library reaches which
 * {@code KMS_PKCS11_MODULE} names. Other settings than the environment's: {@link Pkcs11Keys}.
 */
public final class Pkcs11Provider implements MasterKeyProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Pkcs11Provider() {}

    @Override
    public Set<String> schemes() {
        return Set.of(Pkcs11Uri.SCHEME);
    }

    /**
     * Reads the environment, loads and connects nothing; with {@code createMissing} it looks for the key and makes it.
     *
     * @throws io.sealwright.kms.error.ConfigurationException if the URI is none of a key on a token, names a module or a
     *     PIN, or a variable is missing, wrong or one too many
     */
    @Override
    public MasterKey open(MasterKeyUri uri, ProviderSettings settings) {
        Pkcs11Uri address = Pkcs11Uri.parse(uri.rest());
        Pkcs11Options options = Pkcs11Environment.options(settings.variables(), settings.deadline());
        Pkcs11Key key = new Pkcs11Key(
                address, uri.toString(), new Token(options, address, settings.deadline()), settings.time());
        if (settings.createMissing()) {
            try {
                boolean unused = key.createIfMissing();
            } catch (RuntimeException | Error e) {
                key.close();
                throw e;
            }
        }
        return key;
    }
}
