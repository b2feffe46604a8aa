package io.sealwright.kms.gcp;

import com.google.api.gax.rpc.StatusCode;
import com.google.cloud.kms.v1.CreateCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.CryptoKey;
import com.google.cloud.kms.v1.CryptoKeyVersion;
import com.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionState;
import com.google.cloud.kms.v1.DecryptRequest;
import com.google.cloud.kms.v1.DecryptResponse;
import com.google.cloud.kms.v1.EncryptRequest;
import com.google.cloud.kms.v1.EncryptResponse;
import com.google.cloud.kms.v1.GetCryptoKeyRequest;
import com.google.cloud.kms.v1.GetCryptoKeyVersionRequest;
import com.google.cloud.kms.v1.KeyManagementServiceClient;
import com.google.cloud.kms.v1.UpdateCryptoKeyPrimaryVersionRequest;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.UntilClosed;
import io.sealwright.kms.spi.WrapBinding;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A key of Cloud KMS. Purpose and context are the associated data of each wrap, so that Google itself refuses another binding.
 * Google has no call that makes data keys: they are drawn here. Whatever goes there and comes back has a CRC32C, which each
 * side compares.
 */
final class GcpKmsKey implements MasterKey {
    private static final long POLL_MILLIS = 200;

    private final String uri;
    private final String name;
    private final byte[] id;
    private final Session<KeyManagementServiceClient> session;
    private final SecureRandom random = new SecureRandom();
    private final AtomicInteger primary = new AtomicInteger(); // version; 0: not known yet
    private final UntilClosed<Session<KeyManagementServiceClient>> use;

    /** @param name the resource's */
    GcpKmsKey(String uri, String name, Session<KeyManagementServiceClient> session) {
        this.uri = uri;
        this.name = name;
        this.id = KmsWrap.id(name);
        this.session = session;
        this.use = new UntilClosed<>(session.retain(), session::release, "The key " + uri);
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return recipient.names(RecipientKind.GCP_KMS, id);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        int version = KmsWrap.version(recipient);
        return version != 0 && version < primary.get();
    }

    /** Versions are disabled and destroyed one by one. */
    @Override
    public String versionOf(Recipient recipient) {
        return Integer.toString(KmsWrap.version(recipient));
    }

    /** Asks which version is primary. */
    @Override
    public boolean refresh() {
        int before = primary.get();
        int now = facts("look at", use.get().deadline()).primary();
        return now != 0 && now != before;
    }

    @Override
    public Recipient wrap(SecretBytes secret, WrapBinding binding) {
        Deadline deadline = use.get().deadline();
        String what = "encrypt with " + uri;
        byte[] binder = new byte[KmsWrap.BINDER_BYTES];
        random.nextBytes(binder);
        byte[] plaintext = KmsWrap.plaintext(binder, secret);
        try {
            // Not copied, so that wiping it reaches it. A call that was given up may send zeros, whose checksum is
            // another.
            ByteString bytes = UnsafeByteOperations.unsafeWrap(plaintext);
            ByteString associated = KmsWrap.associatedData(binding);
            EncryptRequest request = EncryptRequest.newBuilder()
                    .setName(name)
                    .setPlaintext(bytes)
                    .setPlaintextCrc32C(Crc.value(bytes))
                    .setAdditionalAuthenticatedData(associated)
                    .setAdditionalAuthenticatedDataCrc32C(Crc.value(associated))
                    .build();
            EncryptResponse response =
                    session.ask(what, name, KeyManagementServiceClient::encryptCallable, request, deadline);
            if (!response.getVerifiedPlaintextCrc32C() || !response.getVerifiedAdditionalAuthenticatedDataCrc32C()) {
                throw Session.corrupt(what, "Google does not say that it received what was sent.");
            }
            ByteString ciphertext = response.getCiphertext();
            if (!response.hasCiphertextCrc32C()
                    || response.getCiphertextCrc32C().getValue() != Crc.of(ciphertext)) {
                throw Session.corrupt(what, "The ciphertext's checksum does not fit it.");
            }
            int version = Names.version(response.getName(), name);
            if (version == 0) {
                throw Session.corrupt(what, "It was made by another key.");
            }
            Recipient recipient = KmsWrap.recipient(id, version, binder, ciphertext);
            if (recipient == null) {
                throw Session.corrupt(what, "There is no ciphertext, or one too long for a message.");
            }
            primary.accumulateAndGet(version, Math::max);
            return recipient;
        } catch (Refusal e) {
            throw e.is(StatusCode.Code.INVALID_ARGUMENT) && !e.ofChecksum() ? unfit(e, what) : e.typed(what, uri);
        } finally {
            Arrays.fill(plaintext, (byte) 0);
            Arrays.fill(binder, (byte) 0);
        }
    }

    /** Nobody's absence: it would be the same each time, and must not make the engine stop calling the key. */
    private RefusedException unfit(Refusal e, String what) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "Google does not wrap that: " + what + ".",
                "It answered " + e.getMessage() + ".",
                "Check that the key's purpose is ENCRYPT_DECRYPT, and that with a key in hardware the encryption context has"
                        + " 8,000 bytes at most.");
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        Deadline deadline = use.get().deadline();
        ByteString ciphertext = recognizes(recipient) ? KmsWrap.ciphertext(recipient) : null;
        if (ciphertext == null) {
            throw new AuthenticationFailedException();
        }
        String what = "decrypt with " + uri;
        ByteString associated = KmsWrap.associatedData(binding);
        DecryptRequest request = DecryptRequest.newBuilder()
                .setName(name)
                .setCiphertext(ciphertext)
                .setCiphertextCrc32C(Crc.value(ciphertext))
                .setAdditionalAuthenticatedData(associated)
                .setAdditionalAuthenticatedDataCrc32C(Crc.value(associated))
                .build();
        DecryptResponse response;
        try {
            response = session.ask(what, name, KeyManagementServiceClient::decryptCallable, request, deadline);
        } catch (Refusal e) {
            if (e.is(StatusCode.Code.INVALID_ARGUMENT)) {
                // A checksum that does not fit is the way's fault, and goes away.
                throw e.ofChecksum() ? e.noAnswer(what) : new AuthenticationFailedException();
            }
            throw e.typed(what, uri);
        }
        if (!response.hasPlaintextCrc32C()
                || response.getPlaintextCrc32C().getValue() != Crc.of(response.getPlaintext())) {
            throw Session.corrupt(what, "The plaintext's checksum does not fit it.");
        }
        byte[] plaintext = response.getPlaintext().toByteArray();
        try {
            SecretBytes key = KmsWrap.key(recipient, plaintext);
            if (key == null) {
                throw new AuthenticationFailedException();
            }
            return key;
        } finally {
            Arrays.fill(plaintext, (byte) 0);
        }
    }

    @Override
    public String check() {
        KmsFacts facts = facts("look at", use.get().deadline());
        facts.requireUsable(uri);
        return facts.told(uri);
    }

    @Override
    public MasterKeyMetadata metadata() {
        return facts("look at", use.get().deadline()).metadata(uri);
    }

    /** @return the new version's number */
    @Override
    public String rotate() {
        Deadline deadline = use.get().deadline();
        String what = "make a version of " + uri;
        int version;
        try {
            CryptoKeyVersion made = session.ask(
                    what,
                    name,
                    KeyManagementServiceClient::createCryptoKeyVersionCallable,
                    CreateCryptoKeyVersionRequest.newBuilder()
                            .setParent(name)
                            .setCryptoKeyVersion(CryptoKeyVersion.getDefaultInstance())
                            .build(),
                    deadline);
            version = Names.version(made.getName(), name);
            if (version == 0) {
                throw Session.corrupt(what, "It made a version of another key.");
            }
            awaitGenerated(made, version, deadline);
        } catch (Refusal e) {
            throw cannotRotate(e, what);
        }
        what = "make version " + version + " of " + uri + " primary";
        try {
            CryptoKey key = session.ask(
                    what,
                    name,
                    KeyManagementServiceClient::updateCryptoKeyPrimaryVersionCallable,
                    UpdateCryptoKeyPrimaryVersionRequest.newBuilder()
                            .setName(name)
                            .setCryptoKeyVersionId(Integer.toString(version))
                            .build(),
                    deadline);
            if (Names.version(key.getPrimary().getName(), name) != version) {
                throw Session.corrupt(what, "Another version is primary.");
            }
        } catch (Refusal e) {
            throw cannotRotate(e, what);
        }
        primary.set(version);
        return Integer.toString(version);
    }

    /** Keys in hardware take a while. */
    private void awaitGenerated(CryptoKeyVersion made, int version, Deadline deadline) throws Refusal {
        String what = "look at version " + version + " of " + uri;
        CryptoKeyVersion now = made;
        while (now.getState() == CryptoKeyVersionState.PENDING_GENERATION) {
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CallInterruptedException(
                        "The rotation was interrupted: " + what + ".",
                        "Another thread asked this one to stop, or its deadline passed.",
                        "The version is being made; make it primary when it is enabled.",
                        e);
            }
            now = session.ask(
                    what,
                    name,
                    KeyManagementServiceClient::getCryptoKeyVersionCallable,
                    GetCryptoKeyVersionRequest.newBuilder()
                            .setName(made.getName())
                            .build(),
                    deadline);
        }
    }

    private RuntimeException cannotRotate(Refusal e, String what) {
        boolean inputs = e.is(StatusCode.Code.INVALID_ARGUMENT) || e.is(StatusCode.Code.FAILED_PRECONDITION);
        if (!inputs || !e.state().isEmpty()) {
            return e.typed(what, uri);
        }
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "The key was not rotated: " + what + ".",
                "Google does not do that for such a key, as for external and imported ones: " + e.getMessage() + ".",
                "Make a version where the key's material comes from, and make it primary by 'gcloud kms keys"
                        + " set-primary-version'.");
    }

    @Override
    public void close() {
        use.close();
    }

    @Override
    public String toString() {
        return "GcpKmsKey[" + uri + "]";
    }

    private KmsFacts facts(String verb, Deadline deadline) {
        String what = verb + " " + uri;
        try {
            CryptoKey key = session.ask(
                    what,
                    name,
                    KeyManagementServiceClient::getCryptoKeyCallable,
                    GetCryptoKeyRequest.newBuilder().setName(name).build(),
                    deadline);
            if (!Names.same(key.getName(), name)) {
                throw Session.corrupt(what, "It told of another key.");
            }
            KmsFacts facts = KmsFacts.of(key, name);
            if (facts.primary() != 0) {
                primary.set(facts.primary());
            }
            return facts;
        } catch (Refusal e) {
            throw e.typed(what, uri);
        }
    }
}
