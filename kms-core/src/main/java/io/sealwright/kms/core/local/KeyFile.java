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
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

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

    private static final String MAGIC = "sealwright-key ";
    private static final String FORMAT = "1";
    private static final String VERSION = "version";
    private static final String CHECKSUM = "checksum ";
    private static final String PLAIN = "key:";
    private static final String PASSPHRASE = "pbkdf2:";
    private static final int CHECKSUM_LINE_BYTES = CHECKSUM.length() + 64 + 1;
    private static final int VERSION_LINE_BYTES = 160; // more than the longest: 7+1+10+1+32+1+7+1+20+1+4+43+1
    private static final int ENCODED_KEY_BYTES = 43;

    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,8}");
    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");
    private static final Pattern DATE = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    /** Whether a version wraps or only unwraps. */
    enum State {
        ACTIVE("active"),
        RETIRED("retired");

        private final String word;

        State(String word) {
            this.word = word;
        }
    }

    /** One version of the key. */
    static final class Version {
        private final int number;
        private final byte[] id;
        private final State state;
        private final Instant made;
        private final SecretBytes key;

        private Version(int number, byte[] id, State state, Instant made, SecretBytes key) {
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

    private KeyFile(List<Version> versions) {
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
        return new Parser(file, text).parse();
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

    private static String sha256(byte[] bytes, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, 0, length);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new KmsBugException("Java without SHA-256", e);
        }
    }

    /** Works on the bytes, since a key in a String could not be wiped. */
    private static final class Parser {
        private final Path file;
        private final byte[] text;
        private final List<Version> versions = new ArrayList<>();
        private final Set<String> ids = new HashSet<>();

        Parser(Path file, byte[] text) {
            this.file = file;
            this.text = text;
        }

        KeyFile parse() {
            boolean parsed = false;
            try {
                KeyFile contents = contents();
                parsed = true;
                return contents;
            } finally {
                if (!parsed) {
                    versions.forEach(version -> version.key().close());
                }
            }
        }

        private KeyFile contents() {
            if (text.length > MAX_BYTES) {
                throw tooLong(file);
            }
            if (text.length == 0) {
                throw damaged("It is empty.");
            }
            int firstEnd = endOfLine(0);
            String first = string(0, Math.min(firstEnd, 64));
            if (!first.startsWith(MAGIC)) {
                throw refused(
                        "It does not begin with '" + MAGIC + FORMAT + "', so it is no key file of this library.",
                        "Check the path, or put the right file there.");
            }
            for (byte b : text) {
                if (b == '\r') {
                    throw refused(
                            "Its lines end in CR LF, or it holds a CR: an editor or a transfer changed it.",
                            "Copy the file again, byte by byte, or take it from a backup.");
                }
            }
            String format = first.substring(MAGIC.length());
            if (!format.equals(FORMAT)) {
                if (firstEnd <= 64 && NUMBER.matcher(format).matches()) {
                    throw refused(
                            "It has format " + format + ", which is newer than this release, which knows format "
                                    + FORMAT + ".",
                            "Use a newer release of this library.");
                }
                throw damaged("Its first line is not '" + MAGIC + FORMAT + "'.");
            }
            if (text[text.length - 1] != '\n') {
                throw damaged("Its last line does not end in a newline, so it was cut or edited.");
            }
            int end = checksummed();
            int line = 1;
            for (int from = firstEnd + 1; from < end; from = endOfLine(from) + 1) {
                line++;
                version(from, endOfLine(from), line);
            }
            if (versions.isEmpty()) {
                throw damaged("It holds no version of a key.");
            }
            if (versions.stream().noneMatch(version -> version.state() == State.ACTIVE)) {
                throw damaged("None of its versions is active.");
            }
            return new KeyFile(versions);
        }

        /** Checks the last line; gives its offset. */
        private int checksummed() {
            int from = text.length - CHECKSUM_LINE_BYTES;
            boolean placed = from > 0
                    && text[from - 1] == '\n'
                    && string(from, from + CHECKSUM.length()).equals(CHECKSUM)
                    && HASH.matcher(string(from + CHECKSUM.length(), text.length - 1))
                            .matches();
            if (!placed) {
                throw damaged("Its last line is no checksum, so it was cut or edited.");
            }
            if (!string(from + CHECKSUM.length(), text.length - 1).equals(sha256(text, from))) {
                throw damaged("Its checksum does not fit, so it was changed.");
            }
            return from;
        }

        private void version(int from, int end, int line) {
            int[] starts = new int[6];
            int found = 1;
            starts[0] = from;
            for (int i = from; i < end; i++) {
                if (text[i] == ' ') {
                    if (found == starts.length) {
                        throw badLine(line, "has more than six fields");
                    }
                    starts[found++] = i + 1;
                }
            }
            if (found != starts.length || !field(starts, 0).equals(VERSION)) {
                throw badLine(line, "is no line of a version");
            }
            String number = field(starts, 1);
            String id = field(starts, 2);
            if (!NUMBER.matcher(number).matches()) {
                throw badLine(line, "has no version number");
            }
            if (!ID.matcher(id).matches()) {
                throw badLine(line, "has no version id of 32 lower-case hex digits");
            }
            State state = state(field(starts, 3), line);
            Instant made = date(field(starts, 4), line);
            int parsedNumber = Integer.parseInt(number);
            if (!versions.isEmpty()) {
                int before = versions.get(versions.size() - 1).number();
                if (parsedNumber == before) {
                    throw badLine(line, "repeats a version number");
                }
                if (parsedNumber < before) {
                    throw badLine(line, "is out of order: version numbers must grow");
                }
            }
            if (!ids.add(id)) {
                throw badLine(line, "repeats a version id");
            }
            SecretBytes key = key(starts[5], end, line);
            versions.add(new Version(parsedNumber, HexFormat.of().parseHex(id), state, made, key));
        }

        private State state(String word, int line) {
            for (State state : State.values()) {
                if (state.word.equals(word)) {
                    return state;
                }
            }
            throw badLine(line, "has a state that is neither 'active' nor 'retired'");
        }

        private Instant date(String word, int line) {
            if (DATE.matcher(word).matches()) {
                try {
                    Instant made = Instant.parse(word);
                    if (made.toString().equals(word)) {
                        return made;
                    }
                } catch (DateTimeException e) {
                    throw badLine(line, "has a date that is none");
                }
            }
            throw badLine(line, "has no date in the form 2026-01-31T12:00:00Z");
        }

        private SecretBytes key(int from, int end, int line) {
            if (startsWith(from, end, PASSPHRASE)) {
                throw refused(
                        "Its line " + line + " holds a key wrapped by a passphrase, which this release cannot open.",
                        "Use a release that opens key files with a passphrase.");
            }
            if (!startsWith(from, end, PLAIN)) {
                throw badLine(line, "has a key of an unknown form");
            }
            byte[] encoded = Arrays.copyOfRange(text, from + PLAIN.length(), end);
            byte[] key = new byte[0];
            byte[] again = new byte[0];
            boolean taken = false;
            try {
                if (encoded.length == ENCODED_KEY_BYTES) {
                    key = Base64.getUrlDecoder().decode(encoded);
                    // The decoder lets stray bits of the last letter pass.
                    again = Base64.getUrlEncoder().withoutPadding().encode(key);
                    taken = key.length == KEY_BYTES && MessageDigest.isEqual(encoded, again);
                }
                if (!taken) {
                    throw badLine(line, "has a key that is not 32 bytes in base64url without padding");
                }
                return SecretBytes.owning(key);
            } catch (IllegalArgumentException e) {
                // Without the cause: the decoder's message quotes a character of the key.
                throw badLine(line, "has a key that is not 32 bytes in base64url without padding");
            } finally {
                Arrays.fill(encoded, (byte) 0);
                Arrays.fill(again, (byte) 0);
                if (!taken) {
                    Arrays.fill(key, (byte) 0);
                }
            }
        }

        private String field(int[] starts, int index) {
            return string(starts[index], starts[index + 1] - 1);
        }

        private boolean startsWith(int from, int end, String prefix) {
            return end - from >= prefix.length()
                    && string(from, from + prefix.length()).equals(prefix);
        }

        private int endOfLine(int from) {
            for (int i = from; i < text.length; i++) {
                if (text[i] == '\n') {
                    return i;
                }
            }
            return text.length;
        }

        private String string(int from, int end) {
            return new String(text, from, end - from, StandardCharsets.ISO_8859_1);
        }

        private KeyFileException badLine(int line, String what) {
            return damaged("Its line " + line + " " + what + ".");
        }

        private KeyFileException damaged(String why) {
            return refused(why, "Take the file from a backup; nothing that it wrapped opens without it.");
        }

        private KeyFileException refused(String why, String remedy) {
            return new KeyFileException("The key file " + file + " cannot be used.", why, remedy);
        }
    }

    static KeyFileException tooLong(Path file) {
        return new KeyFileException(
                "The key file " + file + " cannot be used.",
                "It is longer than " + MAX_BYTES + " bytes, so it is no key file.",
                "Check the path, or take the file from a backup.");
    }
}
