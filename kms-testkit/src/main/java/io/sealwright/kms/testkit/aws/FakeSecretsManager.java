package io.sealwright.kms.testkit.aws;

import io.sealwright.kms.testkit.aws.AwsFake.Permissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Secrets Manager of an {@link AwsFake}: secrets with versions and staging labels, which move as the vendor says. Its public
 * methods are what a test does by the console.
 *
 * @see <a href="https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html">What's in a secret</a>
 */
public final class FakeSecretsManager {
    private static final String CURRENT = "AWSCURRENT";
    private static final String PREVIOUS = "AWSPREVIOUS";
    private static final int LONGEST_VALUE = 65_536;

    /** No record: it holds the secret. */
    private static final class Version {
        final String id;
        final String value;
        final boolean binary;
        final Instant created = Instant.now();
        final Set<String> stages = new LinkedHashSet<>();

        Version(String id, String value, boolean binary) {
            this.id = id;
            this.value = value;
            this.binary = binary;
        }
    }

    private static final class Secret {
        final String name;
        final String region;
        final String suffix = UUID.randomUUID().toString().substring(0, 6);
        final Map<String, Version> versions = new LinkedHashMap<>();
        boolean deleted;

        Secret(String name, String region) {
            this.name = name;
            this.region = region;
        }

        String arn() {
            return "arn:aws:secretsmanager:" + region + ":" + AwsFake.ACCOUNT + ":secret:" + name + "-" + suffix;
        }

        @Nullable
        Version staged(String stage) {
            return versions.values().stream()
                    .filter(version -> version.stages.contains(stage))
                    .findFirst()
                    .orElse(null);
        }

        /** Moves a label; the version that was current becomes the previous one. */
        void stage(String stage, Version to) {
            Version from = staged(stage);
            if (from == to) {
                return;
            }
            if (from != null) {
                from.stages.remove(stage);
                if (stage.equals(CURRENT)) {
                    stage(PREVIOUS, from);
                }
            }
            to.stages.add(stage);
        }
    }

    private final Map<String, Secret> secrets = new TreeMap<>(); // by region and name; guarded by this

    FakeSecretsManager() {}

    // ---- what a test does

    /** Puts a value into a secret of {@link AwsFake#REGION} as the current version, and makes the secret if need be. */
    public String put(String name, String value) {
        return put(name, value, false, CURRENT);
    }

    /** Puts a value there as a version with this label alone. */
    public String put(String name, String value, String stage) {
        return put(name, value, false, stage);
    }

    /** Puts a binary value there, in base64, as the current version. */
    public String putBinary(String name, String base64) {
        return put(name, base64, true, CURRENT);
    }

    private synchronized String put(String name, String value, boolean binary, String stage) {
        Secret secret = secrets.computeIfAbsent(AwsFake.REGION + "/" + name, key -> new Secret(name, AwsFake.REGION));
        Version version = new Version(UUID.randomUUID().toString(), value, binary);
        secret.versions.put(version.id, version);
        secret.stage(stage, version);
        return version.id;
    }

    /** The value that a label stands at; null if at none. */
    public synchronized @Nullable String value(String name, String stage) {
        Secret secret = secrets.get(AwsFake.REGION + "/" + name);
        Version version = secret == null ? null : secret.staged(stage);
        return version == null ? null : version.value;
    }

    /** The secret's ARN. */
    public synchronized String arn(String name) {
        return existing(name).arn();
    }

    /** Marks the secret as deleted; it can be restored. */
    public synchronized void delete(String name) {
        existing(name).deleted = true;
    }

    /** Takes that back. */
    public synchronized void restore(String name) {
        existing(name).deleted = false;
    }

    /** Deletes the secret for good. */
    public synchronized void remove(String name) {
        secrets.remove(AwsFake.REGION + "/" + name);
    }

    private Secret existing(String name) {
        Secret secret = secrets.get(AwsFake.REGION + "/" + name);
        if (secret == null) {
            throw new IllegalArgumentException("no such secret: " + name);
        }
        return secret;
    }

    // ---- what comes over HTTP

    synchronized Map<String, Object> answer(AwsRequest request, Permissions permissions) throws AwsError {
        return switch (request.operation()) {
            case "GetSecretValue" -> get(request, permissions);
            case "PutSecretValue" -> put(request, permissions);
            case "UpdateSecretVersionStage" -> move(request, permissions);
            case "CreateSecret" -> create(request, permissions);
            case "DescribeSecret" -> describe(request, permissions);
            default -> throw new AwsError("UnknownOperationException", 404, "");
        };
    }

    private Map<String, Object> get(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("SecretId", "VersionId", "VersionStage");
        Secret secret = resolve(request, permissions);
        demandAlive(secret);
        String id = request.optional("VersionId");
        String stage = request.optional("VersionStage");
        String label = stage == null ? CURRENT : stage;
        Version version = id == null ? secret.staged(label) : secret.versions.get(id);
        if (version == null || (stage != null && !version.stages.contains(stage))) {
            throw new AwsError(
                    "ResourceNotFoundException",
                    "Secrets Manager can't find the specified secret value for "
                            + (id == null ? "staging label: " + label : "VersionId: " + id));
        }
        return Json.of(
                "ARN",
                secret.arn(),
                "Name",
                secret.name,
                "VersionId",
                version.id,
                version.binary ? "SecretBinary" : "SecretString",
                version.value,
                "VersionStages",
                List.copyOf(version.stages),
                "CreatedDate",
                version.created.toEpochMilli() / 1000.0);
    }

    private Map<String, Object> put(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("SecretId", "ClientRequestToken", "SecretString", "VersionStages");
        Secret secret = resolve(request, permissions);
        demandAlive(secret);
        List<String> stages = new ArrayList<>();
        for (Object stage : request.list("VersionStages")) {
            stages.add(String.valueOf(stage));
        }
        Version version = add(secret, token(request), value(request));
        for (String stage : stages.isEmpty() ? List.of(CURRENT) : stages) {
            secret.stage(stage, version);
        }
        return Json.of(
                "ARN",
                secret.arn(),
                "Name",
                secret.name,
                "VersionId",
                version.id,
                "VersionStages",
                List.copyOf(version.stages));
    }

    private Map<String, Object> create(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("Name", "ClientRequestToken", "SecretString", "Description", "KmsKeyId");
        String name = request.text("Name");
        if (!name.matches("[A-Za-z0-9/_+=.@-]{1,512}")) {
            throw new AwsError("ValidationException", "Invalid name.");
        }
        Secret secret = new Secret(name, request.region());
        permissions.demand(secret.arn(), Map.of());
        Secret there = secrets.get(request.region() + "/" + name);
        if (there != null && there.deleted) {
            throw new AwsError(
                    "InvalidRequestException",
                    "You can't create this secret because a secret with this name is already scheduled for deletion.");
        }
        if (there != null) {
            throw new AwsError(
                    "ResourceExistsException", "The operation failed because the secret " + name + " already exists.");
        }
        Version version = add(secret, token(request), value(request));
        secret.stage(CURRENT, version);
        secrets.put(request.region() + "/" + name, secret);
        return Json.of("ARN", secret.arn(), "Name", name, "VersionId", version.id);
    }

    private Map<String, Object> move(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("SecretId", "VersionStage", "MoveToVersionId", "RemoveFromVersionId");
        Secret secret = resolve(request, permissions);
        demandAlive(secret);
        String stage = request.text("VersionStage");
        String to = request.optional("MoveToVersionId");
        String from = request.optional("RemoveFromVersionId");
        Version holder = secret.staged(stage);
        if (holder != null && !holder.id.equals(to) && !holder.id.equals(from)) {
            throw new AwsError(
                    "InvalidParameterException",
                    "The parameter RemoveFromVersionId can't be empty. Staging label " + stage
                            + " is currently attached to version " + holder.id
                            + ", so you must explicitly reference that version in RemoveFromVersionId.");
        }
        if (from != null && (holder == null || !holder.id.equals(from))) {
            throw new AwsError(
                    "InvalidParameterException",
                    "The version in RemoveFromVersionId does not have the staging label " + stage + ".");
        }
        if (to == null) {
            if (stage.equals(CURRENT)) {
                throw new AwsError("InvalidParameterException", "You can't remove AWSCURRENT without moving it.");
            }
            if (holder != null) {
                holder.stages.remove(stage);
            }
        } else {
            Version target = secret.versions.get(to);
            if (target == null) {
                throw new AwsError(
                        "ResourceNotFoundException",
                        "Secrets Manager can't find the specified secret value for VersionId: " + to);
            }
            secret.stage(stage, target);
        }
        return Json.of("ARN", secret.arn(), "Name", secret.name);
    }

    private Map<String, Object> describe(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("SecretId");
        Secret secret = resolve(request, permissions);
        Map<String, Object> stages = new LinkedHashMap<>();
        secret.versions.values().stream()
                .filter(version -> !version.stages.isEmpty())
                .forEach(version -> stages.put(version.id, List.copyOf(version.stages)));
        return Json.of("ARN", secret.arn(), "Name", secret.name, "VersionIdsToStages", stages);
    }

    private Secret resolve(AwsRequest request, Permissions permissions) throws AwsError {
        String id = request.text("SecretId");
        Secret secret = secrets.values().stream()
                .filter(one -> one.region.equals(request.region()))
                .filter(one -> one.name.equals(id) || one.arn().equals(id))
                .findFirst()
                .orElse(null);
        // Of a secret that is not there the name alone is what a policy sees.
        permissions.demand(secret == null ? id : secret.arn(), Map.of());
        if (secret == null) {
            throw new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
        }
        return secret;
    }

    private static void demandAlive(Secret secret) throws AwsError {
        if (secret.deleted) {
            throw new AwsError(
                    "InvalidRequestException",
                    "You can't perform this operation on the secret because it was marked for deletion.");
        }
    }

    private static Version add(Secret secret, String id, String value) throws AwsError {
        Version there = secret.versions.get(id);
        if (there != null && !there.value.equals(value)) {
            throw new AwsError("ResourceExistsException", "You can't overwrite version " + id + " with another value.");
        }
        Version version = there == null ? new Version(id, value, false) : there;
        secret.versions.put(id, version);
        return version;
    }

    private static String token(AwsRequest request) throws AwsError {
        String token = request.text("ClientRequestToken");
        if (token.length() < 32 || token.length() > 64) {
            throw AwsError.validation("clientRequestToken", "have length between 32 and 64");
        }
        return token;
    }

    private static String value(AwsRequest request) throws AwsError {
        String value = request.text("SecretString");
        if (value.length() > LONGEST_VALUE) {
            throw AwsError.validation("secretString", "have length less than or equal to " + LONGEST_VALUE);
        }
        return value;
    }

    @Override
    public synchronized String toString() {
        return "FakeSecretsManager" + secrets.keySet();
    }
}
