package io.sealwright.kms.aws;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.aws.AwsCalls.Request;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.ForeignText;
import io.sealwright.kms.spi.SecretTexts;
import io.sealwright.kms.spi.SecretVersion;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.CreateSecretResponse;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;

/**
 * The field {@code key} of a JSON secret in Secrets Manager: 32 bytes in base64, base64url or hex. The version labelled
 * {@code AWSCURRENT} wraps, {@code AWSPREVIOUS} and {@code AWSPENDING} only open. A new key is put there as
 * {@code AWSPENDING}, and becomes current by moving the label away from the version that was read: the one thing in
 * Secrets Manager that compares and sets.
 */
final class SecretsManagerSource extends StoredSource<GetSecretValueResponse> {
    private static final String FIELD = "key";
    private static final String CURRENT = "AWSCURRENT";
    private static final String PREVIOUS = "AWSPREVIOUS";
    private static final String PENDING = "AWSPENDING";
    private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9-]{1,64}");

    private final SecretsManagerClient client;

    /** @param name name or ARN */
    SecretsManagerSource(
            String uri, String name, SecretsManagerClient client, AwsCalls calls, boolean encrypted, Runnable release) {
        super(uri, name, "Secrets Manager", VERSION, calls, encrypted, release);
        this.client = client;
    }

    @Override
    GetSecretValueResponse read(Deadline deadline) {
        return read(CURRENT, deadline);
    }

    /** One request for each label. */
    @Override
    void findOthers(GetSecretValueResponse current, Others others, Deadline deadline) {
        String revision = revision(current);
        other(PREVIOUS, revision, deadline).ifPresent(others::addPrevious);
        other(PENDING, revision, deadline).ifPresent(others::setNext);
    }

    @Override
    String replace(SecretBytes key, GetSecretValueResponse before, Deadline deadline) {
        SecretJson fields = fields(before);
        String value = fields.with(FIELD, SecretTexts.text(key, fields.text(FIELD), false));
        String version = UUID.randomUUID().toString();
        ask(
                "write",
                "secretsmanager:PutSecretValue",
                deadline,
                override -> client.putSecretValue(ask -> ask.secretId(name())
                        .clientRequestToken(version)
                        .secretString(value)
                        .versionStages(PENDING)
                        .overrideConfiguration(override)));
        try {
            ask(
                    "write",
                    "secretsmanager:UpdateSecretVersionStage",
                    deadline,
                    override -> client.updateSecretVersionStage(ask -> ask.secretId(name())
                            .versionStage(CURRENT)
                            .moveToVersionId(version)
                            .removeFromVersionId(revision(before))
                            .overrideConfiguration(override)));
        } catch (KmsException e) {
            if (e.code() == ErrorCode.KMS_STORE_CONFLICT) {
                withdraw(version, deadline);
            }
            throw e;
        }
        return version;
    }

    @Override
    String create(SecretBytes key, Deadline deadline) {
        String value = SecretJson.of(FIELD, SecretTexts.text(key, null, false));
        CreateSecretResponse made = ask(
                "create",
                "secretsmanager:CreateSecret",
                deadline,
                override -> client.createSecret(ask -> ask.name(name())
                        .clientRequestToken(UUID.randomUUID().toString())
                        .secretString(value)
                        .overrideConfiguration(override)));
        return AwsCalls.demand(made.versionId(), "VersionId", "create " + uri());
    }

    /** Takes the label off a version that did not become current; that it stays does no harm: it only opens. */
    private void withdraw(String version, Deadline deadline) {
        try {
            ask(
                    "write",
                    "secretsmanager:UpdateSecretVersionStage",
                    deadline,
                    override -> client.updateSecretVersionStage(ask -> ask.secretId(name())
                            .versionStage(PENDING)
                            .removeFromVersionId(version)
                            .overrideConfiguration(override)));
        } catch (KmsException e) {
            // Who is told of the conflict needs to hear no more.
        }
    }

    private GetSecretValueResponse read(String stage, Deadline deadline) {
        return ask(
                "read",
                "secretsmanager:GetSecretValue",
                deadline,
                override -> client.getSecretValue(
                        ask -> ask.secretId(name()).versionStage(stage).overrideConfiguration(override)));
    }

    /** A version beside the current one; empty if there is none, it is the current one itself, or holds no key. */
    private Optional<SecretVersion> other(String stage, String current, Deadline deadline) {
        GetSecretValueResponse found;
        try {
            found = read(stage, deadline);
        } catch (KeyNotFoundException e) {
            return Optional.empty();
        }
        if (revision(found).equals(current)) {
            return Optional.empty(); // rotations leave AWSPENDING where AWSCURRENT went
        }
        SecretJson json = found.secretString() == null ? null : SecretJson.parse(found.secretString());
        return json == null
                ? Optional.empty()
                : SecretTexts.key(json.text(FIELD)).map(key -> version(found, key));
    }

    @Override
    SecretVersion key(GetSecretValueResponse found) {
        SecretJson fields = fields(found);
        String text = fields.text(FIELD);
        return SecretTexts.key(text)
                .map(key -> version(found, key))
                .orElseThrow(() -> fields.has(FIELD)
                        ? SecretTexts.noKey(uri(), "Its field '" + FIELD + "'", text)
                        : SecretTexts.unusable(uri(), "It has no field '" + FIELD + "'."));
    }

    private SecretJson fields(GetSecretValueResponse found) {
        SecretJson json = found.secretString() == null ? null : SecretJson.parse(found.secretString());
        if (json == null) {
            throw SecretTexts.unusable(
                    uri(),
                    found.secretString() == null
                            ? "It is binary, and must be a JSON object with a field '" + FIELD + "'."
                            : "It is no JSON object.");
        }
        return json;
    }

    private static SecretVersion version(GetSecretValueResponse found, SecretBytes key) {
        return SecretVersion.key("version " + ForeignText.shown(found.versionId()), key, found.createdDate());
    }

    @Override
    String revision(GetSecretValueResponse found) {
        return AwsCalls.demand(found.versionId(), "VersionId", "read " + uri());
    }

    @Override
    @Nullable
    RuntimeException refused(AwsAnswer answer, Request request) {
        return switch (answer.code()) {
            case "ResourceNotFoundException" -> notThere(answer);
            case "InvalidRequestException" ->
                answer.says("marked for deletion")
                                || answer.says("scheduled for deletion")
                                || answer.says("marked deleted")
                        ? new RefusedException(
                                ErrorCode.KMS_KEY_STATE_REFUSED,
                                "The secret " + uri() + " cannot be used.",
                                "AWS Secrets Manager says that it is to be deleted" + answer.told() + ".",
                                "Restore it in AWS if that was a mistake.")
                        : null;
            case "ResourceExistsException" -> conflict();
            // What moving a label from a version that does not have it any more is answered with.
            case "InvalidParameterException" ->
                request.permission().endsWith("UpdateSecretVersionStage") ? conflict() : null;
            default -> null;
        };
    }
}
