package io.sealwright.kms.core.local;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.local.KeyFile.State;
import io.sealwright.kms.core.local.KeyFile.Version;
import io.sealwright.kms.error.KeyFileException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads what {@link KeyFile#encode} writes, and nothing else. Errors name the file and the line, never what stands in it.
 * Works on the bytes, since a key in a String could not be wiped.
 */
final class KeyFileParser {
    private static final String PASSPHRASE = "pbkdf2:";
    private static final int ENCODED_KEY_BYTES = 43;

    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,8}");
    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");
    private static final Pattern DATE = Pattern.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z");
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

    private final Path file;
    private final byte[] text;
    private final List<Version> versions = new ArrayList<>();
    private final Set<String> ids = new HashSet<>();

    KeyFileParser(Path file, byte[] text) {
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
        if (text.length > KeyFile.MAX_BYTES) {
            throw KeyFile.tooLong(file);
        }
        if (text.length == 0) {
            throw damaged("It is empty.");
        }
        int firstEnd = endOfLine(0);
        String first = string(0, Math.min(firstEnd, 64));
        if (!first.startsWith(KeyFile.MAGIC)) {
            throw refused(
                    "It does not begin with '" + KeyFile.MAGIC + KeyFile.FORMAT
                            + "', so it is no key file of this library.",
                    "Check the path, or put the right file there.");
        }
        for (byte b : text) {
            if (b == '\r') {
                throw refused(
                        "Its lines end in CR LF, or it holds a CR: an editor or a transfer changed it.",
                        "Copy the file again, byte by byte, or take it from a backup.");
            }
        }
        String format = first.substring(KeyFile.MAGIC.length());
        if (!format.equals(KeyFile.FORMAT)) {
            if (firstEnd <= 64 && NUMBER.matcher(format).matches()) {
                throw refused(
                        "It has format " + format + ", which is newer than this release, which knows format "
                                + KeyFile.FORMAT + ".",
                        "Use a newer release of this library.");
            }
            throw damaged("Its first line is not '" + KeyFile.MAGIC + KeyFile.FORMAT + "'.");
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
        int from = text.length - KeyFile.CHECKSUM_LINE_BYTES;
        boolean placed = from > 0
                && text[from - 1] == '\n'
                && string(from, from + KeyFile.CHECKSUM.length()).equals(KeyFile.CHECKSUM)
                && HASH.matcher(string(from + KeyFile.CHECKSUM.length(), text.length - 1))
                        .matches();
        if (!placed) {
            throw damaged("Its last line is no checksum, so it was cut or edited.");
        }
        if (!string(from + KeyFile.CHECKSUM.length(), text.length - 1).equals(KeyFile.sha256(text, from))) {
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
        if (found != starts.length || !field(starts, 0).equals(KeyFile.VERSION)) {
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
            if (state.word().equals(word)) {
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
        if (!startsWith(from, end, KeyFile.PLAIN)) {
            throw badLine(line, "has a key of an unknown form");
        }
        byte[] encoded = Arrays.copyOfRange(text, from + KeyFile.PLAIN.length(), end);
        byte[] key = new byte[0];
        byte[] again = new byte[0];
        boolean taken = false;
        try {
            if (encoded.length == ENCODED_KEY_BYTES) {
                key = Base64.getUrlDecoder().decode(encoded);
                // The decoder lets stray bits of the last letter pass.
                again = Base64.getUrlEncoder().withoutPadding().encode(key);
                taken = key.length == KeyFile.KEY_BYTES && MessageDigest.isEqual(encoded, again);
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
