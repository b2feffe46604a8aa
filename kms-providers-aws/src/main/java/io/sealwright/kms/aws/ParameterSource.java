package io.sealwright.kms.aws;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.aws.AwsCalls.Request;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.ForeignText;
import io.sealwright.kms.spi.SecretTexts;
import io.sealwright.kms.spi.SecretVersion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.GetParameterHistoryResponse;
import software.amazon.awssdk.services.ssm.model.Parameter;
import software.amazon.awssdk.services.ssm.model.ParameterHistory;
import software.amazon.awssdk.services.ssm.model.ParameterTier;
import software.amazon.awssdk.services.ssm.model.ParameterType;
import software.amazon.awssdk.services.ssm.model.PutParameterResponse;

/**
 * A parameter of type {@code SecureString} in Systems Manager Parameter Store: 32 bytes in hex, base64 or base64url, as they
 * are. Its older versions are the key's.
 */
final class ParameterSource extends StoredSource<Parameter> {
    private static final Pattern REVISION = Pattern.compile("[1-9][0-9]{0,17}");
    private static final int PAGE = 50;

    /** Of 100 versions at most, so that answers that never end are noticed. */
    private static final int MOST_PAGES = 4;

    private final SsmClient client;

    /** @param name name or ARN */
    ParameterSource(String uri, String name, SsmClient client, AwsCalls calls, boolean encrypted, Runnable release) {
        super(uri, name, "Systems Manager", REVISION, calls, encrypted, release);
        this.client = client;
    }

    @Override
    String revision(Parameter version) {
        return Long.toString(number(version));
    }

    @Override
    SecretVersion key(Parameter current) {
        long number = number(current);
        return SecretTexts.key(current.value())
                .map(key -> SecretVersion.key("version " + number, key, current.lastModifiedDate()))
                .orElseThrow(() -> SecretTexts.noKey(uri(), "It", current.value()));
    }

    /** One request for each 50 versions. A role that may not read the history gets the newest version alone. */
    @Override
    void findOthers(Parameter current, Others others, Deadline deadline) {
        long number = number(current);
        for (ParameterHistory older : history(deadline)) {
            Long version = older.version();
            if (version != null
                    && version < number
                    && older.type() == ParameterType.SECURE_STRING
                    && others.takesMore()) {
                SecretTexts.key(older.value())
                        .map(key -> SecretVersion.key("version " + version, key, older.lastModifiedDate()))
                        .ifPresent(others::addPrevious);
            }
        }
    }

    @Override
    String create(SecretBytes key, Deadline deadline) {
        return put(SecretTexts.text(key, null, true), null, null, false, deadline);
    }

    /**
     * Parameter Store cannot compare and set: of two rotations at one moment both are written, the later one wraps, and
     * the history opens what either sealed.
     */
    @Override
    String replace(SecretBytes key, Parameter before, Deadline deadline) {
        // Not named again, key and tier would become the account's default ones; only the history tells them.
        ParameterHistory newest = newest(before, deadline);
        return put(SecretTexts.text(key, before.value(), true), newest.keyId(), newest.tier(), true, deadline);
    }

    private ParameterHistory newest(Parameter before, Deadline deadline) {
        return pages(deadline).stream()
                .filter(version -> version.version().equals(before.version()))
                .findFirst()
                .orElseThrow(() -> conflict());
    }

    private String put(
            String value, @Nullable String keyId, @Nullable ParameterTier tier, boolean overwrite, Deadline deadline) {
        PutParameterResponse made = ask(
                "write",
                "ssm:PutParameter",
                deadline,
                override -> client.putParameter(ask -> ask.name(name())
                        .value(value)
                        .type(ParameterType.SECURE_STRING)
                        .keyId(keyId)
                        .tier(tier)
                        .overwrite(overwrite)
                        .overrideConfiguration(override)));
        return AwsCalls.demand(made.version(), "Version", "write " + uri()).toString();
    }

    @Override
    Parameter read(Deadline deadline) {
        Parameter found = AwsCalls.demand(
                ask(
                                "read",
                                "ssm:GetParameter",
                                deadline,
                                override -> client.getParameter(ask ->
                                        ask.name(name()).withDecryption(true).overrideConfiguration(override)))
                        .parameter(),
                "Parameter",
                "read " + uri());
        if (found.type() != ParameterType.SECURE_STRING) {
            throw SecretTexts.unusable(
                    uri(),
                    "Its type is " + ForeignText.shown(String.valueOf(found.typeAsString()))
                            + ", and must be SecureString: others lie" + " there in the clear.");
        }
        return found;
    }

    private long number(Parameter found) {
        long number = AwsCalls.demand(found.version(), "Version", "read " + uri());
        if (number < 1) {
            throw AwsCalls.unusable("read " + uri(), "Its version is none.");
        }
        return number;
    }

    /** Newest first; empty if the role may not read it. */
    private List<ParameterHistory> history(Deadline deadline) {
        try {
            return pages(deadline);
        } catch (PermissionDeniedException e) {
            return List.of();
        }
    }

    private List<ParameterHistory> pages(Deadline deadline) {
        List<ParameterHistory> all = new ArrayList<>();
        Set<String> tokens = new HashSet<>();
        String token = null;
        for (int page = 0; page < MOST_PAGES; page++) {
            GetParameterHistoryResponse answer = page(token, PAGE, deadline);
            all.addAll(answer.parameters());
            token = answer.nextToken();
            if (token == null || token.isEmpty() || !tokens.add(token)) {
                break;
            }
        }
        all.removeIf(version -> version.version() == null);
        all.sort(Comparator.comparing(ParameterHistory::version).reversed());
        return all;
    }

    private GetParameterHistoryResponse page(@Nullable String token, int most, Deadline deadline) {
        return ask(
                "read the history of",
                "ssm:GetParameterHistory",
                deadline,
                override -> client.getParameterHistory(ask -> ask.name(name())
                        .withDecryption(true)
                        .maxResults(most)
                        .nextToken(token)
                        .overrideConfiguration(override)));
    }

    @Override
    @Nullable
    RuntimeException refused(AwsAnswer answer, Request request) {
        return switch (answer.code()) {
            case "ParameterNotFound", "ParameterVersionNotFound" -> notThere(answer);
            case "ParameterAlreadyExists" -> conflict();
            case "ParameterMaxVersionLimitExceeded" ->
                new RefusedException(
                        ErrorCode.KMS_OPERATION_REFUSED,
                        "The parameter " + uri() + " was not written.",
                        "It has 100 versions, and the oldest has a label" + answer.told() + ".",
                        "Move the label to a newer version.");
            default -> null;
        };
    }
}
