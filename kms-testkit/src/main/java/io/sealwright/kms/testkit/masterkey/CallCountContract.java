package io.sealwright.kms.testkit.masterkey;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.testkit.proof.Proof;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * How often a provider is asked for how many messages: a call for each data key, and none for a message. A provider's test extends
 * it and says what its server is asked for one data key. Size: {@code -Dkms.proof}; a million messages when whole (1), 10,000 at least.
 * Needs the engine ({@code kms-core}) at run time.
 */
@Timeout(600)
public abstract class CallCountContract {
    private static final int MESSAGES = Proof.of(1_000_000, 10_000);

    /** So many of the messages are kept to be opened, each as often as it takes. */
    private static final int KEPT = 1_000;

    private static final byte[] TEXT = "4111 1111 1111 1111".getBytes(StandardCharsets.UTF_8);

    /** For subclasses. */
    protected CallCountContract() {}

    /** Opens a key that works, as an application configures it; another handle on the same key each time. The contract closes it. */
    protected abstract MasterKey open() throws Exception;

    /** What the provider's server or device was asked so far: a text for each request, in their order. */
    protected abstract List<String> asked();

    /** What a fresh handle asks to seal messages of so many encryption contexts, with a data key for each. */
    protected abstract List<String> toSeal(int contexts) throws Exception;

    /** What a fresh handle asks to open them. */
    protected abstract List<String> toOpen(int contexts) throws Exception;

    @Test
    void messages_ofOneContext_takeOneDataKey() throws Exception {
        count(1);
    }

    @Test
    void messages_ofTenContexts_takeTen() throws Exception {
        count(10);
    }

    private void count(int contexts) throws Exception {
        int before = asked().size();
        List<byte[]> kept = seal(open(), MESSAGES, contexts);
        List<String> sealing = List.copyOf(asked().subList(before, asked().size()));
        before = asked().size();
        open(open(), kept, MESSAGES, contexts);
        List<String> opening = List.copyOf(asked().subList(before, asked().size()));
        System.out.printf(
                "%,d messages, contexts: %d, calls to seal: %d, to open: %d%n",
                MESSAGES, contexts, sealing.size(), opening.size());
        assertEquals(toSeal(contexts), sealing, "what was asked to seal");
        assertEquals(toOpen(contexts), opening, "what was asked to open");
    }

    /** Seals messages under a key, which it closes; at most 1,000 of them are kept. */
    protected static List<byte[]> seal(MasterKey key, int messages, int contexts) {
        List<byte[]> kept = new ArrayList<>();
        try (KeyManager kms = manager(key)) {
            for (int i = 0; i < messages; i++) {
                byte[] message =
                        kms.encrypt(TEXT).context("tenant", "t" + i % contexts).toBytes();
                if (i < KEPT) {
                    kept.add(message);
                }
            }
        }
        return kept;
    }

    /** Opens as many messages as that under a key, which it closes: those that were kept, again and again. */
    protected static void open(MasterKey key, List<byte[]> kept, int messages, int contexts) {
        try (KeyManager kms = manager(key)) {
            for (int i = 0; i < messages; i++) {
                int which = i % kept.size();
                byte[] opened = kms.decrypt(kept.get(which))
                        .context("tenant", "t" + which % contexts)
                        .toBytes();
                assertEquals(TEXT.length, opened.length);
            }
        }
    }

    private static KeyManager manager(MasterKey key) {
        // A data key of five minutes would be renewed while a slow machine seals a million.
        return KeyManager.builder()
                .masterKey(key)
                .dataKeys(p -> p.maxAge(Duration.ofHours(1)))
                .build();
    }
}
