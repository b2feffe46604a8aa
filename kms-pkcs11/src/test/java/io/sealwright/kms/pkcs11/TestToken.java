package io.sealwright.kms.pkcs11;

import io.sealwright.kms.testbed.Notes;
import io.sealwright.kms.testbed.Scripts;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real token in this process, SoftHSM's or NSS', reached directly or through the module that misbehaves as told
 * ({@code testbed/pkcs11-fault}). The library's state belongs to the process, so that there is one of each a test JVM, and
 * their tests run in one JVM, one after another. What a test does to it (faults, logouts, keys), it undoes.
 */
final class TestToken {
    static final String PIN = "correct-horse-1234";
    static final String SO_PIN = "security-officer-5678";
    static final String NSS_LABEL = "NSS Certificate DB";

    /** The kinds of {@code fault.c}, in its order. */
    enum Fault {
        NONE,
        RETURN_CODE,
        GONE,
        HANG,
        SHORT_ANSWER,
        LOSE_ONCE,
        KEYS_HIDDEN,
        DECRYPT_RETURNS,
        STORAGE_GONE,
        ONE_HIDDEN
    }

    /** The words of {@code fault.c}'s control file. */
    enum Word {
        FAULT,
        CODE,
        HANGING,
        OPENED,
        CLOSED,
        LOGINS,
        CALLS
    }

    private static final int CONTROL_BYTES = 64;
    private static @Nullable TestToken softHsm; // guarded by the class
    private static @Nullable TestToken nss; // guarded by the class

    private final Path library;
    private final String arguments;
    private final String label;
    private final Path faulty;
    private final Path controlFile;
    private final MappedByteBuffer control;
    private final Officer officer;

    private TestToken(String name, Path library, String arguments, String label) throws Exception {
        Path folder = Files.createTempDirectory("token-" + name);
        removeAtEnd(folder);
        this.library = library;
        this.arguments = arguments;
        this.label = label;
        // A copy for each: the module keeps its target in static variables.
        this.faulty = Files.copy(Scripts.path("pkcs11-fault/build"), folder.resolve("fault-" + name + ".so"));
        this.controlFile = Files.write(folder.resolve("control"), new byte[CONTROL_BYTES]);
        try (FileChannel channel = FileChannel.open(controlFile, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            this.control = channel.map(FileChannel.MapMode.READ_WRITE, 0, CONTROL_BYTES);
        }
        control.order(ByteOrder.nativeOrder());
        this.officer = new Officer(library, arguments, label);
    }

    /** SoftHSM with a fresh token; its configuration's place is in the environment that the build sets. */
    static synchronized TestToken softHsm() {
        if (softHsm == null) {
            try {
                Path configuration = Path.of(required("SOFTHSM2_CONF"));
                configure(configuration);
                softHsm = new TestToken("softhsm", Scripts.path("softhsm"), "", "contract");
                softHsm.officer.initSoftHsmToken(SO_PIN, PIN);
                Notes.used("SoftHSM", softHsm.officer.description() + ", real token, in process");
            } catch (Exception e) {
                throw Notes.missing("SoftHSM", String.valueOf(e.getMessage()), e);
            }
        }
        return softHsm;
    }

    /** An empty SoftHSM whose configuration stands there. */
    static void configure(Path configuration) throws IOException {
        Path tokens = configuration.resolveSibling("tokens");
        remove(tokens);
        Files.createDirectories(tokens);
        Files.writeString(
                configuration,
                "directories.tokendir = " + tokens
                        + "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n");
    }

    /** NSS' token with a fresh database. */
    static synchronized TestToken nss() {
        if (nss == null) {
            try {
                Path module = Scripts.path("nss");
                loadBeside(module);
                Path database = Files.createTempDirectory("nss");
                removeAtEnd(database);
                String arguments =
                        "configdir='sql:" + database + "' certPrefix='' keyPrefix='' secmod='secmod.db' flags=";
                nss = new TestToken("nss", module, arguments, NSS_LABEL);
                nss.officer.initNssToken(PIN);
                Notes.used("NSS softokn", nss.officer.description() + ", real token, in process");
            } catch (Exception e) {
                throw Notes.missing("NSS softokn", String.valueOf(e.getMessage()), e);
            }
        }
        return nss;
    }

    /** What a fetched NSS needs lies beside it, where the system's loader does not look. */
    private static void loadBeside(Path module) {
        for (String name :
                new String[] {"libnspr4.so", "libplc4.so", "libplds4.so", "libnssutil3.so", "libsqlite3.so.0"}) {
            Path library = module.resolveSibling(name);
            if (Files.exists(library) && !module.startsWith("/usr")) {
                System.load(library.toString());
            }
        }
    }

    private static String required(String variable) {
        String value = System.getenv(variable);
        if (value == null) {
            throw new IllegalStateException("the variable " + variable + " is not set; the build sets it");
        }
        return value;
    }

    private static void removeAtEnd(Path folder) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                remove(folder);
            } catch (IOException e) {
                System.err.println("left behind: " + folder);
            }
        }));
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    // ---- how tests reach it

    /** Through the module that misbehaves. */
    Pkcs11Options.Builder options() {
        return Pkcs11Options.builder().library(faulty).libraryArguments(faultyArguments());
    }

    Path faultyLibrary() {
        return faulty;
    }

    String faultyArguments() {
        return "target=" + library + ";control=" + controlFile + ";inner=" + arguments;
    }

    /** As an application reaches it. */
    Pkcs11Options.Builder direct() {
        Pkcs11Options.Builder options = Pkcs11Options.builder().library(library);
        return arguments.isEmpty() ? options : options.libraryArguments(arguments);
    }

    Path library() {
        return library;
    }

    String arguments() {
        return arguments;
    }

    /** The URI of a key on it. */
    String uri(String object) {
        return "pkcs11:token=" + label.replace(" ", "%20") + ";object=" + object;
    }

    /** Whoever administers the token, in sessions of its own, in the same process. */
    Officer officer() {
        return officer;
    }

    // ---- what may befall it

    void fault(Fault fault) {
        control.putInt(4 * Word.FAULT.ordinal(), fault.ordinal());
    }

    /** Each call to it returns that. */
    void returning(ReturnCode code) {
        returning(Fault.RETURN_CODE, code);
    }

    /** What that fault returns. */
    void returning(Fault fault, ReturnCode code) {
        control.putInt(4 * Word.CODE.ordinal(), (int) code.code());
        fault(fault);
    }

    int count(Word word) {
        return control.getInt(4 * word.ordinal());
    }

    /** Sessions that were opened through the misbehaving module and not closed. */
    int sessions() {
        return count(Word.OPENED) - count(Word.CLOSED);
    }
}
