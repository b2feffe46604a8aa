package io.sealwright.kms.core.local;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A process of its own that makes or rotates {@code local://default}; tells the test of each step on its output. */
final class KeyFileProcess {
    private KeyFileProcess() {}

    /** Starts one. It says {@code ready} and then waits for a line. */
    static Process start(Path home, String work) throws IOException {
        String classes = Stream.of(KeyFileProcess.class, WrappingKey.class, KeyFile.class, SecretBytes.class)
                .map(KeyFileProcess::root)
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classes,
                        KeyFileProcess.class.getName(),
                        home.toString(),
                        work)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]);
        System.out.println("ready");
        if (System.in.read() < 0) {
            return;
        }
        if (args[1].equals("create")) {
            create(home);
        } else {
            rotate(home);
        }
    }

    /** Four threads at once; each says the recipient id that it wraps under. */
    private static void create(Path home) throws Exception {
        int threads = 4;
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        Callable<String> work = () -> {
            start.await();
            try (MasterKey key = open(home, true)) {
                WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());
                return HexFormat.of()
                        .formatHex(key.wrap(SecretBytes.copyOf(new byte[32]), binding)
                                .id());
            }
        };
        List<Future<String>> done = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            done.add(pool.submit(work));
        }
        for (Future<String> each : done) {
            System.out.println(each.get());
        }
        pool.shutdown();
    }

    /** Until killed; the parent's end of the pipe going away ends it too. */
    private static void rotate(Path home) {
        try (MasterKey key = open(home, true)) {
            while (!System.out.checkError()) {
                System.out.println("begin");
                System.out.println("end " + key.rotate());
            }
        }
    }

    private static MasterKey open(Path home, boolean create) {
        return new LocalKeyProvider()
                .open(
                        MasterKeyUri.parse("local://default"),
                        new ProviderSettings(home, create, Duration.ofSeconds(30), TimeSource.system()));
    }

    /** Where a class lies, whether tests run on the class path or on the module path. */
    private static String root(Class<?> type) {
        String name = type.getName().replace('.', '/') + ".class";
        URL url = Objects.requireNonNull(type.getResource(type.getSimpleName() + ".class"), name);
        if (url.getProtocol().equals("jar")) {
            String jar = url.getPath().substring(0, url.getPath().indexOf("!/"));
            return Path.of(URI.create(jar)).toString();
        }
        try {
            Path path = Path.of(url.toURI());
            for (int i = 0; i < name.split("/").length; i++) {
                path = Objects.requireNonNull(path.getParent());
            }
            return path.toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
