package io.sealwright.kms.cli;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How named keys are shown. */
final class KeyTexts {
    private KeyTexts() {}

    static void describe(Json out, NamedKey key) {
        List<KeyVersion> versions = key.versions();
        KeyVersion newest = versions.get(versions.size() - 1);
        out.put("name", key.name())
                .put("spec", key.spec().name())
                .put("state", Names.state(key.state()))
                .put("version", newest.number())
                .put("versionCount", versions.size())
                .put("createdAt", key.createdAt().toString())
                .put("rotatedAt", key.rotatedAt().toString())
                .put("nextRotationAt", text(key.nextRotationAt()))
                .put("destroyAt", text(key.destroyAt()))
                .put("masterKey", key.masterKey());
    }

    static String line(NamedKey key) {
        List<KeyVersion> versions = key.versions();
        return String.format(
                "%-24s %-12s v%-4d %-11s made %s%s%n",
                key.name(),
                key.spec(),
                versions.get(versions.size() - 1).number(),
                Names.state(key.state()),
                key.createdAt(),
                dates(key));
    }

    static String sentence(NamedKey key) {
        List<KeyVersion> versions = key.versions();
        return key.name() + ", " + key.spec() + ", version "
                + versions.get(versions.size() - 1).number() + ", " + Names.state(key.state()) + dates(key) + "\n";
    }

    private static String dates(NamedKey key) {
        Instant rotation = key.nextRotationAt();
        Instant end = key.state() == KeyState.DESTROYED ? null : key.destroyAt();
        return (rotation == null ? "" : ", rotates at " + rotation)
                + (end == null ? "" : ", to be destroyed at " + end);
    }

    /** One version in a line of its own. */
    static String line(KeyVersion version) {
        String end = version.destroyAt() == null
                ? ""
                : (version.state() == KeyState.DESTROYED ? "  destroyed " : "  to be destroyed at ")
                        + version.destroyAt();
        return String.format(
                "  v%-4d %-11s made %s  %s%s%n",
                version.number(), Names.state(version.state()), version.createdAt(), version.id(), end);
    }

    static String count(long keys) {
        return keys == 1 ? "1 key" : keys + " keys";
    }

    static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : time.toString();
    }
}
