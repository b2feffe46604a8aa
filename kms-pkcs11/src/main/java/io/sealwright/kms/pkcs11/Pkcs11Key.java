package io.sealwright.kms.pkcs11;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyExistsException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * An AES-256 key that stays on its token and wraps by AES-GCM there, under a 12-byte random IV of ours; purpose and
 * context are the associated data. At most 2^32 wraps a version (NIST SP 800-38D, section 8.3): a data key a second
 * for a hundred years.
 */
final class Pkcs11Key implements MasterKey {
    private final Pkcs11Uri address;
    private final String uri;
    private final byte[] family;
    private final Token token;
    private final KeyVersions versions;
    private final SecureRandom random = new SecureRandom();

    /** @param uri as it was configured */
    Pkcs11Key(Pkcs11Uri address, String uri, Token token, TimeSource time) {
        this.address = address;
        this.uri = uri;
        this.family = address.family();
        this.token = token;
        this.versions = new KeyVersions(token, address, uri, time);
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return recipient.names(RecipientKind.PKCS11, family);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        KeyFacts newest = versions.newestKnown();
        TokenWrap wrap = TokenWrap.read(recipient);
        return newest != null && wrap != null && KeyId.BY_AGE.compare(wrap.id(), newest.id()) < 0;
    }

    /** Versions are switched off and deleted one by one. */
    @Override
    public String versionOf(Recipient recipient) {
        TokenWrap wrap = TokenWrap.read(recipient);
        return wrap == null ? "" : KeyId.shown(wrap.id());
    }

    @Override
    public boolean refresh() {
        return token.call("look at " + uri, versions::refresh, unused -> {});
    }

    @Override
    public Recipient wrap(SecretBytes secret, WrapBinding binding) {
        return token.call(
                "wrap with " + uri,
                (cryptoki, session) -> {
                    byte[] bytes = secret.copy();
                    try {
                        return wrap(cryptoki, session, bytes, binding);
                    } finally {
                        Arrays.fill(bytes, (byte) 0);
                    }
                },
                unused -> {});
    }

    private Recipient wrap(Cryptoki cryptoki, long session, byte[] secret, WrapBinding binding)
            throws CryptokiException {
        KeyFacts version = versions.newest(cryptoki, session);
        if (!version.encrypt()) {
            version = versions.newestNow(cryptoki, session); // it may have been switched on again
        }
        version.requireMasterKey(uri);
        version.requireEncrypts(uri);
        byte[] iv = iv();
        byte[] associatedData = TokenWrap.associatedData(version.id(), binding);
        byte[] ciphertext;
        try {
            ciphertext = cryptoki.encrypt(session, version.handle(), iv, associatedData, secret);
        } catch (CryptokiException e) {
            throw explained(e, cryptoki, session, version, facts -> facts.requireEncrypts(uri));
        }
        if (ciphertext.length != secret.length + TokenWrap.TAG_BYTES) {
            throw unusable("Its ciphertext has " + ciphertext.length + " bytes.");
        }
        return new TokenWrap(version.id(), iv, ciphertext).recipient(family);
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        TokenWrap wrap = recognizes(recipient) ? TokenWrap.read(recipient) : null;
        if (wrap == null) {
            throw new AuthenticationFailedException();
        }
        return token.call(
                "unwrap with " + uri,
                (cryptoki, session) -> SecretBytes.owning(unwrap(cryptoki, session, wrap, binding)),
                SecretBytes::close);
    }

    private byte[] unwrap(Cryptoki cryptoki, long session, TokenWrap wrap, WrapBinding binding)
            throws CryptokiException {
        KeyFacts version = versions.version(cryptoki, session, wrap.id());
        if (version == null) {
            throw new AuthenticationFailedException();
        }
        byte[] secret;
        try {
            byte[] associatedData = TokenWrap.associatedData(version.id(), binding);
            secret = cryptoki.decrypt(session, version.handle(), wrap.iv(), associatedData, wrap.ciphertext());
        } catch (CryptokiException e) {
            if (saysBadWrap(e) || leavesOpen(e) && works(cryptoki, session, version)) {
                throw new AuthenticationFailedException();
            }
            throw explained(e, cryptoki, session, version, facts -> facts.requireDecrypts(uri));
        }
        if (secret.length != wrap.ciphertext().length - TokenWrap.TAG_BYTES) {
            Arrays.fill(secret, (byte) 0);
            throw unusable("What it gave back is no key.");
        }
        return secret;
    }

    private static boolean saysBadWrap(CryptokiException e) {
        return ReturnCode.CKR_ENCRYPTED_DATA_INVALID.is(e)
                || ReturnCode.CKR_ENCRYPTED_DATA_LEN_RANGE.is(e)
                || ReturnCode.CKR_AEAD_DECRYPT_FAILED.is(e);
    }

    /** Some tokens say of a wrong tag what they say of everything (SoftHSM: CKR_GENERAL_ERROR). */
    private static boolean leavesOpen(CryptokiException e) {
        return e.function().equals("C_Decrypt") && !Token.isLost(e);
    }

    /** Whether the key seals and opens now, so that it was the wrap that did not open. */
    private boolean works(Cryptoki cryptoki, long session, KeyFacts version) {
        byte[] sample = new byte[TokenWrap.TAG_BYTES];
        random.nextBytes(sample);
        byte[] iv = iv();
        try {
            byte[] sealed = cryptoki.encrypt(session, version.handle(), iv, TokenWrap.LABEL, sample);
            byte[] opened = cryptoki.decrypt(session, version.handle(), iv, TokenWrap.LABEL, sealed);
            return MessageDigest.isEqual(sample, opened);
        } catch (CryptokiException e) {
            return isForbidden(e) && isForOpeningOnly(cryptoki, session, version);
        }
    }

    /** A retired key seals no sample; that the token still tells of it must do. */
    private boolean isForOpeningOnly(Cryptoki cryptoki, long session, KeyFacts version) {
        try {
            token.confirm(cryptoki, session);
            KeyFacts now = cryptoki.facts(session, version.handle());
            return now.decrypt() && !now.encrypt();
        } catch (CryptokiException e) {
            return false;
        }
    }

    private static boolean isForbidden(CryptokiException e) {
        return ReturnCode.CKR_KEY_FUNCTION_NOT_PERMITTED.is(e) || ReturnCode.CKR_KEY_TYPE_INCONSISTENT.is(e);
    }

    /** A key that is switched off says so by one of several codes; its attributes tell. */
    private static CryptokiException explained(
            CryptokiException e, Cryptoki cryptoki, long session, KeyFacts version, Consumer<KeyFacts> demand)
            throws CryptokiException {
        if (isForbidden(e)) {
            demand.accept(cryptoki.facts(session, version.handle()));
        }
        return e;
    }

    private UnavailableException unusable(String why) {
        return new UnavailableException(
                "The token gave no usable answer for " + uri + ".",
                why,
                "Look at the token and at its library's log; repeating may help.");
    }

    @Override
    public String check() {
        return token.call("check " + uri, this::check, unused -> {});
    }

    private String check(Cryptoki cryptoki, long session) throws CryptokiException {
        KeyFacts newest = versions.newestNow(cryptoki, session);
        newest.requireMasterKey(uri);
        newest.requireEncrypts(uri);
        newest.requireDecrypts(uri);
        byte[] sample = new byte[32];
        random.nextBytes(sample);
        byte[] iv = iv();
        byte[] sealed = cryptoki.encrypt(session, newest.handle(), iv, TokenWrap.LABEL, sample);
        if (!MessageDigest.isEqual(sample, cryptoki.decrypt(session, newest.handle(), iv, TokenWrap.LABEL, sealed))) {
            throw unusable("What it encrypts it does not decrypt.");
        }
        return uri + ": AES-256, version " + KeyId.shown(newest.id()) + ", newest of " + versions.count() + ", on "
                + token.facts(cryptoki) + newest.warning();
    }

    /** A token tells no times. */
    @Override
    public MasterKeyMetadata metadata() {
        KeyFacts newest = token.call("look at " + uri, versions::newestNow, unused -> {});
        return new MasterKeyMetadata(
                uri, KeyId.shown(newest.id()), null, null, null, newest.encrypt(), newest.usage(), newest.spec());
    }

    /** @return number and random part of the new version's CKA_ID */
    @Override
    public String rotate() {
        if (address.id() != null) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The key " + uri + " was not rotated.",
                    "Its URI pins one version by 'id', and would not see another.",
                    "Leave 'id' out of the URI; all versions have the same label.");
        }
        return token.call("rotate " + uri, this::rotate, unused -> {});
    }

    private String rotate(Cryptoki cryptoki, long session) throws CryptokiException {
        KeyFacts newest = versions.newestNow(cryptoki, session);
        int number = KeyId.number(newest.id());
        if (number == Integer.MAX_VALUE) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The key " + uri + " was not rotated.",
                    "Its versions are used up.",
                    "Make a key of another label, and move to it.");
        }
        return add(cryptoki, session, number + 1);
    }

    /**
     * Makes the key, version 1.
     *
     * @throws KeyExistsException if there is one
     */
    void create() {
        boolean made = createIfMissing();
        if (!made) {
            throw new KeyExistsException(
                    "The key " + uri + " was not made.",
                    "The token has secret keys of that label.",
                    "Use it, or choose another label.");
        }
    }

    /** Makes the key, version 1, unless there is one. Two processes that do so at once make two versions; both open. */
    boolean createIfMissing() {
        return token.call(
                "make " + uri,
                (cryptoki, session) -> {
                    try {
                        KeyFacts unused = versions.newestNow(cryptoki, session);
                        return false;
                    } catch (KeyNotFoundException e) {
                        if (address.id() != null) {
                            throw new RefusedException(
                                    ErrorCode.KMS_OPERATION_REFUSED,
                                    "The key " + uri + " was not made.",
                                    "It is not on the token, and its URI names an id, which is drawn when a key is made.",
                                    "Leave ';id=' out, or make the key with the token's tool, as by 'pkcs11-tool --keygen"
                                            + " --key-type AES:32 --sensitive --private --id'.",
                                    e);
                        }
                        String unused = add(cryptoki, session, 1);
                        return true;
                    }
                },
                unused -> {});
    }

    private String add(Cryptoki cryptoki, long session, int number) throws CryptokiException {
        byte[] id = KeyId.make(number, random);
        try {
            Long unused = token.writing(cryptoki, (same, writing) -> same.generate(writing, address.object(), id));
        } catch (CryptokiException e) {
            // Not tried again: it may have been done.
            throw Token.told("make a version of " + uri, e);
        }
        KeyFacts newest = versions.newestNow(cryptoki, session);
        newest.requireMasterKey(uri);
        return KeyId.shown(id);
    }

    private byte[] iv() {
        byte[] iv = new byte[TokenWrap.IV_BYTES];
        random.nextBytes(iv);
        return iv;
    }

    @Override
    public void close() {
        token.close();
    }

    @Override
    public String toString() {
        return "Pkcs11Key[" + uri + "]";
    }
}
