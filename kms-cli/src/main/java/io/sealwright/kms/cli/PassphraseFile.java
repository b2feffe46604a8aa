package io.sealwright.kms.cli;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;

/** What {@code --passphrase-file} names: a file, or standard input as {@code -}; one final newline is dropped. */
final class PassphraseFile {
    static final int FEWEST_CHARACTERS = 12;
    private static final int MOST_BYTES = 64 << 10;

    private PassphraseFile() {}

    /**
     * A key stretched from the passphrase, which a builder takes as a master key and closes.
     *
     * @param name value of the option
     * @throws Failure if the file cannot be read, or holds no passphrase
     */
    static SecretSource source(Surroundings here, String name) {
        return SecretSource.of("passphrase:file", SecretVersion.passphrase("file", read(here, name), null));
    }

    /**
     * Reads it.
     *
     * @param name value of the option
     * @return UTF-8, which the caller closes
     * @throws Failure if the file cannot be read, or holds no passphrase
     */
    static SecretBytes read(Surroundings here, String name) {
        byte[] content = new byte[0];
        try (InputStream in = name.equals("-") ? here.in() : Files.newInputStream(Failure.path(name))) {
            content = in.readNBytes(MOST_BYTES + 3);
            int length = content.length;
            if (length > 0 && content[length - 1] == '\n') {
                length -= length > 1 && content[length - 2] == '\r' ? 2 : 1;
            }
            if (length > MOST_BYTES) {
                throw refused(name, "It has more than " + MOST_BYTES + " bytes.");
            }
            int characters = characters(name, content, length);
            if (characters < FEWEST_CHARACTERS) {
                throw refused(
                        name, "It has " + characters + " characters; at least " + FEWEST_CHARACTERS + " are due.");
            }
            return SecretBytes.owning(Arrays.copyOf(content, length));
        } catch (IOException e) {
            throw Failure.reading(name, e);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    private static int characters(String name, byte[] content, int length) {
        try {
            var decoded = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content, 0, length));
            int characters = Character.codePointCount(decoded, 0, decoded.length());
            Arrays.fill(decoded.array(), '\0');
            return characters;
        } catch (CharacterCodingException e) {
            throw refused(name, "It is not UTF-8.");
        }
    }

    private static Failure refused(String name, String why) {
        return new Failure(
                Failure.Code.KMS_CLI_INPUT,
                "'" + name + "' holds no passphrase.",
                why,
                "Put one line of text there, " + FEWEST_CHARACTERS + " characters or more.");
    }
}
