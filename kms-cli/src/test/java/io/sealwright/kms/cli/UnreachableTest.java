package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.cli.Run.Result;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that gives no answer, and little time: the error says which master key is meant. */
@Timeout(120)
class UnreachableTest {
    private static final String NOBODY = "http://127.0.0.1:1";

    /** In milliseconds, beside the 10 seconds of the default. */
    private static final String SHORT = "2000";

    /** The first time, where nobody listens: loading the provider's classes takes a loaded machine longer than the short one. */
    private static final String PATIENT = "30000";

    private static final String KEY = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";

    @TempDir
    Path folder;

    private Run run(String address, String timeout) {
        return Run.at(folder.resolve("home"))
                .with("VAULT_ADDR", address)
                .with("VAULT_TOKEN", "t")
                .with("KMS_TIMEOUT", timeout);
    }

    private Run both(String address, String timeout) {
        return run(address, timeout)
                .with("MASTER_ENCRYPTION_KEY", KEY)
                .with("KMS_ALSO_WRAP_WITH", "vault-transit://transit/app");
    }

    private static String refused(Result result) {
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.errLines()).singleElement().asString().endsWith("[KMS_UNAVAILABLE]");
        return result.err();
    }

    /** The store lies under a key at hand, so that what is asked of the server is the message's or the new key's alone. */
    @Test
    void serverHangs_shortDeadline_namesTheMasterKey() throws Exception {
        Path plain = Files.writeString(folder.resolve("a"), "attack at dawn");
        assertThat(Run.at(folder.resolve("home"))
                        .with("MASTER_ENCRYPTION_KEY", KEY)
                        .kms("encrypt", plain, "-o", folder.resolve("b"))
                        .code())
                .isZero();
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            refused(both(NOBODY, PATIENT).kms("key", "create", "orders"));
            Run run = both("http://127.0.0.1:" + silent.getLocalPort(), SHORT);
            assertThat(refused(run.kms("key", "create", "orders"))).contains("vault-transit://transit/app");
        }
    }

    @Test
    void noServer_shortDeadline_namesTheAddressesVariable() throws Exception {
        Path plain = Files.writeString(folder.resolve("a"), "attack at dawn");
        for (String timeout : List.of(PATIENT, SHORT)) {
            Run run = run(NOBODY, timeout);
            assertThat(refused(run.kms("encrypt", plain, "-m", "vault-transit://transit/app")))
                    .contains("VAULT_ADDR");
        }
    }
}
