package io.sealwright.kms.core.local;

import io.sealwright.kms.core.crypto.CloneSafeRandom;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;

/** Opens {@code local://NAME}: the key in the file {@code local/NAME.key} of the library's home. */
public final class LocalKeyProvider implements MasterKeyProvider {
    private static final String SCHEME = "local";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private final Disk disk;

    /** For {@link java.util.ServiceLoader}. */
    public LocalKeyProvider() {
        this(new Disk());
    }

    LocalKeyProvider(Disk disk) {
        this.disk = disk;
    }

    /**
     * Where a key lies.
     *
     * @param home as {@link KmsHome#resolve} finds it
     * @throws ConfigurationException if the name is none
     */
    public static Path file(Path home, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new ConfigurationException(
                    "The master key URI of scheme 'local' names no key.",
                    "A name has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit.",
                    "Give something like local://default.");
        }
        return home.toAbsolutePath().resolve(SCHEME).resolve(name + ".key");
    }

    @Override
    public Set<String> schemes() {
        return Set.of(SCHEME);
    }

    /**
     * Reads the key file at once; makes it first if it is missing and the settings allow that.
     *
     * @throws ConfigurationException if the URI's name is none
     * @throws io.sealwright.kms.error.KeyNotFoundException if the file is not there and is not to be made
     * @throws io.sealwright.kms.error.KeyFileException if it cannot be read or made, is damaged, or open to all
     */
    @Override
    public MasterKey open(MasterKeyUri uri, ProviderSettings settings) {
        Path file = file(settings.home(), uri.rest());
        KeyFileStore store = new KeyFileStore(file, uri.toString(), settings.deadline(), disk);
        if (settings.createMissing()) {
            store.createIfMissing(() -> KeyFile.fresh(settings.time().instant(), new CloneSafeRandom()));
        }
        return LocalMasterKey.open(uri.toString(), store, settings.time());
    }
}
