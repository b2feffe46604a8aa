package io.sealwright.kms.testkit.aws;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * One KMS key of one region. Its material is a list of AES-256 keys, the last of which encrypts; replicas of a multi-region
 * key share it. Guarded by the service that has it.
 */
final class FakeKey {
    /** What a real symmetric ciphertext has over its plaintext. */
    static final int OVERHEAD = 152;

    private static final byte[] MAGIC = {1, 2, 2, 0};
    private static final int ID_BYTES = 16;
    private static final int IV_BYTES = 12;
    private static final int TAG_BYTES = 16;
    private static final int FILL_BYTES = OVERHEAD - MAGIC.length - 2 * ID_BYTES - IV_BYTES - TAG_BYTES;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** One key under the key; shared by replicas. */
    record Material(UUID id, SecretKeySpec key, Instant made) {
        static Material fresh() {
            byte[] bytes = new byte[32];
            RANDOM.nextBytes(bytes);
            return new Material(UUID.randomUUID(), new SecretKeySpec(bytes, "AES"), Instant.now());
        }

        @Override
        public String toString() {
            return "Material[" + id + "]";
        }
    }

    final String region;
    final UUID identity;
    final boolean multiRegion;
    final List<Material> materials;
    final Instant created = Instant.now();
    String state = "Enabled";
    String spec = "SYMMETRIC_DEFAULT";
    String usage = "ENCRYPT_DECRYPT";
    String origin = "AWS_KMS";
    boolean rotates;
    long rotationDays = 365;
    int onDemand;

    @Nullable
    Instant deletion;

    FakeKey(String region, boolean multiRegion) {
        this(region, UUID.randomUUID(), multiRegion, new ArrayList<>(List.of(Material.fresh())));
    }

    private FakeKey(String region, UUID identity, boolean multiRegion, List<Material> materials) {
        this.region = region;
        this.identity = identity;
        this.multiRegion = multiRegion;
        this.materials = materials;
    }

    FakeKey replica(String other) {
        return new FakeKey(other, identity, true, materials);
    }

    String id() {
        return multiRegion ? "mrk-" + identity.toString().replace("-", "") : identity.toString();
    }

    String arn() {
        return "arn:aws:kms:" + region + ":" + AwsFake.ACCOUNT + ":key/" + id();
    }

    Material newest() {
        return materials.get(materials.size() - 1);
    }

    /** Every byte of the result is authenticated, and so is the context. */
    byte[] encrypt(byte[] plaintext, Map<String, String> context) {
        Material with = newest();
        ByteBuffer out = ByteBuffer.allocate(OVERHEAD + plaintext.length);
        byte[] random = new byte[FILL_BYTES + IV_BYTES];
        RANDOM.nextBytes(random);
        out.put(MAGIC);
        put(out, identity);
        put(out, with.id());
        out.put(random);
        int header = out.position();
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    with.key(),
                    new GCMParameterSpec(8 * TAG_BYTES, out.array(), header - IV_BYTES, IV_BYTES));
            cipher.updateAAD(out.array(), 0, header);
            cipher.updateAAD(encoded(context));
            out.put(cipher.doFinal(plaintext));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        return out.array();
    }

    /** Which key made a ciphertext; null if none can have. */
    static @Nullable UUID identityOf(byte[] ciphertext) {
        if (ciphertext.length < OVERHEAD || !ByteBuffer.wrap(ciphertext, 0, 4).equals(ByteBuffer.wrap(MAGIC))) {
            return null;
        }
        return uuid(ByteBuffer.wrap(ciphertext, MAGIC.length, ID_BYTES));
    }

    /** Null if it was changed, or made under another context. */
    byte @Nullable [] decrypt(byte[] ciphertext, Map<String, String> context) {
        UUID material = uuid(ByteBuffer.wrap(ciphertext, MAGIC.length + ID_BYTES, ID_BYTES));
        for (Material one : materials) {
            if (one.id().equals(material)) {
                int header = OVERHEAD - TAG_BYTES;
                try {
                    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
                    cipher.init(
                            Cipher.DECRYPT_MODE,
                            one.key(),
                            new GCMParameterSpec(8 * TAG_BYTES, ciphertext, header - IV_BYTES, IV_BYTES));
                    cipher.updateAAD(ciphertext, 0, header);
                    cipher.updateAAD(encoded(context));
                    return cipher.doFinal(ciphertext, header, ciphertext.length - header);
                } catch (GeneralSecurityException e) {
                    return null;
                }
            }
        }
        return null;
    }

    /** Sorted, each part behind its length: {@code {ab:c}} is not {@code {a:bc}}. */
    private static byte[] encoded(Map<String, String> context) {
        ByteBuffer out = ByteBuffer.allocate(1 << 16);
        new TreeMap<>(context).forEach((name, value) -> {
            for (String part : List.of(name, value)) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                out.putInt(bytes.length).put(bytes);
            }
        });
        byte[] encoded = new byte[out.position()];
        out.flip().get(encoded);
        return encoded;
    }

    private static void put(ByteBuffer out, UUID id) {
        out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    private static UUID uuid(ByteBuffer in) {
        return new UUID(in.getLong(), in.getLong());
    }
}
