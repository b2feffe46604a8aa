package io.sealwright.kms.testkit.aws;

import io.sealwright.kms.testkit.aws.AwsFake.Permissions;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * KMS of an {@link AwsFake}: keys with states, aliases, versions of their material, encryption contexts. Its public
 * methods are what a test does by the console; the operations come over HTTP.
 *
 * @see <a href="https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html">Key states of KMS keys</a>
 */
public final class FakeKms {
    private static final int LARGEST_PLAINTEXT = 4096;
    private static final int LARGEST_CIPHERTEXT = 6144;
    private static final int LONGEST_KEY_ID = 2048;

    /** Names and values together. The reference names no bound; who must not depend on that meets one here. */
    private static final int LARGEST_CONTEXT = 8192;

    /** Rotations on demand in a key's life. */
    private static final int MOST_ON_DEMAND = 25;

    private static final Pattern ARN =
            Pattern.compile("arn:aws:kms:([a-z0-9-]+):([0-9]{12}):(key/([A-Za-z0-9-]+)|alias/[A-Za-z0-9/_-]+)");
    private static final Pattern ALIAS = Pattern.compile("alias/[A-Za-z0-9/_-]{1,250}");

    private final Map<String, FakeKey> keys = new HashMap<>(); // by region and id; guarded by this
    private final Map<String, FakeKey> aliases = new HashMap<>(); // by region and alias; guarded by this
    private final Map<String, FakeKey> deleted = new HashMap<>(); // by ARN; guarded by this
    private final SecureRandom random = new SecureRandom();

    FakeKms() {}

    // ---- what a test does

    /** Makes a symmetric key in {@link AwsFake#REGION}; returns its ARN. */
    public String createKey() {
        return add(new FakeKey(AwsFake.REGION, false));
    }

    /** Makes a multi-region key in {@link AwsFake#REGION}; returns its ARN. */
    public String createMultiRegionKey() {
        return add(new FakeKey(AwsFake.REGION, true));
    }

    /** Makes a replica of a multi-region key in another region; returns its ARN. */
    public synchronized String replicate(String arn, String region) {
        FakeKey key = key(arn);
        if (!key.multiRegion) {
            throw new IllegalArgumentException("no multi-region key: " + arn);
        }
        return add(key.replica(region));
    }

    /** Makes a key that cannot encrypt symmetrically, as {@code RSA_2048}; returns its ARN. */
    public synchronized String createAsymmetricKey(String spec) {
        FakeKey key = new FakeKey(AwsFake.REGION, false);
        key.spec = spec;
        return add(key);
    }

    private synchronized String add(FakeKey key) {
        keys.put(key.region + "/" + key.id(), key);
        return key.arn();
    }

    /** Points an alias, as {@code alias/app}, at a key; at another one if it is there already. */
    public synchronized void alias(String alias, String arn) {
        if (!ALIAS.matcher(alias).matches()) {
            throw new IllegalArgumentException("no alias: " + alias);
        }
        FakeKey key = key(arn);
        aliases.put(key.region + "/" + alias, key);
    }

    /** Disables a key. */
    public void disable(String arn) {
        state(arn, "Disabled");
    }

    /** Enables a key, or takes its deletion back. */
    public void enable(String arn) {
        state(arn, "Enabled");
    }

    /** Schedules a key's deletion. */
    public void scheduleDeletion(String arn) {
        state(arn, "PendingDeletion");
    }

    /** Puts a key into any state of the vendor's list, as {@code PendingImport} or {@code Unavailable}. */
    public synchronized void state(String arn, String state) {
        FakeKey key = key(arn);
        key.state = state;
        key.deletion = state.equals("PendingDeletion") ? Instant.now().plus(Duration.ofDays(30)) : null;
    }

    /** Deletes a key at once, as it is when its waiting period has ended. */
    public synchronized void delete(String arn) {
        FakeKey key = key(arn);
        keys.remove(key.region + "/" + key.id());
        aliases.values().removeIf(one -> one == key);
        deleted.put(arn, key);
    }

    /** Brings a deleted key back, which AWS never does: for tests that go on. */
    public synchronized void restore(String arn) {
        FakeKey key = deleted.remove(arn);
        if (key != null) {
            add(key);
        }
    }

    /** How many versions of its material a key has. */
    public synchronized int materials(String arn) {
        return key(arn).materials.size();
    }

    /** Whether automatic rotation is on. */
    public synchronized boolean rotates(String arn) {
        return key(arn).rotates;
    }

    private FakeKey key(String arn) {
        return keys.values().stream()
                .filter(key -> key.arn().equals(arn))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no such key: " + arn));
    }

    // ---- what comes over HTTP

    synchronized Map<String, Object> answer(AwsRequest request, Permissions permissions) throws AwsError {
        return switch (request.operation()) {
            case "GenerateDataKey" -> generate(request, permissions, true);
            case "GenerateDataKeyWithoutPlaintext" -> generate(request, permissions, false);
            case "Encrypt" -> encrypt(request, permissions);
            case "Decrypt" -> decrypt(request, permissions);
            case "ReEncrypt" -> reEncrypt(request, permissions);
            case "DescribeKey" -> describe(request, permissions);
            case "GetKeyRotationStatus" -> rotationStatus(request, permissions);
            case "ListKeyRotations" -> rotations(request, permissions);
            case "EnableKeyRotation" -> rotation(request, permissions, true);
            case "DisableKeyRotation" -> rotation(request, permissions, false);
            case "RotateKeyOnDemand" -> rotate(request, permissions);
            default -> throw new AwsError("UnknownOperationException", 404, "");
        };
    }

    private Map<String, Object> generate(AwsRequest request, Permissions permissions, boolean shown) throws AwsError {
        request.demandOnly(
                "KeyId", "KeySpec", "NumberOfBytes", "EncryptionContext", "GrantTokens", "DryRun", "Recipient");
        String spec = request.optional("KeySpec");
        long bytes = request.number("NumberOfBytes", 0, 0, 1024);
        if ((spec == null) == (bytes == 0)) {
            throw new AwsError("ValidationException", "Please specify either number of bytes or key spec.");
        }
        if (spec != null) {
            bytes = switch (spec) {
                case "AES_256" -> 32;
                case "AES_128" -> 16;
                default -> throw AwsError.validation("keySpec", "satisfy enum value set: [AES_256, AES_128]");
            };
        }
        Map<String, String> context = context(request, "EncryptionContext");
        FakeKey key = usable(request, permissions, request.text("KeyId"), context);
        dryRun(request);
        byte[] plaintext = new byte[(int) bytes];
        random.nextBytes(plaintext);
        return Json.of(
                "KeyId", key.arn(),
                "Plaintext", shown ? base64(plaintext) : null,
                "CiphertextBlob", base64(key.encrypt(plaintext, context)),
                "KeyMaterialId", material(key));
    }

    private Map<String, Object> encrypt(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("KeyId", "Plaintext", "EncryptionContext", "GrantTokens", "EncryptionAlgorithm", "DryRun");
        byte[] plaintext = request.bytes("Plaintext", LARGEST_PLAINTEXT);
        Map<String, String> context = context(request, "EncryptionContext");
        symmetric(request, "EncryptionAlgorithm");
        FakeKey key = usable(request, permissions, request.text("KeyId"), context);
        dryRun(request);
        return Json.of(
                "KeyId", key.arn(),
                "CiphertextBlob", base64(key.encrypt(plaintext, context)),
                "EncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    }

    private Map<String, Object> decrypt(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly(
                "KeyId",
                "CiphertextBlob",
                "EncryptionContext",
                "GrantTokens",
                "EncryptionAlgorithm",
                "DryRun",
                "Recipient");
        byte[] ciphertext = request.bytes("CiphertextBlob", LARGEST_CIPHERTEXT);
        Map<String, String> context = context(request, "EncryptionContext");
        symmetric(request, "EncryptionAlgorithm");
        String given = request.optional("KeyId");
        FakeKey key = opening(request, permissions, "kms:Decrypt", given, ciphertext, context);
        dryRun(request);
        byte[] plaintext = key.decrypt(ciphertext, context);
        if (plaintext == null) {
            throw new AwsError("InvalidCiphertextException", "");
        }
        return Json.of(
                "KeyId", key.arn(),
                "Plaintext", base64(plaintext),
                "EncryptionAlgorithm", "SYMMETRIC_DEFAULT",
                "KeyMaterialId", material(key));
    }

    private Map<String, Object> reEncrypt(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly(
                "CiphertextBlob",
                "SourceEncryptionContext",
                "SourceKeyId",
                "SourceEncryptionAlgorithm",
                "DestinationKeyId",
                "DestinationEncryptionContext",
                "DestinationEncryptionAlgorithm",
                "GrantTokens",
                "DryRun");
        byte[] ciphertext = request.bytes("CiphertextBlob", LARGEST_CIPHERTEXT);
        Map<String, String> from = context(request, "SourceEncryptionContext");
        Map<String, String> to = context(request, "DestinationEncryptionContext");
        FakeKey source =
                opening(request, permissions, "kms:ReEncryptFrom", request.optional("SourceKeyId"), ciphertext, from);
        FakeKey target = resolve(request, request.text("DestinationKeyId"));
        permissions.demand("kms:ReEncryptTo", target.arn(), conditions(to));
        demandUsable(target);
        dryRun(request);
        byte[] plaintext = source.decrypt(ciphertext, from);
        if (plaintext == null) {
            throw new AwsError("InvalidCiphertextException", "");
        }
        return Json.of(
                "CiphertextBlob", base64(target.encrypt(plaintext, to)),
                "SourceKeyId", source.arn(),
                "KeyId", target.arn(),
                "SourceEncryptionAlgorithm", "SYMMETRIC_DEFAULT",
                "DestinationEncryptionAlgorithm", "SYMMETRIC_DEFAULT");
    }

    /** The key that made a ciphertext, which must be the given one if one is given. */
    private FakeKey opening(
            AwsRequest request,
            Permissions permissions,
            String action,
            @Nullable String given,
            byte[] ciphertext,
            Map<String, String> context)
            throws AwsError {
        FakeKey named = given == null ? null : resolve(request, given);
        UUID identity = FakeKey.identityOf(ciphertext);
        FakeKey made = identity == null
                ? null
                : keys.values().stream()
                        .filter(key -> key.identity.equals(identity) && key.region.equals(request.region()))
                        .findFirst()
                        .orElse(null);
        FakeKey key = named == null ? made : named;
        if (key == null) {
            throw new AwsError("InvalidCiphertextException", "");
        }
        permissions.demand(action, key.arn(), conditions(context));
        demandUsable(key);
        if (made == null) {
            throw new AwsError("InvalidCiphertextException", "");
        }
        if (made != key) {
            throw new AwsError(
                    "IncorrectKeyException",
                    "The key ID in the request does not identify a CMK that can perform this operation.");
        }
        return key;
    }

    private Map<String, Object> describe(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("KeyId", "GrantTokens");
        FakeKey key = resolve(request, request.text("KeyId"));
        permissions.demand(key.arn(), Map.of());
        Map<String, Object> metadata = Json.of(
                "AWSAccountId",
                AwsFake.ACCOUNT,
                "KeyId",
                key.id(),
                "Arn",
                key.arn(),
                "CreationDate",
                key.created.toEpochMilli() / 1000.0,
                "Enabled",
                key.state.equals("Enabled"),
                "Description",
                "",
                "KeyUsage",
                key.usage,
                "KeyState",
                key.state,
                "DeletionDate",
                key.deletion == null ? null : key.deletion.toEpochMilli() / 1000.0,
                "Origin",
                key.origin,
                "KeyManager",
                "CUSTOMER",
                "CustomerMasterKeySpec",
                key.spec,
                "KeySpec",
                key.spec,
                "MultiRegion",
                key.multiRegion,
                "CurrentKeyMaterialId",
                material(key));
        return Json.of("KeyMetadata", metadata);
    }

    private Map<String, Object> rotationStatus(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("KeyId");
        FakeKey key = rotating(request, permissions);
        return Json.of(
                "KeyId",
                key.arn(),
                "KeyRotationEnabled",
                key.rotates && !key.state.equals("PendingDeletion"),
                "RotationPeriodInDays",
                key.rotates ? key.rotationDays : null);
    }

    /** Those that were done, the oldest first; never more than a page here. */
    private Map<String, Object> rotations(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("KeyId", "Limit", "Marker", "IncludeKeyMaterial");
        long most = request.number("Limit", 100, 1, 1000);
        FakeKey key = rotating(request, permissions);
        List<Object> rotations = new ArrayList<>();
        for (FakeKey.Material material : key.materials.subList(1, key.materials.size())) {
            rotations.add(Json.of(
                    "KeyId",
                    key.arn(),
                    "RotationDate",
                    material.made().toEpochMilli() / 1000.0,
                    "RotationType",
                    "ON_DEMAND"));
        }
        if (rotations.size() > most || request.optional("Marker") != null) {
            throw AwsError.validation("limit", "have value greater than or equal to " + rotations.size());
        }
        return Json.of("Rotations", rotations, "Truncated", false);
    }

    private Map<String, Object> rotation(AwsRequest request, Permissions permissions, boolean on) throws AwsError {
        request.demandOnly("KeyId", "RotationPeriodInDays");
        FakeKey key = rotating(request, permissions);
        demandState(key);
        key.rotates = on;
        key.rotationDays = request.number("RotationPeriodInDays", 365, 90, 2560);
        return new LinkedHashMap<>();
    }

    private Map<String, Object> rotate(AwsRequest request, Permissions permissions) throws AwsError {
        request.demandOnly("KeyId");
        FakeKey key = rotating(request, permissions);
        demandState(key);
        if (key.onDemand == MOST_ON_DEMAND) {
            throw new AwsError("LimitExceededException", "The limit of on-demand rotations for this key is reached.");
        }
        key.onDemand++;
        key.materials.add(FakeKey.Material.fresh());
        return Json.of("KeyId", key.arn());
    }

    /** Operations on rotation take no alias, and symmetric keys alone. */
    private FakeKey rotating(AwsRequest request, Permissions permissions) throws AwsError {
        String given = request.text("KeyId");
        if (given.contains("alias/")) {
            throw new AwsError("InvalidArnException", "Invalid keyId " + given);
        }
        FakeKey key = resolve(request, given);
        permissions.demand(key.arn(), Map.of());
        if (!key.spec.equals("SYMMETRIC_DEFAULT") || !key.origin.equals("AWS_KMS")) {
            throw new AwsError("UnsupportedOperationException", "");
        }
        return key;
    }

    private FakeKey usable(AwsRequest request, Permissions permissions, String given, Map<String, String> context)
            throws AwsError {
        FakeKey key = resolve(request, given);
        permissions.demand(key.arn(), conditions(context));
        demandUsable(key);
        return key;
    }

    private static void demandUsable(FakeKey key) throws AwsError {
        demandState(key);
        if (!key.spec.equals("SYMMETRIC_DEFAULT") || !key.usage.equals("ENCRYPT_DECRYPT")) {
            throw new AwsError(
                    "InvalidKeyUsageException", key.arn() + " key usage or spec is not valid for this operation.");
        }
    }

    private static void demandState(FakeKey key) throws AwsError {
        switch (key.state) {
            case "Enabled" -> {
                // Can be used.
            }
            case "Disabled" -> throw new AwsError("DisabledException", key.arn() + " is disabled.");
            case "PendingDeletion" ->
                throw new AwsError("KMSInvalidStateException", key.arn() + " is pending deletion.");
            case "PendingImport" -> throw new AwsError("KMSInvalidStateException", key.arn() + " is pending import.");
            default ->
                throw new AwsError(
                        "KMSInvalidStateException",
                        key.arn() + " is " + key.state.toLowerCase(java.util.Locale.ROOT) + ".");
        }
    }

    private FakeKey resolve(AwsRequest request, String given) throws AwsError {
        if (given.length() > LONGEST_KEY_ID) {
            throw AwsError.validation("keyId", "have length less than or equal to " + LONGEST_KEY_ID);
        }
        String local = given;
        if (given.startsWith("arn:")) {
            var arn = ARN.matcher(given);
            if (!arn.matches()) {
                throw new AwsError("InvalidArnException", "Invalid arn " + request.region());
            }
            if (!arn.group(1).equals(request.region()) || !arn.group(2).equals(AwsFake.ACCOUNT)) {
                // Another account's key, or another region's at this endpoint.
                throw new AwsError("NotFoundException", "Invalid arn " + arn.group(1));
            }
            local = arn.group(4) == null ? arn.group(3) : arn.group(4);
        }
        boolean alias = local.startsWith("alias/");
        FakeKey key = (alias ? aliases : keys).get(request.region() + "/" + local);
        if (key == null) {
            String arn =
                    "arn:aws:kms:" + request.region() + ":" + AwsFake.ACCOUNT + ":" + (alias ? "" : "key/") + local;
            throw new AwsError(
                    "NotFoundException",
                    alias ? "Alias " + arn + " is not found." : "Key '" + arn + "' does not exist");
        }
        return key;
    }

    private static Map<String, String> context(AwsRequest request, String name) throws AwsError {
        Map<String, String> context = request.texts(name);
        int bytes = 0;
        for (Map.Entry<String, String> pair : context.entrySet()) {
            bytes += (pair.getKey() + pair.getValue()).getBytes(StandardCharsets.UTF_8).length;
        }
        if (bytes > LARGEST_CONTEXT) {
            throw AwsError.validation(
                    Character.toLowerCase(name.charAt(0)) + name.substring(1),
                    "have length less than or equal to " + LARGEST_CONTEXT);
        }
        return context;
    }

    private static Map<String, String> conditions(Map<String, String> context) {
        Map<String, String> conditions = new HashMap<>();
        context.forEach((name, value) -> conditions.put("kms:EncryptionContext:" + name, value));
        return conditions;
    }

    private static void symmetric(AwsRequest request, String name) throws AwsError {
        if (!request.text(name, "SYMMETRIC_DEFAULT").equals("SYMMETRIC_DEFAULT")) {
            throw new AwsError("InvalidKeyUsageException", "Algorithm is incompatible with the key's spec.");
        }
    }

    private static void dryRun(AwsRequest request) throws AwsError {
        if (!request.list("GrantTokens").isEmpty()) {
            throw new AwsError("InvalidGrantTokenException", "");
        }
        if (request.flag("DryRun")) {
            throw new AwsError(
                    "DryRunOperationException", 412, "The request would have succeeded, but the DryRun option is set.");
        }
    }

    private static String material(FakeKey key) {
        return key.newest().id().toString().replace("-", "").repeat(2);
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    @Override
    public synchronized String toString() {
        return "FakeKms" + keys.keySet();
    }
}
