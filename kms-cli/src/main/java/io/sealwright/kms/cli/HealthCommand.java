package io.sealwright.kms.cli;

import io.sealwright.kms.Health;
import io.sealwright.kms.KeyManager;
import java.util.stream.Collectors;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kms health}. */
@picocli.CommandLine.Command(
        name = "health",
        description = "Asks master key and store whether they answer; exits 1 if one does not.",
        sortOptions = false)
final class HealthCommand extends Command {
    @Option(names = "--json", description = "Write JSON.")
    private boolean json;

    @Mixin
    private final StoreOption store = new StoreOption();

    @Override
    public Integer call() {
        try (KeyManager kms = new Managers(store.home(here())).present()) {
            Health health = kms.health();
            demandHealthy(health);
            if (json) {
                print(Json.object(all -> all.put("healthy", health.healthy())
                                .put("checkedAt", health.checkedAt().toString())
                                .putObjects(
                                        "parts",
                                        health.parts(),
                                        (out, part) -> out.put("name", part.name())
                                                .put("healthy", part.healthy())
                                                .put("detail", part.detail())
                                                .put(
                                                        "latencyMillis",
                                                        part.latency().toMillis())))
                        + "\n");
            } else {
                StringBuilder lines = new StringBuilder();
                for (Health.Part part : health.parts()) {
                    lines.append(Printable.text(String.format(
                                    "%-20s healthy, %d ms: %s",
                                    part.name(), part.latency().toMillis(), detail(part))))
                            .append('\n');
                }
                print(lines.toString());
            }
        }
        return 0;
    }

    /** The detail, without the name before it that some parts repeat there. */
    static String detail(Health.Part part) {
        String name = part.name() + ": ";
        return part.detail().startsWith(name) ? part.detail().substring(name.length()) : part.detail();
    }

    static void demandHealthy(Health health) {
        if (!health.healthy()) {
            throw new Failure(
                    Failure.Code.KMS_CLI_UNHEALTHY,
                    "Not healthy.",
                    health.parts().stream()
                            .filter(part -> !part.healthy())
                            .map(part -> part.name() + ": " + detail(part))
                            .collect(Collectors.joining("; ")),
                    "Mend that, and ask again.");
        }
    }
}
