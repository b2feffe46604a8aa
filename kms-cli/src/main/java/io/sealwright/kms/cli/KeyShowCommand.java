package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import java.util.List;
import picocli.CommandLine.Option;

/** {@code kms key show}. */
@picocli.CommandLine.Command(name = "show", description = "Shows one named key and its versions.", sortOptions = false)
final class KeyShowCommand extends OneKeyCommand {
    @Option(names = "--json", description = "Write JSON.")
    private boolean json;

    @Override
    public Integer call() {
        try (KeyManager kms = existing()) {
            NamedKey key = kms.keys().get(name());
            List<KeyVersion> versions = key.versions();
            if (json) {
                print(Json.object(one -> {
                            KeyTexts.describe(one, key);
                            one.putObjects(
                                    "versions",
                                    versions,
                                    (out, version) -> out.put("version", version.number())
                                            .put("id", version.id())
                                            .put("state", Names.state(version.state()))
                                            .put(
                                                    "createdAt",
                                                    version.createdAt().toString())
                                            .put("destroyAt", KeyTexts.text(version.destroyAt())));
                        })
                        + "\n");
            } else {
                StringBuilder lines = new StringBuilder(KeyTexts.line(key));
                for (KeyVersion version : versions) {
                    lines.append(KeyTexts.line(version));
                }
                print(lines.toString());
            }
        }
        return 0;
    }
}
