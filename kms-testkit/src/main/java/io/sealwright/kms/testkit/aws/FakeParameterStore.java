package io.sealwright.kms.testkit.aws;

import io.sealwright.kms.testkit.aws.AwsFake.Permissions;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Parameter Store of an {@link AwsFake}: parameters with a history of at most 100 versions. Its public methods are what a
 * test does by the console.
 *
 * @see <a href="https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html">Parameter
 *     versions</a>
 */
public final class FakeParameterStore {
    /** Where the default key of the account stands for a key's name. */
    public static final String DEFAULT_KEY = "alias/aws/ssm";

    private static final int MOST_VERSIONS = 100;
    private static final int LONGEST_VALUE = 4096;

    /** No record: it holds the value. */
    private static final class Version {
        final long number;
        final String type;
        final String value;
        final @Nullable String keyId;
        final Instant made = Instant.now();

        Version(long number, String type, String value, @Nullable String keyId) {
            this.number = number;
            this.type = type;
            this.value = value;
            this.keyId = keyId;
        }

        String shown(boolean decrypted) {
            // Without decryption what comes is a ciphertext in base64, which is of no use.
            return type.equals("SecureString") && !decrypted
                    ? Base64.getEncoder().encodeToString(("ciphertext " + number).getBytes(StandardCharsets.UTF_8))
                    : value;
        }
    }

    private final Map<String, List<Version>> parameters = new TreeMap<>(); // by region and name; guarded by this

    FakeParameterStore() {}

    // ---- what a test does

    /** Puts a {@code SecureString} of {@link AwsFake#REGION} there as the newest version; returns its number. */
    public long put(String name, String value) {
        return put(name, value, "SecureString", DEFAULT_KEY);
    }

    /** Puts a value of a type there, encrypted under a key if it is a {@code SecureString}. */
    public synchronized long put(String name, String value, String type, @Nullable String keyId) {
        return add(AwsFake.REGION + "/" + name, value, type, keyId);
    }

    /** Deletes a parameter with its history. */
    public synchronized void delete(String name) {
        parameters.remove(AwsFake.REGION + "/" + name);
    }

    /** The newest value; null if there is none. */
    public synchronized @Nullable String value(String name) {
        List<Version> versions = parameters.get(AwsFake.REGION + "/" + name);
        return versions == null ? null : newest(versions).value;
    }

    /** The key that the newest version is encrypted under; null if there is none. */
    public synchronized @Nullable String keyId(String name) {
        List<Version> versions = parameters.get(AwsFake.REGION + "/" + name);
        return versions == null ? null : newest(versions).keyId;
    }

    private long add(String key, String value, String type, @Nullable String keyId) {
        List<Version> versions = parameters.computeIfAbsent(key, k -> new ArrayList<>());
        long number = versions.isEmpty() ? 1 : newest(versions).number + 1;
        versions.add(new Version(number, type, value, keyId));
        if (versions.size() > MOST_VERSIONS) {
            versions.remove(0);
        }
        return number;
    }

    private static Version newest(List<Version> versions) {
        return versions.get(versions.size() - 1);
    }

    // ---- what comes over HTTP

    synchronized Map<String, Object> answer(AwsRequest request, Permissions permissions) throws AwsError {
        return switch (request.operation()) {
            case "GetParameter" -> get(request, permissions);
            case "GetParameterHistory" -> history(request, permissions);
            case "PutParameter" -> put(request, permissions);
            default -> throw new AwsError("UnknownOperationException", 404, "");
        };
    }

    private Map<String, Object> get(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("Name", "WithDecryption");
        String name = name(request, permissions);
        Version newest = newest(versions(request, name));
        return Json.of(
                "Parameter",
                Json.of(
                        "Name",
                        name,
                        "Type",
                        newest.type,
                        "Value",
                        newest.shown(request.flag("WithDecryption")),
                        "Version",
                        newest.number,
                        "LastModifiedDate",
                        newest.made.toEpochMilli() / 1000.0,
                        "ARN",
                        arn(request, name),
                        "DataType",
                        "text"));
    }

    private Map<String, Object> history(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("Name", "WithDecryption", "MaxResults", "NextToken");
        String name = name(request, permissions);
        List<Version> versions = versions(request, name);
        int most = (int) request.number("MaxResults", 50, 1, 50);
        int from = 0;
        String token = request.optional("NextToken");
        if (token != null) {
            try {
                from = Integer.parseInt(token);
            } catch (NumberFormatException e) {
                throw new AwsError("InvalidNextToken", "The specified token is not valid.");
            }
        }
        boolean decrypted = request.flag("WithDecryption");
        int to = Math.min(versions.size(), from + most);
        List<Object> page = new ArrayList<>();
        for (Version version : versions.subList(Math.min(from, to), to)) {
            page.add(Json.of(
                    "Name",
                    name,
                    "Type",
                    version.type,
                    "KeyId",
                    version.keyId,
                    "Value",
                    version.shown(decrypted),
                    "Version",
                    version.number,
                    "LastModifiedDate",
                    version.made.toEpochMilli() / 1000.0,
                    "LastModifiedUser",
                    "arn:aws:iam::" + AwsFake.ACCOUNT + ":user/test",
                    "Labels",
                    List.of(),
                    "Tier",
                    "Standard",
                    "DataType",
                    "text"));
        }
        return Json.of("Parameters", page, "NextToken", to < versions.size() ? Integer.toString(to) : null);
    }

    private Map<String, Object> put(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("Name", "Value", "Type", "KeyId", "Overwrite", "Tier", "DataType", "Description");
        String name = name(request, permissions);
        String value = request.text("Value");
        if (value.length() > LONGEST_VALUE) {
            throw new AwsError(
                    "ValidationException",
                    "Standard tier parameters support a maximum parameter value of 4096 characters.");
        }
        List<Version> versions = parameters.get(request.region() + "/" + name);
        if (versions != null && !request.flag("Overwrite")) {
            throw new AwsError(
                    "ParameterAlreadyExists",
                    "The parameter already exists. To overwrite this value, set the overwrite option in the request to"
                            + " true.");
        }
        String type = request.optional("Type");
        if (type == null) {
            if (versions == null) {
                throw new AwsError("ValidationException", "A parameter type is required when you create a parameter.");
            }
            type = newest(versions).type;
        }
        // Not named again, the key is the account's default one, whatever it was before.
        String key = type.equals("SecureString") ? request.text("KeyId", DEFAULT_KEY) : null;
        return Json.of("Version", add(request.region() + "/" + name, value, type, key), "Tier", "Standard");
    }

    private static String name(AwsRequest request, Permissions permissions) throws AwsError {
        String given = request.text("Name");
        String name = given.startsWith("arn:") ? given.substring(given.indexOf(":parameter") + 10) : given;
        if (!name.matches("/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*") || name.length() > 1011) {
            throw new AwsError("ValidationException", "Invalid parameter name.");
        }
        permissions.demand(arn(request, name), Map.of());
        return name;
    }

    private List<Version> versions(AwsRequest request, String name) throws AwsError {
        List<Version> versions = parameters.get(request.region() + "/" + name);
        if (versions == null) {
            throw new AwsError("ParameterNotFound", "");
        }
        return versions;
    }

    private static String arn(AwsRequest request, String name) {
        return "arn:aws:ssm:" + request.region() + ":" + AwsFake.ACCOUNT + ":parameter"
                + (name.startsWith("/") ? "" : "/") + name;
    }

    @Override
    public synchronized String toString() {
        return "FakeParameterStore" + parameters.keySet();
    }
}
