package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.KeyText;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.Variables;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A key in a variable, or in the file that {@code NAME_FILE} names; with {@code NAME_PREVIOUS}, which opens what was sealed
 * before a rotation, and {@code NAME_NEXT}, which opens what processes seal that have rotated already.
 */
final class EnvSecretSource implements SecretSource {
    static final String MASTER = "MASTER_ENCRYPTION_KEY";
    static final String APPLICATION = "ENCRYPTION_KEY";
    static final int FEWEST_CHARACTERS = 32;

    private final String name;
    private final Variables variables;

    EnvSecretSource(String name, Variables variables) {
        this.name = name;
        this.variables = variables;
    }

    @Override
    public String uri() {
        return "env://" + name;
    }

    @Override
    public boolean onThisMachine() {
        return true;
    }

    /**
     * Reads the variables, and the files that they name.
     *
     * @throws KeyNotFoundException if the variable is not set, or the file that it names is not there
     * @throws ConfigurationException if one holds no key, or value and file are both set
     */
    @Override
    public SecretVersions fetch() {
        demandFile();
        SecretVersion current = version(name).orElseThrow(this::notSet);
        SecretVersion next = null;
        try {
            next = version(name + "_NEXT").orElse(null);
            return new SecretVersions(
                    "",
                    current,
                    version(name + "_PREVIOUS").map(List::of).orElse(List.of()),
                    Optional.ofNullable(next));
        } catch (RuntimeException | Error e) {
            current.close();
            if (next != null) {
                next.close();
            }
            throw e;
        }
    }

    /** A file that is named and not there is a key that was not made yet. */
    private void demandFile() {
        Optional<Path> file = variables.value(name).isPresent() ? Optional.empty() : variables.fileOf(name);
        if (file.isPresent() && Files.notExists(file.get())) {
            throw new KeyNotFoundException(
                    "There is no master key " + uri() + ".",
                    "The file " + file.get() + ", which " + name + "_FILE names, is not there.",
                    "Put the key there; a new one is made by: kms master-key bootstrap --create");
        }
    }

    private Optional<SecretVersion> version(String variable) {
        Optional<SecretBytes> text = variables.secret(variable);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try (SecretBytes letters = text.get()) {
            return Optional.of(version(variable, letters));
        }
    }

    private SecretVersion version(String variable, SecretBytes letters) {
        Optional<SecretBytes> key = Optional.empty();
        if (!name.equals(MASTER)) {
            key = KeyText.hex(letters);
        }
        if (key.isEmpty() && !name.equals(APPLICATION)) {
            key = KeyText.base64(letters);
        }
        if (key.isPresent()) {
            return SecretVersion.key(variable, key.get(), null);
        }
        int characters = name.equals(APPLICATION) ? characters(letters) : 0;
        if (characters >= FEWEST_CHARACTERS) {
            byte[] copy = letters.copy();
            return SecretVersion.passphrase(variable, SecretBytes.owning(copy), null);
        }
        throw new ConfigurationException(
                variable + " holds no key.",
                "It has " + KeyText.shape(letters) + (characters < 0 ? ", which are not UTF-8." : "."),
                allowed(variable));
    }

    private String allowed(String variable) {
        return switch (name) {
            case MASTER ->
                "Set " + variable + " to 32 bytes in base64 or base64url, which is 43 or 44 characters and"
                        + " nothing else, as made by: openssl rand -base64 32";
            case APPLICATION ->
                "Set " + variable + " to 64 hex digits, as made by: openssl rand -hex 32; or to a"
                        + " passphrase of at least " + FEWEST_CHARACTERS + " characters.";
            default ->
                "Set " + variable + " to 32 bytes in base64 or base64url (43 or 44 characters) or to 64 hex"
                        + " digits, as made by: openssl rand -base64 32";
        };
    }

    /** How many characters it has; -1 if it is not UTF-8. */
    private static int characters(SecretBytes text) {
        byte[] bytes = text.copy();
        CharBuffer characters = null;
        try {
            characters = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes));
            return Character.codePointCount(characters, 0, characters.length());
        } catch (CharacterCodingException e) {
            return -1;
        } finally {
            Arrays.fill(bytes, (byte) 0);
            wipe(characters);
        }
    }

    private static void wipe(@Nullable CharBuffer characters) {
        if (characters != null) {
            Arrays.fill(characters.array(), '\0');
        }
    }

    private KeyNotFoundException notSet() {
        return new KeyNotFoundException(
                "There is no master key " + uri() + ".",
                "The variable " + name + " is not set, and " + name + "_FILE neither.",
                allowed(name));
    }

    @Override
    public boolean writable() {
        return variables.value(name).isEmpty()
                && variables.fileOf(name).filter(Files::notExists).isPresent();
    }

    /**
     * Makes the file that {@code NAME_FILE} names, mode 0600, if it is not there; the variables of a process cannot be set
     * from within, and what replaces a key that is in use is decided by whoever sets them.
     */
    @Override
    public String write(SecretBytes key, String expected) {
        Optional<Path> file = variables.value(name).isEmpty() ? variables.fileOf(name) : Optional.empty();
        if (!expected.isEmpty() || file.isEmpty() || Files.exists(file.get())) {
            throw version(name).map(this::rotateByHand).orElseGet(this::createByHand);
        }
        try (SecretBytes text = name.equals(APPLICATION) ? KeyText.toHex(key) : KeyText.toBase64(key)) {
            NewFile.write(file.get(), text);
        }
        return name;
    }

    private RefusedException rotateByHand(SecretVersion there) {
        there.close();
        return refused(
                "It comes from outside, and all processes that share it must open under the new key before one seals"
                        + " under it.",
                "1. Make a key (openssl rand " + (name.equals(APPLICATION) ? "-hex" : "-base64") + " 32) and set it as "
                        + name + "_NEXT everywhere, and restart. 2. Set " + name + " to the new key and " + name
                        + "_PREVIOUS to the old one, unset " + name + "_NEXT, and restart. 3. Re-wrap what is stored;"
                        + " keep " + name + "_PREVIOUS for as long as there are messages under it.");
    }

    private RefusedException createByHand() {
        return refused(
                "A program cannot set a variable of the one that started it.",
                "Make a key (openssl rand " + (name.equals(APPLICATION) ? "-hex" : "-base64") + " 32) and set " + name
                        + " to it; or set " + name + "_FILE to a file that is to be made.");
    }

    private RefusedException refused(String why, String remedy) {
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED, "No new key can be put into " + uri() + ".", why, remedy);
    }

    @Override
    public String check() {
        try (SecretVersions versions = fetch()) {
            boolean passphrase = versions.current().form() == SecretVersion.Form.PASSPHRASE;
            String from = variables.value(name).isPresent()
                    ? "variable " + name
                    : "file " + variables.fileOf(name).orElseThrow();
            return uri() + ": " + (passphrase ? "passphrase" : "key of 32 bytes") + " from " + from
                    + (versions.previous().isEmpty() ? "" : ", with " + name + "_PREVIOUS")
                    + (versions.next().isEmpty() ? "" : ", with " + name + "_NEXT");
        }
    }

    @Override
    public void close() {}
}
