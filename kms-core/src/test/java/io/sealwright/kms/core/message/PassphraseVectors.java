package io.sealwright.kms.core.message;

import static io.sealwright.kms.core.message.MessageBuilder.concat;
import static io.sealwright.kms.core.message.MessageBuilder.range;
import static io.sealwright.kms.core.message.MessageBuilder.u8;
import static io.sealwright.kms.core.message.MessageBuilder.utf8;

import io.sealwright.kms.core.message.MessageBuilder.Key;
import io.sealwright.kms.error.ErrorCode;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/** The file {@code passphrase.json}; stretches by the JCA's own PBKDF2. */
final class PassphraseVectors {
    private static final String PASSPHRASE = "correct horse battery staple, twice";
    private static final String OTHER = "another passphrase of some length";
    private static final String UNICODE = "p\u00e4ssphrase \ud83d\udd11 \u6771\u4eac";
    private static final int ITERATIONS = 210_000;
    private static final byte[] SALT = range(0xC0, 16);
    private static final byte[] HELLO = utf8("Hello, Sealwright!");
    private static final String AUTHENTICATION = ErrorCode.KMS_AUTHENTICATION_FAILED.name();
    private static final String NO_MATCH = ErrorCode.KMS_NO_MATCHING_RECIPIENT.name();

    private final VectorGenerator generator;
    private final Map<String, Key> stretched = new HashMap<>();

    PassphraseVectors(VectorGenerator generator) {
        this.generator = generator;
    }

    void add() {
        generator.begin("passphrase.json");
        generator
                .ok(
                        "passphrase-pbkdf2",
                        "PBKDF2-HMAC-SHA-512 with the fewest iterations that are accepted.",
                        first(true))
                .context("tenant", "acme")
                .masterKeys()
                .passphrases(PASSPHRASE)
                .explained(first(true).build());
        generator
                .ok("passphrase-second", "The opener's second passphrase opens.", plain())
                .masterKeys()
                .passphrases(OTHER, PASSPHRASE);
        generator
                .ok(
                        "passphrase-unicode",
                        "UTF-8 as it is: no normalisation, characters outside the BMP.",
                        message(UNICODE, SALT, 1, ITERATIONS, 0, 0))
                .masterKeys()
                .passphrases(UNICODE);
        generator.ok(
                "passphrase-not-had",
                "A recipient that this opener has no passphrase for is skipped.",
                plain().recipient(1, VectorGenerator.MASTER));
        generator
                .ok(
                        "passphrase-wrong-then-key",
                        "The wrong passphrase fails, and the next recipient opens.",
                        plain().recipient(1, VectorGenerator.MASTER))
                .passphrases(OTHER);
        fails("passphrase-wrong", "Another passphrase.", AUTHENTICATION, plain())
                .passphrases(OTHER);
        fails("passphrase-none", "The opener has no passphrase.", NO_MATCH, plain());
        refused("passphrase-iterations-209999", "One iteration too few.", 1, ITERATIONS - 1, 0, 0);
        refused("passphrase-iterations-10000001", "One iteration too many.", 1, 10_000_001, 0, 0);
        refused("passphrase-iterations-2-to-31", "Iterations are unsigned.", 1, Integer.MIN_VALUE, 0, 0);
        refused("passphrase-pbkdf2-memory", "PBKDF2 has no memory.", 1, ITERATIONS, 1, 0);
        refused("passphrase-pbkdf2-lanes", "PBKDF2 has no lanes.", 1, ITERATIONS, 0, 1);
        refused("passphrase-function-0", "No such function.", 0, ITERATIONS, 0, 0);
        refused("passphrase-function-3", "No such function.", 3, ITERATIONS, 0, 0);
        refused("passphrase-argon2id-memory-over", "One KiB over 1 GiB.", 2, 3, 1_048_577, 4);
        refused("passphrase-argon2id-memory-under", "One KiB under 19 MiB.", 2, 3, 19_455, 4);
        refused("passphrase-argon2id-passes-11", "One pass too many.", 2, 11, 65_536, 4);
        refused("passphrase-argon2id-lanes-17", "One lane too many.", 2, 3, 65_536, 17);
        Key key = stretched(PASSPHRASE);
        byte[] before = parameters(1, ITERATIONS, 0, 0, SALT);
        fails(
                        "passphrase-id-23-bytes",
                        "With an id of another length it is no recipient of this opener's.",
                        NO_MATCH,
                        hello().recipient(3, Arrays.copyOf(key.recipientId(), 23), new byte[98]))
                .passphrases(PASSPHRASE);
        fails(
                        "passphrase-wrap-25-bytes",
                        "A wrap that ends before its salt does.",
                        AUTHENTICATION,
                        hello().recipient(3, key.recipientId(), Arrays.copyOf(before, 25)))
                .passphrases(PASSPHRASE);
        fails(
                        "passphrase-wrap-empty",
                        "Nothing behind the salt.",
                        AUTHENTICATION,
                        hello().recipient(3, key.recipientId(), before))
                .passphrases(PASSPHRASE);
        fails(
                        "passphrase-other-version-id",
                        "The wrap is bound to the id in the header.",
                        AUTHENTICATION,
                        hello().wrapped(3, range(0x11, 24), key, before))
                .passphrases(PASSPHRASE);
    }

    private MessageBuilder first(boolean context) {
        MessageBuilder built = context ? hello().context("tenant", "acme") : hello();
        Key key = stretched(PASSPHRASE);
        return built.wrapped(3, key.recipientId(), key, parameters(1, ITERATIONS, 0, 0, SALT));
    }

    private MessageBuilder plain() {
        return first(false);
    }

    private static MessageBuilder hello() {
        return new MessageBuilder().plaintext(HELLO);
    }

    private MessageBuilder message(String passphrase, byte[] salt, int kdf, int passes, int memory, int lanes) {
        Key key = stretched(passphrase);
        return hello().wrapped(3, key.recipientId(), key, parameters(kdf, passes, memory, lanes, salt));
    }

    private Vector fails(String name, String description, String result, MessageBuilder built) {
        return generator
                .add(name, description, result)
                .message(built.build().bytes())
                .masterKeys();
    }

    private void refused(String name, String description, int kdf, int passes, int memory, int lanes) {
        fails(
                        name,
                        description + " Refused before any work.",
                        AUTHENTICATION,
                        message(PASSPHRASE, SALT, kdf, passes, memory, lanes))
                .passphrases(PASSPHRASE);
    }

    private static byte[] parameters(int kdf, int passes, int memory, int lanes, byte[] salt) {
        return concat(
                u8(kdf), ByteBuffer.allocate(8).putInt(passes).putInt(memory).array(), u8(lanes), salt);
    }

    private Key stretched(String passphrase) {
        return stretched.computeIfAbsent(passphrase, text -> {
            try {
                byte[] material = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA512")
                        .generateSecret(new PBEKeySpec(text.toCharArray(), SALT, ITERATIONS, 256))
                        .getEncoded();
                return new Key(new Key(new byte[16], material).derived("id", 16), material);
            } catch (GeneralSecurityException e) {
                throw new AssertionError(e);
            }
        });
    }
}
