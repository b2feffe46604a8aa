package io.sealwright.kms.cli;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.RecipientKey;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kms inspect}. */
@picocli.CommandLine.Command(
        name = "inspect",
        description = "Shows what a message's header says. Needs no key, and verifies nothing.",
        sortOptions = false)
final class InspectCommand extends Command {
    /** What is longer is an id. */
    private static final String PASSPHRASE = "passphrase";

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    @Parameters(paramLabel = "IN", description = "Message to look at, or - for standard input.")
    private String input = "";

    @Option(names = "--json", description = "Write JSON.")
    private boolean json;

    @Option(names = "--resolve", description = "Open store and master key, and add the names of keys.")
    private boolean resolve;

    @Mixin
    private final StoreOption store = new StoreOption();

    /**
     * A version of a named key, or of a master key.
     *
     * @param version null if the key's versions have no numbers
     * @param outdated whether it is one of a master key that has newer ones
     */
    record Resolved(String name, @Nullable Integer version, boolean masterKey, boolean outdated) {}

    @Override
    public Integer call() {
        try (Source source = Source.open(here(), input)) {
            byte[] header = source.read(Source.HEADER_BYTES);
            MessageInfo info = KeyManager.inspect(header);
            Long size = source.size();
            Long bodyBytes = size == null ? null : Math.max(0, size - info.headerBytes());
            Map<String, Resolved> names = resolve ? names(info, header) : Map.of();
            print(json ? json(info, bodyBytes, names) + "\n" : text(info, bodyBytes, names));
        }
        return 0;
    }

    private Map<String, Resolved> names(MessageInfo info, byte[] header) {
        Map<String, Resolved> names = new HashMap<>();
        Home home = store.home(here());
        try (KeyManager kms = new Managers(home).present()) {
            if (home.hasStore()) {
                for (NamedKey key : kms.keys().list()) {
                    for (KeyVersion version : key.versions()) {
                        names.put(version.id(), new Resolved(key.name(), version.number(), false, false));
                    }
                }
            }
        }
        try (KeyManager masterKeys = new Managers(home).masterKeysAlone()) {
            configured(info, masterKeys.recipients(header), names);
        }
        try (LocalMasterKeys local = new LocalMasterKeys(home.folder())) {
            for (RecipientInfo recipient : info.recipients()) {
                Resolved found = local.find(recipient);
                if (found != null) {
                    names.put(recipient.id(), found);
                }
            }
        }
        return names;
    }

    /** The master keys of the configuration, wherever they lie: by comparing ids, as opening does. */
    private static void configured(MessageInfo info, List<RecipientKey> keys, Map<String, Resolved> names) {
        for (int i = 0; i < info.recipients().size(); i++) {
            RecipientKey key = keys.get(i);
            if (key.kind() == RecipientKey.Kind.MASTER_KEY) {
                Integer version = NUMBER.matcher(key.version()).matches() ? Integer.valueOf(key.version()) : null;
                RecipientInfo recipient = info.recipients().get(i);
                boolean told =
                        !recipient.kind().equals(PASSPHRASE); // of which passphrase one is shows only by opening it
                names.put(recipient.id(), new Resolved(key.key(), version, true, told && !key.newest()));
            }
        }
    }

    private String json(MessageInfo info, @Nullable Long bodyBytes, Map<String, Resolved> names) {
        BodySize size = BodySize.of(info.suiteId(), bodyBytes);
        return Json.object(message -> {
            message.put("version", info.version())
                    .put("suite", info.suite() == null ? null : info.suite().name())
                    .put("suiteId", info.suiteId())
                    .put("level", info.levelId())
                    .put("levelName", info.level() == null ? null : info.level().name())
                    .put("form", form(info))
                    .put("keyId", info.keyId());
            if (resolve && info.keyId() != null) {
                putResolved(message, names.get(info.keyId()));
            }
            message.putObjects("recipients", info.recipients(), (out, recipient) -> {
                        out.put("kind", recipient.kind())
                                .put("id", recipient.id())
                                .put("keyCheck", recipient.keyCheck())
                                .put("wrapBytes", recipient.wrapBytes());
                        if (resolve) {
                            putResolved(out, names.get(recipient.id()));
                        }
                    })
                    .put("belowQuorum", info.belowQuorum())
                    .putObjects(
                            "context",
                            info.context().pairs().entrySet(),
                            (out, pair) -> out.put("name", pair.getKey()).put("value", pair.getValue()))
                    .putNumbers("extensions", info.extensions())
                    .put("headerBytes", info.headerBytes())
                    .put("bodyBytes", bodyBytes)
                    .put("plaintextBytes", size.plaintextBytes())
                    .put("chunks", size.chunks())
                    .put("verified", false);
        });
    }

    private static void putResolved(Json out, @Nullable Resolved resolved) {
        if (resolved == null) {
            out.putNull("key");
        } else {
            Integer version = resolved.version();
            out.putObject(
                    "key",
                    key -> key.put("name", resolved.name())
                            .put("version", version == null ? null : version.longValue()));
        }
    }

    private static String form(MessageInfo info) {
        return info.form().name().toLowerCase(Locale.ROOT);
    }

    private static String text(MessageInfo info, @Nullable Long bodyBytes, Map<String, Resolved> names) {
        BodySize size = BodySize.of(info.suiteId(), bodyBytes);
        StringBuilder out = new StringBuilder();
        line(out, "message", "version " + info.version() + ", " + form(info));
        line(
                out,
                "suite",
                info.suiteId() + " "
                        + (info.suite() == null ? info.suiteId() == 0 ? "none" : "unknown" : info.suite()));
        line(out, "level", info.levelId() + " " + (info.level() == null ? "unknown" : info.level()));
        if (info.keyId() != null) {
            line(out, "key", info.keyId() + resolved(names.get(info.keyId())));
        }
        if (!info.recipients().isEmpty() || info.wantedRecipients() > 0) {
            line(out, "recipients", info.recipients().size() + " of " + info.wantedRecipients() + " wanted");
        }
        for (RecipientInfo recipient : info.recipients()) {
            line(
                    out,
                    "",
                    recipient.kind() + " " + recipient.id()
                            + (recipient.keyCheck() == null ? "" : ", key check " + recipient.keyCheck())
                            + ", wrap " + recipient.wrapBytes() + " bytes" + resolved(names.get(recipient.id())));
        }
        info.context().pairs().forEach((name, value) -> line(out, "context", name + "=" + value));
        for (int extension : info.extensions()) {
            line(out, "extension", Integer.toString(extension));
        }
        line(out, "header", info.headerBytes() + " bytes");
        if (bodyBytes != null) {
            line(out, "body", bodyBytes + " bytes" + plaintext(size));
        }
        out.append("not verified: no key was used\n");
        return out.toString();
    }

    private static String plaintext(BodySize size) {
        if (size.plaintextBytes() == null) {
            return ", which fits no plaintext: the message is cut, or of a kind that this release does not know";
        }
        return ": " + size.plaintextBytes() + " bytes of plaintext"
                + (size.chunks() == null || size.chunks() == 0 ? "" : " in " + size.chunks() + " chunks");
    }

    private static String resolved(@Nullable Resolved key) {
        if (key == null) {
            return "";
        }
        return (key.masterKey() ? " = master key " + key.name() : " = key '" + key.name() + "'")
                + (key.version() == null ? "" : ", version " + key.version())
                + (key.version() == null && key.outdated() ? ", not its newest version" : "");
    }

    private static void line(StringBuilder out, String label, String text) {
        out.append(String.format("%-11s%s%n", label, Printable.text(text)));
    }
}
