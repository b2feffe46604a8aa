package io.sealwright.kms.gcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a whole manager on Google Cloud leaves behind. */
@Timeout(120)
class GcpManagerTest {
    private static final String HEX = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private final FakeGoogleCloud cloud = FakeGoogleCloud.start();

    @BeforeEach
    void prepare() {
        cloud.kms().create(Clouds.KEY);
        cloud.secrets().add(Clouds.SECRET, HEX);
    }

    @AfterEach
    void close() {
        cloud.close();
    }

    @Test
    void close_ofTheLastManager_leavesNoThreadOfOurs() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        for (int i = 0; i < 3; i++) {
            try (KeyManager kms = KeyManager.builder()
                    .masterKey(GcpKms.masterKey(Clouds.options(cloud), Clouds.KEY))
                    .build()) {
                kms.decrypt(kms.encrypt("hello").toBytes()).toText();
            }
        }
        cloud.close(); // its own threads go with it
        long end = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        Set<String> left = left(before);
        while (!left.isEmpty() && System.nanoTime() - end < 0) {
            TimeUnit.MILLISECONDS.sleep(200);
            left = left(before);
        }
        assertThat(left).isEmpty();
    }

    /**
     * gRPC's own are shared by all of its users in this process, and end a second after the last of them. Its default executor is left
     * out: gRPC 1.76 loses count of it by one for each TLS connection that another class's tests made here, so that it then
     * keeps a thread for the minute that idle ones have. A channel that was left open shows by the threads of its event loop.
     */
    private static Set<String> left(Set<Thread> before) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread))
                .map(Thread::getName)
                .filter(name -> name.toLowerCase(java.util.Locale.ROOT).matches("(grpc|gax|kms-gcp|fake-google|kms).*"))
                .filter(name -> !name.startsWith("grpc-default-executor"))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
