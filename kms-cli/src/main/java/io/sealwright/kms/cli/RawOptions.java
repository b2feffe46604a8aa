package io.sealwright.kms.cli;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.migrate.RawAesGcm;
import io.sealwright.kms.migrate.RawAesGcm.Encoding;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretSourceProvider;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.Variables;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What data of an older system looks like. */
final class RawOptions {
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    @Option(
            names = "--raw",
            paramLabel = "LAYOUT",
            description = "Make messages of raw AES-GCM data too; the order of its fields, as iv|ciphertext|tag or"
                    + " iv:tag:ciphertext.")
    private @Nullable String layout;

    @Option(
            names = "--raw-key",
            paramLabel = "URI",
            description = "Where its key is, as env://OLD_KEY: 32 bytes in base64 or hex.")
    private @Nullable String key;

    @Option(names = "--raw-iv", paramLabel = "BYTES", description = "Length of its IV: 12 (default) or 16.")
    private @Nullable Integer ivBytes;

    @Option(
            names = "--raw-encoding",
            paramLabel = "E",
            description = "How it is written: bytes, base64 or hex; default bytes, hex with separated fields.")
    private @Nullable String encoding;

    /** The form and its keys, which are fetched; null if none was given. */
    @Nullable
    RawAesGcm open(Surroundings here, Path home) {
        if (layout == null && key == null && ivBytes == null && encoding == null) {
            return null;
        }
        if (layout == null || key == null) {
            throw Failure.usage(
                    "Raw data needs --raw and --raw-key.",
                    "Its form and its key belong together.",
                    "Give both, as --raw 'iv|ciphertext|tag' --raw-key env://OLD_KEY.");
        }
        RawAesGcm.Builder builder = RawAesGcm.builder().layout(layout);
        try {
            if (ivBytes != null) {
                builder.ivBytes(ivBytes);
            }
            if (encoding != null) {
                builder.encoding(encoding(encoding));
            }
            try (SecretSource source = source(here, home, key)) {
                builder.keys(source);
            }
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw Failure.usage("The form of the raw data is not clear.", e.getMessage() + ".", "Correct it.");
        }
    }

    private static Encoding encoding(String text) {
        for (Encoding one : Encoding.values()) {
            if (one.name().toLowerCase(Locale.ROOT).equals(text.toLowerCase(Locale.ROOT))) {
                return one;
            }
        }
        throw Failure.usage(
                "--raw-encoding does not know it.", "There are bytes, base64 and hex.", "Give one of them.");
    }

    private static SecretSource source(Surroundings here, Path home, String text) {
        MasterKeyUri uri = MasterKeyUri.parse(text);
        for (SecretSourceProvider provider : ServiceLoader.load(SecretSourceProvider.class)) {
            if (provider.schemes().contains(uri.scheme())) {
                return provider.open(
                        uri,
                        new ProviderSettings(
                                home, false, DEADLINE, TimeSource.system(), Variables.of(here.environment())));
            }
        }
        throw new ConfigurationException(
                "Nothing gives a key by the scheme '" + uri.scheme() + "'.",
                "It must be a place that keeps the key's bytes: a KMS does not hand them out.",
                "Put the key into a variable or a file, as OLD_KEY or OLD_KEY_FILE, and give env://OLD_KEY.");
    }
}
