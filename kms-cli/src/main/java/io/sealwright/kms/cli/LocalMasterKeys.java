package io.sealwright.kms.cli;

import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyProvider;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.TimeSource;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.ServiceLoader;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The master keys that lie in a home as files, to tell which of them a header names. They unwrap nothing here. */
final class LocalMasterKeys implements AutoCloseable {
    private static final String SCHEME = "local";
    private static final String ENDING = ".key";

    private final List<MasterKey> keys = new ArrayList<>();

    /** A file that does not open is left out: {@code health} and {@code doctor} say why. */
    LocalMasterKeys(Path home) {
        ProviderSettings settings = new ProviderSettings(home, false, Duration.ofSeconds(10), TimeSource.system());
        for (MasterKeyProvider provider :
                ServiceLoader.load(MasterKeyProvider.class, LocalMasterKeys.class.getClassLoader())) {
            if (!provider.schemes().contains(SCHEME)) {
                continue;
            }
            for (String name : names(home.resolve(SCHEME))) {
                try {
                    keys.add(provider.open(new MasterKeyUri(SCHEME, name), settings));
                } catch (KmsException e) {
                    // Not one to name anything by.
                }
            }
        }
    }

    private static Iterable<String> names(Path folder) {
        TreeSet<String> names = new TreeSet<>();
        if (!Files.isDirectory(folder)) {
            return names;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + ENDING)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                names.add(name.substring(0, name.length() - ENDING.length()));
            }
        } catch (IOException e) {
            throw Failure.reading(folder.toString(), e);
        }
        return names;
    }

    /** The key and version that a recipient names, or null. */
    InspectCommand.@Nullable Resolved find(RecipientInfo named) {
        String check = named.keyCheck();
        if (check == null || !named.kind().equals("in-process")) {
            return null;
        }
        byte[] id = HexFormat.of().parseHex(named.id() + check);
        Recipient recipient = new Recipient(RecipientKind.IN_PROCESS.id(), id, new byte[1]);
        for (MasterKey key : keys) {
            if (key.recognizes(recipient)) {
                return new InspectCommand.Resolved(
                        key.uri(), Integer.valueOf(key.versionOf(recipient)), true, key.isOutdated(recipient));
            }
        }
        return null;
    }

    @Override
    public void close() {
        keys.forEach(MasterKey::close);
    }
}
