package io.sealwright.kms.aws;

import io.sealwright.kms.aws.AwsCalls.Request;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.RefusedException;
import org.jspecify.annotations.Nullable;

/** What KMS's own codes mean: the table in docs/providers/AWS.md, row by row tested. */
final class KmsRefusals implements AwsCalls.Refusals {
    private final String uri;

    KmsRefusals(String uri) {
        this.uri = uri;
    }

    @Override
    public @Nullable RuntimeException of(AwsAnswer answer, Request request) {
        return switch (answer.code()) {
            case "NotFoundException" ->
                new KeyNotFoundException(
                        "The key " + uri + " is not there: " + request.what() + ".",
                        "AWS KMS says so" + answer.told() + ".",
                        "Check key, account and region; a new key is made by: aws kms create-alias --alias-name"
                                + " alias/NAME --target-key-id \"$(aws kms create-key --query KeyMetadata.KeyId --output"
                                + " text)\"");
            case "DisabledException" -> state("disabled", answer, "Enable it in AWS if that was a mistake.");
            case "KMSInvalidStateException" -> invalidState(answer);
            case "InvalidCiphertextException", "IncorrectKeyException" -> new AuthenticationFailedException();
            case "InvalidKeyUsageException" -> unfit(answer);
            case "ValidationException" -> unfitInput(answer, request);
            case "UnsupportedOperationException", "LimitExceededException", "ConflictException" ->
                request.permission().contains("Rotat") ? noRotation(answer) : null;
            case "InvalidArnException" ->
                new ConfigurationException(
                        "The key " + uri + " cannot be used.",
                        "AWS KMS does not take its name" + answer.told() + ".",
                        "Correct it; the key's page in the console shows its ARN.");
            default -> null;
        };
    }

    /**
     * A state that somebody chose is a definite no. "Unavailable" (a custom key store that is away), "creating" and
     * "updating" are states that pass by themselves, and so is whatever comes later: no answer.
     */
    private @Nullable RuntimeException invalidState(AwsAnswer answer) {
        if (answer.says("pending deletion") || answer.says("pending replica deletion")) {
            return state("waiting to be deleted", answer, "Cancel its deletion in AWS if that was a mistake.");
        }
        if (answer.says("pending import") || answer.says("pendingimport")) {
            return state("without its imported material", answer, "Import the material again.");
        }
        if (answer.says("is disabled")) {
            return state("disabled", answer, "Enable it in AWS if that was a mistake.");
        }
        return null;
    }

    private RefusedException state(String how, AwsAnswer answer, String remedy) {
        return new RefusedException(
                ErrorCode.KMS_KEY_STATE_REFUSED,
                "The key " + uri + " cannot be used.",
                "AWS KMS says that it is " + how + answer.told() + ".",
                remedy);
    }

    private ConfigurationException unfit(AwsAnswer answer) {
        return new ConfigurationException(
                "The key " + uri + " cannot be a master key.",
                "AWS KMS says that it is no symmetric key for encryption" + answer.told() + ".",
                "Name a key of spec SYMMETRIC_DEFAULT and usage ENCRYPT_DECRYPT.");
    }

    /**
     * Of the inputs the context alone is not of our making, and its sender may be anybody. So that is nobody's absence: it
     * would be the same each time, and must not make the engine stop calling the key for other contexts.
     */
    private @Nullable RuntimeException unfitInput(AwsAnswer answer, Request request) {
        return switch (request.permission()) {
            case "kms:GenerateDataKey", "kms:Encrypt" ->
                new RefusedException(
                        ErrorCode.KMS_OPERATION_REFUSED,
                        "AWS KMS does not wrap that: " + request.what() + ".",
                        "It does not take the request, of which the encryption context alone differs from one to the next"
                                + answer.told() + ".",
                        "Choose a shorter encryption context, without empty values; what differs from message to message"
                                + " belongs into the associated data.");
            case "kms:Decrypt" -> new AuthenticationFailedException();
            default -> null;
        };
    }

    private RefusedException noRotation(AwsAnswer answer) {
        String why = switch (answer.code()) {
            case "LimitExceededException" -> "It was rotated on demand as often as AWS allows";
            case "ConflictException" -> "A rotation of it is under way";
            default -> "AWS rotates no key of its kind (imported, asymmetric, custom key store, replica)";
        };
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "The key " + uri + " was not rotated.",
                why + answer.told() + ".",
                answer.code().equals("ConflictException")
                        ? "Wait until it has ended."
                        : "Make a new key, seal under it, and keep the old one for opening (docs/MASTER-KEYS.md).");
    }
}
