package io.sealwright.kms.aws;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.aws.AwsCalls.Request;
import io.sealwright.kms.aws.KmsKeyName.Arn;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.ForeignText;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.UntilClosed;
import io.sealwright.kms.spi.WrapBinding;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.EncryptResponse;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyResponse;
import software.amazon.awssdk.services.kms.model.GetKeyRotationStatusResponse;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.RotationsListEntry;

/**
 * A symmetric key of AWS KMS. Purpose and context are the encryption context of each wrap. The recipient's id is the key's
 * ARN: an alias or a bare key id is resolved by the first answer that names the key, and never again, so that who may move
 * an alias cannot move a running process to another key.
 */
final class KmsKey implements MasterKey {
    /** KMS takes no longer ciphertext. */
    private static final int LONGEST_CIPHERTEXT = 6144;

    /** A page, and more than a key has in its life. */
    private static final int MOST_ROTATIONS = 1000;

    private static final int SHORTEST_KEY_BYTES = 16;
    private static final int LONGEST_KEY_BYTES = 64;

    private final String uri;
    private final KmsKeyName name;
    private final KmsClient client;
    private final AwsCalls calls;
    private final UntilClosed<AwsCalls> use;
    private final KmsRefusals refusals;
    private final TimeSource time;
    private final boolean encrypted;
    private final AtomicReference<@Nullable Arn> resolved;

    /**
     * Asks nothing yet.
     *
     * @param encrypted whether the connection is TLS, as far as is known
     * @param release run when the key is closed
     */
    KmsKey(
            String uri,
            KmsKeyName name,
            KmsClient client,
            AwsCalls calls,
            TimeSource time,
            boolean encrypted,
            Runnable release) {
        this.uri = uri;
        this.name = name;
        this.client = client;
        this.calls = calls;
        this.use = new UntilClosed<>(calls, release, "The key " + uri);
        this.refusals = new KmsRefusals(uri);
        this.time = time;
        this.encrypted = encrypted;
        this.resolved = new AtomicReference<>(name.arn());
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        Arn own = resolved.get();
        return own != null && recipient.kind() == RecipientKind.AWS_KMS.id() && own.same(recipient.id());
    }

    /** While alias or key id is not resolved: each key that it can stand for. */
    @Override
    public boolean mightRecognize(Recipient recipient) {
        return resolved.get() == null && recipient.kind() == RecipientKind.AWS_KMS.id() && name.mightBe(recipient.id());
    }

    /** The whole key's. Replicas have names of their own, and this process has all of their messages opened by its own one. */
    @Override
    public String versionOf(Recipient recipient) {
        Arn own = resolved.get();
        return own != null && recognizes(recipient) ? own.text() : MasterKey.super.versionOf(recipient);
    }

    /** Never: KMS keeps every version of the material, and does not tell which one made a ciphertext. */
    @Override
    public boolean isOutdated(Recipient recipient) {
        return false;
    }

    /** Resolves an alias or a key id; asks nothing if the ARN is known. */
    @Override
    public boolean refresh() {
        Deadline deadline = deadline();
        if (resolved.get() != null) {
            return false;
        }
        KeyMetadata unused = metadata(deadline);
        return true;
    }

    @Override
    public GeneratedKey generate(WrapBinding binding) {
        Deadline deadline = deadline();
        Request request = new Request("generate with " + uri, "kms:GenerateDataKey");
        GenerateDataKeyResponse answer = calls.ask(
                request,
                deadline,
                refusals,
                override -> client.generateDataKey(ask -> ask.keyId(target())
                        .keySpec(DataKeySpec.AES_256)
                        .encryptionContext(KmsContext.of(binding))
                        .overrideConfiguration(override)));
        SecretBytes key = plaintext(answer.plaintext(), 32, 32, request.what());
        try {
            return new GeneratedKey(key, recipient(answer.keyId(), answer.ciphertextBlob(), request.what()));
        } catch (RuntimeException | Error e) {
            key.close();
            throw e;
        }
    }

    @Override
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        Deadline deadline = deadline();
        Request request = new Request("encrypt with " + uri, "kms:Encrypt");
        byte[] bytes = key.copy();
        try {
            EncryptResponse answer = calls.ask(
                    request,
                    deadline,
                    refusals,
                    override -> client.encrypt(ask -> ask.keyId(target())
                            .plaintext(SdkBytes.fromByteArrayUnsafe(bytes))
                            .encryptionContext(KmsContext.of(binding))
                            .overrideConfiguration(override)));
            return recipient(answer.keyId(), answer.ciphertextBlob(), request.what());
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** Says which key it must be, and believes no answer that names another one. */
    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        Deadline deadline = deadline();
        byte[] wrap = recipient.wrap();
        Arn own = resolved.get();
        if (own == null || !recognizes(recipient) || wrap.length > LONGEST_CIPHERTEXT) {
            throw new AuthenticationFailedException();
        }
        Request request = new Request("decrypt with " + uri, "kms:Decrypt");
        DecryptResponse answer = calls.ask(
                request,
                deadline,
                refusals,
                override -> client.decrypt(ask -> ask.keyId(own.text())
                        .ciphertextBlob(SdkBytes.fromByteArrayUnsafe(wrap))
                        .encryptionContext(KmsContext.of(binding))
                        .overrideConfiguration(override)));
        SecretBytes key = plaintext(answer.plaintext(), SHORTEST_KEY_BYTES, LONGEST_KEY_BYTES, request.what());
        if (!own.text().equals(answer.keyId())) {
            key.close();
            throw otherKey(request.what());
        }
        return key;
    }

    @Override
    public String check() {
        Deadline deadline = deadline();
        KeyMetadata metadata = metadata(deadline);
        String state = ForeignText.shown(metadata.keyStateAsString());
        if (metadata.keyState() != KeyState.ENABLED) {
            if (metadata.keyState() == KeyState.DISABLED
                    || metadata.keyState() == KeyState.PENDING_DELETION
                    || metadata.keyState() == KeyState.PENDING_REPLICA_DELETION
                    || metadata.keyState() == KeyState.PENDING_IMPORT) {
                throw new RefusedException(
                        ErrorCode.KMS_KEY_STATE_REFUSED,
                        "The key " + uri + " cannot be used.",
                        "AWS KMS says that its state is " + state + ".",
                        "Enable it in AWS, or cancel its deletion, if that was a mistake.");
            }
            throw AwsCalls.unusable("look at " + uri, "The key's state is " + state + ".");
        }
        String spec = AwsCalls.demand(metadata.keySpecAsString(), "KeySpec", "look at " + uri);
        String usage = AwsCalls.demand(metadata.keyUsageAsString(), "KeyUsage", "look at " + uri);
        if (metadata.keyUsage() != KeyUsageType.ENCRYPT_DECRYPT || metadata.keySpec() != KeySpec.SYMMETRIC_DEFAULT) {
            throw new ConfigurationException(
                    "The key " + uri + " cannot be a master key.",
                    "Its spec is " + ForeignText.shown(spec) + ", its usage " + ForeignText.shown(usage) + ".",
                    "Name a key of spec SYMMETRIC_DEFAULT and usage ENCRYPT_DECRYPT.");
        }
        return uri + ": " + metadata.arn() + ", " + state + ", made "
                + metadata.creationDate().truncatedTo(ChronoUnit.SECONDS)
                + (Boolean.TRUE.equals(metadata.multiRegion()) ? ", multi-region" : "")
                + rotation(metadata.arn(), deadline)
                + OwnedClient.ofConnection(encrypted);
    }

    @Override
    public MasterKeyMetadata metadata() {
        Deadline deadline = deadline();
        KeyMetadata told = metadata(deadline);
        String description = told.description();
        return new MasterKeyMetadata(
                uri,
                told.currentKeyMaterialId(),
                description == null || description.isEmpty() ? null : description,
                told.creationDate(),
                rotatedAt(told.arn(), deadline),
                told.keyState() == KeyState.ENABLED,
                told.keyUsageAsString(),
                told.keySpecAsString());
    }

    /** Null if it never was, or KMS does not tell: a favour that not every role may ask for, and not every key knows. */
    private @Nullable Instant rotatedAt(String arn, Deadline deadline) {
        try {
            return calls
                    .ask(
                            new Request("look at the rotations of " + uri, "kms:ListKeyRotations"),
                            deadline,
                            refusals,
                            override -> client.listKeyRotations(
                                    ask -> ask.keyId(arn).limit(MOST_ROTATIONS).overrideConfiguration(override)))
                    .rotations()
                    .stream()
                    .map(RotationsListEntry::rotationDate)
                    .filter(Objects::nonNull)
                    .max(Comparator.naturalOrder())
                    .orElse(null);
        } catch (PermissionDeniedException | RefusedException | UnavailableException e) {
            return null;
        }
    }

    private String rotation(String arn, Deadline deadline) {
        try {
            GetKeyRotationStatusResponse status = rotationStatus(arn, deadline);
            return Boolean.TRUE.equals(status.keyRotationEnabled())
                    ? ", rotated by AWS every " + status.rotationPeriodInDays() + " days"
                    : ", not rotated by AWS";
        } catch (PermissionDeniedException | RefusedException e) {
            return ""; // as in rotatedAt
        }
    }

    /**
     * Rotates on demand, and switches AWS's own yearly rotation on where it is off. AWS changes the material within
     * seconds and keeps all older ones.
     */
    @Override
    public String rotate() {
        Deadline deadline = deadline();
        Arn there = resolved.get();
        String arn = there == null ? metadata(deadline).arn() : there.text();
        if (!Boolean.TRUE.equals(rotationStatus(arn, deadline).keyRotationEnabled())) {
            calls.ask(
                    new Request("switch on the rotation of " + uri, "kms:EnableKeyRotation"),
                    deadline,
                    refusals,
                    override -> client.enableKeyRotation(ask -> ask.keyId(arn).overrideConfiguration(override)));
        }
        calls.ask(
                new Request("rotate " + uri, "kms:RotateKeyOnDemand"),
                deadline,
                refusals,
                override -> client.rotateKeyOnDemand(ask -> ask.keyId(arn).overrideConfiguration(override)));
        return "on-demand-" + time.instant().truncatedTo(ChronoUnit.SECONDS);
    }

    private GetKeyRotationStatusResponse rotationStatus(String arn, Deadline deadline) {
        return calls.ask(
                new Request("look at the rotation of " + uri, "kms:GetKeyRotationStatus"),
                deadline,
                refusals,
                override -> client.getKeyRotationStatus(ask -> ask.keyId(arn).overrideConfiguration(override)));
    }

    @Override
    public void close() {
        use.close();
    }

    @Override
    public String toString() {
        return "KmsKey[" + uri + "]";
    }

    private Deadline deadline() {
        return use.get().deadline();
    }

    private String target() {
        Arn there = resolved.get();
        return there == null ? name.text() : there.text();
    }

    private KeyMetadata metadata(Deadline deadline) {
        Request request = new Request("look at " + uri, "kms:DescribeKey");
        KeyMetadata metadata = AwsCalls.demand(
                calls.ask(
                                request,
                                deadline,
                                refusals,
                                override -> client.describeKey(
                                        ask -> ask.keyId(target()).overrideConfiguration(override)))
                        .keyMetadata(),
                "KeyMetadata",
                request.what());
        Arn unused = own(metadata.arn(), request.what());
        if (metadata.creationDate() == null || metadata.keyState() == null) {
            throw AwsCalls.unusable(request.what(), "Its answer lacks 'CreationDate' or 'KeyState'.");
        }
        return metadata;
    }

    /** This key's ARN, as an answer tells it: the first one stays, and each later one must be the same. */
    private Arn own(@Nullable String told, String what) {
        Arn arn = Arn.parse(AwsCalls.demand(told, "KeyId", what));
        if (arn == null) {
            throw AwsCalls.unusable(what, "It names the key by something else than an ARN.");
        }
        if (!name.fits(arn)) {
            throw otherKey(what);
        }
        Arn own = resolved.compareAndSet(null, arn) ? arn : resolved.get();
        if (own == null || !own.equals(arn)) {
            throw otherKey(what);
        }
        return own;
    }

    private static RuntimeException otherKey(String what) {
        return AwsCalls.unusable(what, "It names another key than the one that was asked for.");
    }

    private Recipient recipient(@Nullable String keyId, @Nullable SdkBytes ciphertext, String what) {
        Arn own = own(keyId, what);
        byte[] wrap = AwsCalls.demand(ciphertext, "CiphertextBlob", what).asByteArray();
        if (wrap.length == 0 || wrap.length > LONGEST_CIPHERTEXT) {
            throw AwsCalls.unusable(what, "Its ciphertext has " + wrap.length + " bytes.");
        }
        return new Recipient(RecipientKind.AWS_KMS.id(), own.id(), wrap);
    }

    /** Takes the SDK's own array over, so that closing wipes it. */
    private static SecretBytes plaintext(@Nullable SdkBytes plaintext, int shortest, int longest, String what) {
        byte[] bytes = AwsCalls.demand(plaintext, "Plaintext", what).asByteArrayUnsafe();
        if (bytes.length < shortest || bytes.length > longest) {
            Arrays.fill(bytes, (byte) 0);
            throw AwsCalls.unusable(what, "What it gave back is no key.");
        }
        return SecretBytes.owning(bytes);
    }
}
