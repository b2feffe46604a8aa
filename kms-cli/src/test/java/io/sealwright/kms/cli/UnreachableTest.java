package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that gives no answer, and little time: the error says which master key is meant. */
@Timeout(120)
class UnreachableTest extends FreshHome {
    private static final String NOBODY = "http://127.0.0.1:1";

    /** In milliseconds, beside the 10 seconds of the default. */
    private static final String SHORT = "2000";

    /** The first time, where nobody listens: loading the provider's classes takes a loaded machine longer than the short one. */
    private static final String PATIENT = "30000";

    private Run run(String address, String timeout) {
        return here().with("VAULT_ADDR", address).with("VAULT_TOKEN", "t").with("KMS_TIMEOUT", timeout);
    }

    private Run both(String address, String timeout) {
        return run(address, timeout)
                .with("MASTER_ENCRYPTION_KEY", KEY)
                .with("KMS_ALSO_WRAP_WITH", "vault-transit://transit/app");
    }

    /** The store lies under a key at hand, so that what is asked of the server is the message's or the new key's alone. */
    @Test
    void serverHangs_shortDeadline_namesTheMasterKey() throws Exception {
        here().with("MASTER_ENCRYPTION_KEY", KEY)
                .kms("encrypt", plain, "-o", folder.resolve("b"))
                .done();
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            both(NOBODY, PATIENT).kms("key", "create", "orders").refused("KMS_UNAVAILABLE");
            Run run = both("http://127.0.0.1:" + silent.getLocalPort(), SHORT);
            assertThat(run.kms("key", "create", "orders")
                            .refused("KMS_UNAVAILABLE")
                            .err())
                    .contains("vault-transit://transit/app");
        }
    }

    @Test
    void noServer_shortDeadline_namesTheAddressesVariable() throws Exception {
        for (String timeout : List.of(PATIENT, SHORT)) {
            Run run = run(NOBODY, timeout);
            assertThat(run.kms("encrypt", plain, "-m", "vault-transit://transit/app")
                            .refused("KMS_UNAVAILABLE")
                            .err())
                    .contains("VAULT_ADDR");
        }
    }
}
