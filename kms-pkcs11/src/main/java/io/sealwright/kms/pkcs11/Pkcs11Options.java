package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.BuilderChecks;
import io.sealwright.kms.spi.ForeignText;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.xipki.pkcs11.wrapper.PKCS11Module;

/**
 * Which PKCS#11 library reaches the token, how we log in, and how much of it we use. Immutable, safe for concurrent use;
 * never prints the PIN. The library is code that runs in this process, so it is named here or in the environment, never
 * in a URI.
 */
public final class Pkcs11Options implements AutoCloseable {
    static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
    static final int DEFAULT_SESSIONS = 8;

    static final int MOST_SESSIONS = 256;
    private static final int LONGEST_ARGUMENTS = 4096;

    private final CryptokiModule module;
    private final Pin pin;
    private final Duration timeout;
    private final int sessions;

    private Pkcs11Options(Builder builder, CryptokiModule module) {
        this.module = module;
        this.pin = builder.pin == null ? Pin.none() : builder.pin;
        this.timeout = builder.timeout == null ? DEFAULT_TIMEOUT : builder.timeout;
        this.sessions = builder.sessions == 0 ? DEFAULT_SESSIONS : builder.sessions;
    }

    /** Begins with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    CryptokiModule module() {
        return module;
    }

    Pin pin() {
        return pin;
    }

    Duration timeout() {
        return timeout;
    }

    int sessions() {
        return sessions;
    }

    /** Wipes the PIN. Keys that were opened before keep a copy of their own until they are closed. */
    @Override
    public void close() {
        pin.close();
    }

    @Override
    public String toString() {
        return "Pkcs11Options[" + module + ", " + pin + ", " + sessions + " sessions]";
    }

    /** Collects the settings. For one thread. */
    public static final class Builder {
        private @Nullable Path library;
        private @Nullable PKCS11Module ready;
        private @Nullable String arguments;
        private @Nullable Pin pin;
        private @Nullable Duration timeout;
        private int sessions;

        private Builder() {}

        /**
         * The vendor's library, as {@code /usr/lib/softhsm/libsofthsm2.so}; this or {@link #module(PKCS11Module)} is
         * required. It is loaded at the first use and stays loaded: it belongs to the whole process, so it is neither
         * unloaded nor finalised, and another part of the process may use it, too.
         *
         * @throws ConfigurationException if the path is not absolute, or no file is there
         */
        public Builder library(Path library) {
            BuilderChecks.once("library", this.library);
            if (!library.isAbsolute() || !Files.isRegularFile(library)) {
                throw new ConfigurationException(
                        "The PKCS#11 library " + ForeignText.shown(library.toString()) + " cannot be used.",
                        library.isAbsolute() ? "No file is there." : "Its path is not absolute.",
                        "Give the whole path of the library that came with the token.");
            }
            this.library = library;
            return this;
        }

        /**
         * A library that the program has loaded and started by itself; {@code C_Initialize} is left to it, and
         * {@code C_Finalize} must wait until the keys are closed.
         */
        public Builder module(PKCS11Module ready) {
            BuilderChecks.once("module", this.ready);
            this.ready = ready;
            return this;
        }

        /**
         * Text that the library wants when it starts, as NSS does ({@code configdir='sql:/etc/pki/nssdb' …}).
         *
         * @throws ConfigurationException if it has a NUL, or over 4,096 bytes
         */
        public Builder libraryArguments(String arguments) {
            BuilderChecks.once("libraryArguments", this.arguments);
            if (arguments.indexOf('\0') >= 0 || arguments.getBytes(StandardCharsets.UTF_8).length > LONGEST_ARGUMENTS) {
                throw new ConfigurationException(
                        "The arguments of the PKCS#11 library cannot be used.",
                        "They hold a NUL, or more than " + LONGEST_ARGUMENTS + " bytes.",
                        "Give them as the library's manual writes them.");
            }
            this.arguments = arguments;
            return this;
        }

        /**
         * The PIN of the token's normal user. Copied; the array stays the caller's to wipe.
         *
         * @throws ConfigurationException if it is empty, or has over 1,024 bytes in UTF-8
         */
        public Builder pin(char[] pin) {
            BuilderChecks.once("pin", this.pin);
            this.pin = Pin.of(pin);
            return this;
        }

        /** A file with the PIN, in UTF-8; one final newline is dropped. Read anew at each login. */
        public Builder pinFile(Path file) {
            BuilderChecks.once("pin", this.pin);
            this.pin = Pin.file(file);
            return this;
        }

        Builder pin(Pin pin) {
            BuilderChecks.once("pin", this.pin);
            this.pin = pin;
            return this;
        }

        /**
         * The total time of one operation, login included; then the caller goes on, and the native call, which nothing
         * can end, keeps its thread until the token answers. Default 10 s; at most 10 minutes. A key opened by its URI
         * takes the manager's deadline instead.
         *
         * @throws IllegalArgumentException if it is not positive, or longer
         */
        public Builder timeout(Duration timeout) {
            BuilderChecks.once("timeout", this.timeout);
            this.timeout = BuilderChecks.timeout(timeout);
            return this;
        }

        /**
         * The most sessions with the token, and so the most native calls at once and the most threads that a token which
         * hangs can hold. One more is opened while a key is made. Default 8: more are of no use to most tokens, which
         * work on one or a few requests at a time.
         *
         * @throws IllegalArgumentException if it is not 1 to 256
         */
        public Builder sessions(int sessions) {
            BuilderChecks.once("sessions", this.sessions == 0 ? null : this.sessions);
            if (sessions < 1 || sessions > MOST_SESSIONS) {
                throw new IllegalArgumentException("sessions must be 1 to " + MOST_SESSIONS + ", not " + sessions);
            }
            this.sessions = sessions;
            return this;
        }

        /**
         * Checks the settings against each other; loads nothing.
         *
         * @throws ConfigurationException if no library was given, two were, or this process uses the library with other
         *     arguments
         */
        public Pkcs11Options build() {
            Path path = library;
            PKCS11Module module = ready;
            if (path == null && module == null) {
                throw new ConfigurationException(
                        "The settings of the token name no PKCS#11 library.",
                        "It was given neither in the program nor in the environment.",
                        "Set KMS_PKCS11_MODULE to the whole path of the library that came with the token, or"
                                + " Pkcs11Options' library.");
            }
            if (module != null && (path != null || arguments != null)) {
                throw new ConfigurationException(
                        "The settings of the token contradict each other.",
                        "A module that is loaded was given, and a library or its arguments as well.",
                        "Leave one of them out.");
            }
            return new Pkcs11Options(
                    this,
                    module != null
                            ? CryptokiModule.of(module)
                            : CryptokiModule.of(Objects.requireNonNull(path), arguments));
        }
    }
}
