package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.TimeSource;

/**
 * Master keys on PKCS#11 tokens with settings from the program, for {@code KeyManager.builder().masterKey(…)}. Each key
 * has sessions of its own, and closes them when it is closed; the library stays loaded.
 */
public final class Pkcs11Keys {
    private Pkcs11Keys() {}

    /**
     * A key that is on a token, as in {@code Pkcs11Keys.masterKey(options, "pkcs11:token=hsm;object=app")}. Loads and
     * connects nothing: the first use does.
     *
     * @param uri an RFC 7512 URI with the labels of token and key, and without module and PIN
     * @throws ConfigurationException if it is none, or says more than that
     */
    public static MasterKey masterKey(Pkcs11Options options, String uri) {
        return open(options, uri);
    }

    /**
     * Makes the key: AES-256, on the token, sensitive, not extractable, for encrypting and decrypting alone. Blocks for up
     * to the options' timeout.
     *
     * @param uri as for {@link #masterKey}, without {@code id}, which is drawn
     * @throws ConfigurationException if it is no such URI
     * @throws KeyExistsException if the token has a secret key of that label
     * @throws io.sealwright.kms.error.RefusedException if the URI has an {@code id} and there is no such key
     * @throws UnavailableException if the token did not do it, or not in time; then it may still be done
     */
    public static MasterKey create(Pkcs11Options options, String uri) {
        Pkcs11Key key = open(options, uri);
        try {
            key.create();
            return key;
        } catch (RuntimeException | Error e) {
            key.close();
            throw e;
        }
    }

    private static Pkcs11Key open(Pkcs11Options options, String uri) {
        MasterKeyUri parsed = MasterKeyUri.parse(uri);
        if (!parsed.scheme().equals(Pkcs11Uri.SCHEME)) {
            throw new ConfigurationException(
                    "The URI is none of a PKCS#11 key.",
                    "Its scheme is '" + parsed.scheme() + "'.",
                    "Give pkcs11:token=LABEL;object=LABEL.");
        }
        Pkcs11Uri address = Pkcs11Uri.parse(parsed.rest());
        return new Pkcs11Key(
                address, address.toString(), new Token(options, address, options.timeout()), TimeSource.system());
    }
}
