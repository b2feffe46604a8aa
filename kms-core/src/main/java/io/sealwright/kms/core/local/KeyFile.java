package io.sealwright.kms.core.local;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.error.KeyFileException;
import io.sealwright.kms.error.KmsBugException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * What a key file says: the versions of one key, oldest first. Immutable but for {@link #close}, which wipes the keys.
 *
 * <p>The text has exactly one form for given contents ({@code docs/KEY-FILE.md}), and the parser takes no other: what
 * is read back is what was written, or it is refused. Errors name the file and the line, never what stands in it.
 */
final class KeyFile implements AutoCloseable {
    /** The longest file that is read: over 8,000 versions. */
    static final int MAX_BYTES = 1 << 20;

    static final int ID_BYTES = 16;
    static final int KEY_BYTES = 32;

    static final String MAGIC = "sealwright-key ";
    static final String FORMAT = "1";
    static final String VERSION = "version";
    static final String CHECKSUM = "checksum ";
    static final String PLAIN = "key:";
    static final int CHECKSUM_LINE_BYTES = CHECKSUM.length() + 64 + 1;
    private static final int VERSION_LINE_BYTES = 160; // more than the longest: 7+1+10+1+32+1+7+1+20+1+4+43+1

    /** Whether a version wraps or only unwraps. */
    enum State {
        ACTIVE("active"),
        RETIRED("retired");

        private final String word;

        State(String word) {
            this.word = word;
        }

        /** As the file has it. */
        String word() {
            return word;
        }
    }

    /** One version of the key. */
    static final class Version {
        private final int number;
        private final byte[] id;
        private final State state;
        private final Instant made;
        private final SecretBytes key;

        Version(int number, byte[] id, State state, Instant made, SecretBytes key) {
            this.number = number;
            this.id = id;
            this.state = state;
            this.made = made;
            this.key = key;
        }

        /** 1 for the first. */
        int number() {
            return number;
        }

        /** 16 bytes; a copy. */
        byte[] id() {
            return id.clone();
        }

        State state() {
            return state;
        }

        /** When it was made, to the second. */
        Instant made() {
            return made;
        }

        /** 32 bytes; closed with the file's contents. */
        SecretBytes key() {
            return key;
        }

        private Version copy(State newState) {
            byte[] bytes = key.copy();
            return new Version(number, id, newState, made, SecretBytes.owning(bytes));
        }

        @Override
        public String toString() {
            return "Version[" + number + ", " + state.word + ", redacted]";
        }
    }

    private final List<Version> versions;

    KeyFile(List<Version> versions) {
        this.versions = List.copyOf(versions);
    }

    /** A new key with one active version. */
    static KeyFile fresh(Instant now, CloneSafeRandom random) {
        return new KeyFile(List.of(newVersion(1, now, random)));
    }

    /** These versions, all retired now, and a new active one. The result owns copies of the keys. */
    KeyFile rotated(Instant now, CloneSafeRandom random) {
        List<Version> next = new ArrayList<>();
        versions.forEach(version -> next.add(version.copy(State.RETIRED)));
        next.add(newVersion(newest().number() + 1, now, random));
        return new KeyFile(next);
    }

    /** The versions, oldest first; unmodifiable. */
    List<Version> versions() {
        return versions;
    }

    /** The version of the highest number. */
    Version newest() {
        return versions.get(versions.size() - 1);
    }

    @Override
    public void close() {
        versions.forEach(version -> version.key().close());
    }

    @Override
    public String toString() {
        return "KeyFile" + versions;
    }

    /** The file's bytes, which the caller wipes. */
    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(64 + versions.size() * VERSION_LINE_BYTES + CHECKSUM_LINE_BYTES);
        try {
            put(out, MAGIC + FORMAT + "\n");
            for (Version version : versions) {
                put(
                        out,
                        String.join(
                                " ",
                                VERSION,
                                Integer.toString(version.number),
                                HexFormat.of().formatHex(version.id),
                                version.state.word,
                                version.made.toString(),
                                PLAIN));
                byte[] key = version.key.copy();
                byte[] encoded = Base64.getUrlEncoder().withoutPadding().encode(key);
                out.put(encoded);
                Arrays.fill(key, (byte) 0);
                Arrays.fill(encoded, (byte) 0);
                put(out, "\n");
            }
            put(out, CHECKSUM + sha256(out.array(), out.position()) + "\n");
            return Arrays.copyOf(out.array(), out.position());
        } finally {
            Arrays.fill(out.array(), (byte) 0);
        }
    }

    /**
     * Reads a file's bytes.
     *
     * @param file for messages
     * @param text read during the call, neither kept nor wiped
     * @throws KeyFileException if they are anything but what {@link #encode} makes
     */
    static KeyFile parse(Path file, byte[] text) {
        return new KeyFileParser(file, text).parse();
    }

    private static Version newVersion(int number, Instant now, CloneSafeRandom random) {
        byte[] id = new byte[ID_BYTES];
        byte[] key = new byte[KEY_BYTES];
        random.nextBytes(id);
        random.nextBytes(key);
        return new Version(number, id, State.ACTIVE, now.truncatedTo(ChronoUnit.SECONDS), SecretBytes.owning(key));
    }

    private static void put(ByteBuffer out, String text) {
        out.put(text.getBytes(StandardCharsets.US_ASCII));
    }

    static String sha256(byte[] bytes, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, 0, length);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new KmsBugException("Java without SHA-256", e);
        }
    }

    static KeyFileException tooLong(Path file) {
        return new KeyFileException(
                "The key file " + file + " cannot be used.",
                "It is longer than " + MAX_BYTES + " bytes, so it is no key file.",
                "Check the path, or take the file from a backup.");
    }
}
