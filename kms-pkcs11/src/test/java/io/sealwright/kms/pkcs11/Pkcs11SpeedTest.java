package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Prints how many data keys a second the tokens wrap and unwrap: the figures of docs/providers/PKCS11.md. */
@ParameterizedClass
@EnumSource(Pkcs11KeyTest.Which.class)
@Timeout(120)
class Pkcs11SpeedTest {
    private static final int WARM_UP = 2_000;
    private static final int OPERATIONS = 5_000;

    /** A session or a login for each call would cost more than this. */
    private static final double SLOWEST = 100;

    private static final WrapBinding BINDING =
            new WrapBinding(Purpose.DATA_KEY, EncryptionContext.of("tenant", "acme"));

    private final Pkcs11KeyTest.Which which;
    private final TestToken token;

    Pkcs11SpeedTest(Pkcs11KeyTest.Which which) {
        this.which = which;
        this.token = which == Pkcs11KeyTest.Which.NSS ? TestToken.nss() : TestToken.softHsm();
    }

    @Test
    void wrapAndUnwrap_operationsASecond_arePrinted() throws Exception {
        String name = "speed-" + UUID.randomUUID();
        Pkcs11Options options = token.direct().pin(TestToken.PIN.toCharArray()).build();
        try (MasterKey key = Pkcs11Keys.create(options, token.uri(name));
                SecretBytes secret = SecretBytes.owning(new byte[32])) {
            Recipient recipient = key.wrap(secret, BINDING);
            Runnable wrap = () -> key.wrap(secret, BINDING);
            Runnable unwrap = () -> key.unwrap(recipient, BINDING).close();
            rate(1, WARM_UP, wrap);
            rate(1, WARM_UP, unwrap);
            double wraps = rate(1, OPERATIONS, wrap);
            double unwraps = rate(1, OPERATIONS, unwrap);
            double together = rate(8, OPERATIONS, wrap);
            System.out.printf(
                    "%s: %.0f wraps/s and %.0f unwraps/s on one thread, %.0f wraps/s on eight%n",
                    which, wraps, unwraps, together);
            assertThat(Math.min(Math.min(wraps, unwraps), together)).isGreaterThan(SLOWEST);
        } finally {
            token.officer().destroy(name);
        }
    }

    private static double rate(int threads, int operations, Runnable operation) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        long from = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            pool.execute(() -> {
                for (int n = 0; n < operations / threads; n++) {
                    operation.run();
                }
            });
        }
        pool.shutdown();
        assertThat(pool.awaitTermination(100, TimeUnit.SECONDS)).isTrue();
        return operations / ((System.nanoTime() - from) / 1e9);
    }
}
