package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code kms key …}. */
@picocli.CommandLine.Command(
        name = "key",
        description = "Makes, shows and changes named keys.",
        subcommands = {
            KeyCommand.Create.class,
            KeyCommand.ListAll.class,
            KeyCommand.Show.class,
            KeyCommand.Rotate.class,
            KeyCommand.Deactivate.class,
            KeyCommand.Compromise.class,
            KeyCommand.Destroy.class
        })
final class KeyCommand extends Command {
    @Override
    public Integer call() {
        throw new ParameterException(spec().commandLine(), "Missing: a command");
    }

    /** What all of them have. */
    abstract static class OfStore extends Command {
        @Option(names = "--store", paramLabel = "URL", description = "Store of named keys, as jdbc:sqlite:PATH.")
        private @Nullable String store;

        final Home home() {
            return Home.of(here(), store);
        }
    }

    /** {@code kms key create}. */
    @picocli.CommandLine.Command(
            name = "create",
            description = "Makes a named key; the first use makes key file and store.",
            sortOptions = false)
    static final class Create extends OfStore {
        @Parameters(paramLabel = "NAME", description = "Letters, digits, dots, underscores, hyphens; at most 128.")
        private String name = "";

        @Option(
                names = "--spec",
                paramLabel = "S",
                defaultValue = "AES_256",
                description = "AES_256 (default), HMAC_SHA256, HMAC_SHA384 or HMAC_SHA512.")
        private String spec = "";

        @Option(names = "--active-from", paramLabel = "T", description = "Seals from this time on, in ISO 8601.")
        private @Nullable String activeFrom;

        @Option(names = "--rotate-every", hidden = true, arity = "0..1", fallbackValue = "")
        private @Nullable String rotateEvery;

        @Override
        public Integer call() {
            refuse("--rotate-every", rotateEvery);
            Names.key(name);
            KeySpec wanted = Names.spec(spec);
            Instant from = activeFrom == null ? null : Names.time("--active-from", activeFrom);
            try (KeyManager kms = home().making()) {
                NamedKey key = from == null
                        ? kms.keys().create(name, wanted)
                        : kms.keys().create(name, wanted, from);
                print("created " + sentence(key));
            }
            return 0;
        }
    }

    /** {@code kms key list}. */
    @picocli.CommandLine.Command(name = "list", description = "Lists all named keys.", sortOptions = false)
    static final class ListAll extends OfStore {
        @Option(names = "--json", description = "Write JSON.")
        private boolean json;

        @Override
        public Integer call() {
            Home home = home();
            home.demandKeyFileOfStore();
            home.demandNamedStore();
            if (!home.hasStore()) {
                print(json ? "{\"keys\":[]}\n" : "");
                return 0;
            }
            try (KeyManager kms = home.existing()) {
                List<NamedKey> keys = kms.keys().list();
                if (json) {
                    print(Json.object(all -> all.putObjects("keys", keys, KeyCommand::describe)) + "\n");
                } else {
                    StringBuilder lines = new StringBuilder();
                    keys.forEach(key -> lines.append(line(key)));
                    print(lines.toString());
                }
            }
            return 0;
        }
    }

    /** {@code kms key show}. */
    @picocli.CommandLine.Command(
            name = "show",
            description = "Shows one named key and its versions.",
            sortOptions = false)
    static final class Show extends OfStore {
        @Parameters(paramLabel = "NAME", description = "The key's name.")
        private String name = "";

        @Option(names = "--json", description = "Write JSON.")
        private boolean json;

        @Override
        public Integer call() {
            try (KeyManager kms = existing(home(), name)) {
                NamedKey key = kms.keys().get(name);
                List<KeyVersion> versions = key.versions();
                if (json) {
                    print(Json.object(one -> {
                                describe(one, key);
                                one.putObjects(
                                        "versions",
                                        versions,
                                        (out, version) -> out.put("version", version.number())
                                                .put("id", version.id())
                                                .put("state", Names.state(version.state()))
                                                .put(
                                                        "createdAt",
                                                        version.createdAt().toString())
                                                .put("destroyAt", text(version.destroyAt())));
                            })
                            + "\n");
                } else {
                    StringBuilder lines = new StringBuilder(line(key));
                    for (KeyVersion version : versions) {
                        lines.append(String.format(
                                "  v%-4d %-11s made %s  %s%s%n",
                                version.number(),
                                Names.state(version.state()),
                                version.createdAt(),
                                version.id(),
                                version.destroyAt() == null ? "" : "  destroyed " + version.destroyAt()));
                    }
                    print(lines.toString());
                }
            }
            return 0;
        }
    }

    /** {@code kms key rotate}. */
    @picocli.CommandLine.Command(
            name = "rotate",
            description = "Makes a new version, which encrypts from now on; the older ones go on opening.",
            sortOptions = false)
    static final class Rotate extends OfStore {
        @Parameters(paramLabel = "NAME", description = "The key's name.")
        private String name = "";

        @Override
        public Integer call() {
            try (KeyManager kms = existing(home(), name)) {
                NamedKey key = kms.keys().get(name);
                key.rotate();
                print("rotated " + sentence(key));
            }
            return 0;
        }
    }

    /** What changes the state of a key or of one version. */
    abstract static class Change extends OfStore {
        @Parameters(paramLabel = "NAME", description = "The key's name.")
        private String name = "";

        @Option(names = "--version", paramLabel = "N", description = "Only this version; default: the whole key.")
        private @Nullable Integer version;

        @Option(names = "--yes", description = "Do not ask.")
        boolean yes;

        abstract String verb();

        abstract String consequence();

        abstract void whole(NamedKey key);

        abstract void version(NamedKey key, int number);

        void check() {}

        @Override
        public final Integer call() {
            check();
            Names.key(name);
            Integer number = version;
            if (number != null && number < 1) {
                throw Failure.usage(
                        "--version needs a number from 1.",
                        "There is no version " + number + ".",
                        "See: kms key show " + name);
            }
            Home home = home();
            if (number == null && !yes) {
                demandTerminal();
            }
            try (KeyManager kms = existing(home, name)) {
                NamedKey key = kms.keys().get(name);
                if (number == null) {
                    if (!yes) {
                        confirm(key);
                    }
                    whole(key);
                } else {
                    version(key, number);
                }
                print(sentence(key));
            }
            return 0;
        }

        private void demandTerminal() {
            if (!here().terminals().in() || !here().terminals().err()) {
                throw Failure.usage(
                        "The whole key '" + name + "' is changed only with --yes.",
                        "There is no terminal to ask at.",
                        "Add --yes, or name one version with --version N.");
            }
        }

        private void confirm(NamedKey key) {
            here().writeError(Printable.text(verb() + " key '" + name + "' with all its "
                    + key.versions().size() + " versions? " + consequence() + " [y/N] "));
            String answer = readLine().strip().toLowerCase(Locale.ROOT);
            if (!answer.equals("y") && !answer.equals("yes")) {
                throw new Failure(
                        Failure.Code.KMS_CLI_NOT_CONFIRMED,
                        "Nothing was changed.",
                        "The question was not answered with y.",
                        "Start the command again to be asked again.");
            }
        }

        private String readLine() {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            try {
                for (int b = here().in().read();
                        b >= 0 && b != '\n';
                        b = here().in().read()) {
                    line.write(b);
                }
            } catch (IOException e) {
                throw Failure.reading("standard input", e);
            }
            return line.toString(StandardCharsets.UTF_8);
        }
    }

    /** {@code kms key deactivate}. */
    @picocli.CommandLine.Command(
            name = "deactivate",
            description = "Ends encrypting under a key or version; it goes on opening.",
            sortOptions = false)
    static final class Deactivate extends Change {
        @Override
        String verb() {
            return "Deactivate";
        }

        @Override
        String consequence() {
            return "Nothing can be encrypted under it any more.";
        }

        @Override
        void whole(NamedKey key) {
            key.deactivate();
        }

        @Override
        void version(NamedKey key, int number) {
            key.deactivate(number);
        }
    }

    /** {@code kms key compromise}. */
    @picocli.CommandLine.Command(
            name = "compromise",
            description = "Marks a key or version compromised: it opens only with --allow-compromised.",
            sortOptions = false)
    static final class Compromise extends Change {
        @Override
        String verb() {
            return "Mark as compromised";
        }

        @Override
        String consequence() {
            return "Its messages open only with --allow-compromised.";
        }

        @Override
        void whole(NamedKey key) {
            key.compromise();
        }

        @Override
        void version(NamedKey key, int number) {
            key.compromise(number);
        }
    }

    /** {@code kms key destroy}. */
    @picocli.CommandLine.Command(
            name = "destroy",
            description = "Erases a key or version at once; what was encrypted under it is lost.",
            sortOptions = false)
    static final class Destroy extends Change {
        @Option(names = "--now", description = "At once; together with --yes the only way in this release.")
        private boolean now;

        @Option(names = "--after", hidden = true, arity = "0..1", fallbackValue = "")
        private @Nullable String after;

        @Override
        void check() {
            refuse("--after", after);
            if (!now) {
                throw Failure.laterRelease("a waiting period for 'key destroy'; it destroys with --now --yes only");
            }
            if (!yes) {
                throw Failure.usage(
                        "A key is destroyed at once only with --now --yes.",
                        "What was encrypted under it will be lost for good.",
                        "Add --yes if that is meant.");
            }
        }

        @Override
        String verb() {
            return "Destroy";
        }

        @Override
        String consequence() {
            return "What was encrypted under it is lost for good.";
        }

        @Override
        void whole(NamedKey key) {
            key.destroyNow();
        }

        @Override
        void version(NamedKey key, int number) {
            key.destroyNow(number);
        }
    }

    private static KeyManager existing(Home home, String name) {
        Names.key(name);
        return home.existing();
    }

    private static void describe(Json out, NamedKey key) {
        List<KeyVersion> versions = key.versions();
        KeyVersion newest = versions.get(versions.size() - 1);
        out.put("name", key.name())
                .put("spec", key.spec().name())
                .put("state", Names.state(key.state()))
                .put("version", newest.number())
                .put("versionCount", versions.size())
                .put("createdAt", key.createdAt().toString())
                .put("rotatedAt", key.rotatedAt().toString())
                .putNull("nextRotationAt")
                .put("destroyAt", text(newest.destroyAt()))
                .put("masterKey", key.masterKey());
    }

    private static String line(NamedKey key) {
        List<KeyVersion> versions = key.versions();
        return String.format(
                "%-24s %-12s v%-4d %-11s made %s%n",
                key.name(),
                key.spec(),
                versions.get(versions.size() - 1).number(),
                Names.state(key.state()),
                key.createdAt());
    }

    private static String sentence(NamedKey key) {
        List<KeyVersion> versions = key.versions();
        return key.name() + ", " + key.spec() + ", version "
                + versions.get(versions.size() - 1).number() + ", " + Names.state(key.state()) + "\n";
    }

    private static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : time.toString();
    }
}
