package io.sealwright.kms.core.engine;

import io.sealwright.kms.Health;
import io.sealwright.kms.Health.Part;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Asks every part at once, so that all of it takes one deadline at most. */
final class HealthCheck {
    private final List<MasterKey> masterKeys;
    private final @Nullable NamedKeyStore store;
    private final @Nullable NamedKeyRing namedKeys;
    private final ProviderCalls calls;
    private final TimeSource time;

    HealthCheck(
            List<MasterKey> masterKeys,
            @Nullable NamedKeyStore store,
            @Nullable NamedKeyRing namedKeys,
            ProviderCalls calls,
            TimeSource time) {
        this.masterKeys = masterKeys;
        this.store = store;
        this.namedKeys = namedKeys;
        this.calls = calls;
        this.time = time;
    }

    Health run() {
        List<CompletableFuture<Part>> asked = new ArrayList<>();
        for (MasterKey key : masterKeys) {
            asked.add(ask(key.uri(), () -> calls.invoke(key, Operation.CHECK, key::check)));
        }
        if (store != null) {
            NamedKeyStore present = store;
            asked.add(ask("store", () -> {
                long revision = present.revision();
                if (namedKeys != null) {
                    namedKeys.demandOpens();
                }
                return present.describe() + ", revision " + revision;
            }));
        }
        List<Part> parts = asked.stream().map(CompletableFuture::join).toList();
        return new Health(parts.stream().allMatch(Part::healthy), time.instant(), parts);
    }

    private CompletableFuture<Part> ask(String name, Supplier<String> question) {
        long from = time.nanoTime();
        CompletableFuture<String> answer;
        try {
            answer = calls.submit("checking " + name, question, discarded -> {});
        } catch (KmsException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        return answer.handle((detail, failure) -> {
            Duration took = Duration.ofNanos(time.nanoTime() - from);
            if (failure == null) {
                return new Part(name, true, detail, took);
            }
            Throwable cause = failure.getCause() == null ? failure : failure.getCause();
            Throwable shown = failure instanceof KmsException ? failure : cause;
            return new Part(name, false, String.valueOf(shown.getMessage()), took);
        });
    }
}
