package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.JsonObject;
import io.github.jopenlibs.vault.json.JsonValue;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretTexts;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.UntilClosed;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The field {@code key} of a secret in the KV engine, version 2: 32 bytes in base64, base64url or hex. The secret's older
 * versions are the key's. Written by check-and-set alone, in the form and beside the fields that were there.
 */
final class VaultKvSource implements SecretSource {
    private static final String FIELD = "key";
    private static final String MADE = "created_at";
    private static final String DESCRIPTION = "description";
    private static final Pattern REVISION = Pattern.compile("[1-9][0-9]{0,8}");

    private final String uri;
    private final String dataPath;
    private final VaultSession session;
    private final TimeSource time;
    private final UntilClosed<VaultSession> use;

    /** @param path mount, and behind the first slash the secret's path */
    VaultKvSource(String uri, String path, VaultSession session, TimeSource time) {
        int slash = path.indexOf('/');
        this.uri = uri;
        this.dataPath = path.substring(0, slash) + "/data" + path.substring(slash);
        this.session = session;
        this.use = new UntilClosed<>(session.retain(), session::release, "The secret " + uri);
        this.time = time;
    }

    @Override
    public String uri() {
        return uri;
    }

    /**
     * One request for each version that the server keeps (10 unless its {@code max_versions} says otherwise), of the newest
     * {@link SecretVersions#MOST} numbers.
     */
    @Override
    public SecretVersions fetch() {
        Deadline deadline = use.get().deadline();
        Found newest = read("", deadline);
        if (newest.fields == null) {
            throw newest.deleted(uri);
        }
        SecretVersion current = key(newest).orElseThrow(() -> noKey(newest.fields.get(FIELD)));
        List<SecretVersion> previous = new ArrayList<>();
        Instant written = newest.written();
        try {
            for (long version = newest.version - 1;
                    version > 0 && newest.version - version < SecretVersions.MOST;
                    version--) {
                Found older = read("?version=" + version, deadline);
                if (older.version == 0) {
                    break; // the server keeps none that is older
                }
                if (older.version != version) {
                    throw anotherVersion(older.version, version);
                }
                if (older.fields != null) {
                    key(older).ifPresent(previous::add);
                    written = earlier(written, older.written());
                }
            }
            return new SecretVersions(
                    Long.toString(newest.version),
                    current,
                    previous,
                    Optional.empty(),
                    newest.text(DESCRIPTION),
                    written);
        } catch (RuntimeException | Error e) {
            current.close();
            previous.forEach(SecretVersion::close);
            throw e;
        }
    }

    private static @Nullable Instant earlier(@Nullable Instant one, @Nullable Instant other) {
        return one == null || other != null && other.isBefore(one) ? other : one;
    }

    private UnavailableException anotherVersion(long came, long asked) {
        return new UnavailableException(
                "The server gave no usable answer: read " + uri + ".",
                "It gave version " + came + " where version " + asked + " was asked for.",
                "Look at what lies between, such as a cache that leaves out what stands behind the question mark.");
    }

    @Override
    public String check() {
        return SecretSource.super.check() + session.ofConnection();
    }

    @Override
    public boolean writable() {
        return true;
    }

    /** @return the new version's number */
    @Override
    public String write(SecretBytes key, String expected) {
        Deadline deadline = use.get().deadline();
        JsonObject fields = new JsonObject();
        String there = null;
        int compared = 0;
        if (!expected.isEmpty()) {
            if (!REVISION.matcher(expected).matches()) {
                throw new IllegalArgumentException("not a revision of this secret");
            }
            compared = Integer.parseInt(expected);
            Found before = read("", deadline);
            if (before.version != compared || before.fields == null) {
                throw conflict();
            }
            fields = new JsonObject(before.fields);
            there = before.text(FIELD);
        }
        fields.set(FIELD, SecretTexts.text(key, there, false));
        if (fields.get(MADE) != null) {
            fields.set(MADE, time.instant().truncatedTo(ChronoUnit.SECONDS).toString());
        }
        JsonObject body = new JsonObject().add("data", fields).add("options", new JsonObject().add("cas", compared));
        Answer answer = session.ask(Request.post("write " + uri, dataPath, body), deadline);
        if (answer.says("check-and-set")) {
            throw conflict();
        }
        if (!answer.ok()) {
            throw refused(answer, "write");
        }
        return Long.toString(answer.data().number("version"));
    }

    @Override
    public void close() {
        use.close();
    }

    @Override
    public String toString() {
        return "VaultKvSource[" + uri + "]";
    }

    /** One version; one that is not there, or was deleted, has no fields. */
    private Found read(String query, Deadline deadline) {
        Answer answer = session.ask(Request.get("read " + uri, dataPath + query), deadline);
        if (answer.status() == 404 && !answer.has("data")) {
            if (query.isEmpty() || !answer.errors().isEmpty()) {
                throw refused(answer, "read");
            }
            return new Found(0, null, null);
        }
        if (!answer.ok() && answer.status() != 404) {
            throw refused(answer, "read");
        }
        Answer.Part metadata = answer.data().part("metadata");
        return new Found(
                metadata.number("version"),
                answer.ok() ? answer.data().part("data").object() : null,
                made(metadata.text("created_time", "")));
    }

    private static @Nullable Instant made(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static Optional<SecretVersion> key(Found found) {
        return SecretTexts.key(found.text(FIELD))
                .map(key -> SecretVersion.key("version " + found.version, key, found.made));
    }

    private ConfigurationException noKey(@Nullable JsonValue value) {
        return value == null
                ? SecretTexts.unusable(uri, "It has no field '" + FIELD + "'.")
                : SecretTexts.noKey(uri, "Its field '" + FIELD + "'", value.isString() ? value.asString() : null);
    }

    private RuntimeException refused(Answer answer, String verb) {
        if (answer.status() == 404 && answer.hasErrors()) {
            boolean mount = answer.says("no handler for route");
            return new KeyNotFoundException(
                    "The secret " + uri + " is not there.",
                    mount
                            ? "The server has nothing mounted there."
                            : answer.says("namespace not found")
                                    ? "The server has no namespace '" + session.namespace() + "'."
                                    : "The server says that there is no such secret.",
                    mount
                            ? "Check mount and namespace; an engine is mounted (with Vault: vault instead of bao) by: bao"
                                    + " secrets enable -path=" + dataPath.substring(0, dataPath.indexOf('/'))
                                    + " -version=2 kv"
                            : "Check mount, path and namespace; kms master-key bootstrap --create makes one where a policy"
                                    + " lets it.");
        }
        return new UnavailableException(
                "The server gave no usable answer: " + verb + " " + uri + ".",
                "It refused the request for a reason that this release does not know (HTTP " + answer.status()
                        + answer.told() + ").",
                "Check that the mount is a KV engine of version 2; look at the server's log.");
    }

    private StoreException conflict() {
        return new StoreException(
                ErrorCode.KMS_STORE_CONFLICT,
                "The secret " + uri + " was not written.",
                "It has changed since it was read, or versions of it that were deleted are still listed.",
                "Read it again, then repeat; a deleted secret is undeleted, or its metadata removed, on the server.");
    }

    /** A version as it was read. No record, since it holds the key, and a record prints its parts. */
    private static final class Found {
        /** 0: the server has none of that number. */
        final long version;
        /** Null if it was deleted. */
        final @Nullable JsonObject fields;

        final @Nullable Instant made;

        Found(long version, @Nullable JsonObject fields, @Nullable Instant made) {
            this.version = version;
            this.fields = fields;
            this.made = made;
        }

        /** Null if there is no such field, or it is empty or no text. */
        @Nullable
        String text(String name) {
            JsonValue value = fields == null ? null : fields.get(name);
            return value == null || !value.isString() || value.asString().isEmpty() ? null : value.asString();
        }

        /** When the key was made, as its owner wrote it there. */
        @Nullable
        Instant written() {
            String text = text(MADE);
            return text == null ? null : VaultKvSource.made(text);
        }

        KeyNotFoundException deleted(String uri) {
            return new KeyNotFoundException(
                    "The secret " + uri + " was deleted.",
                    "The server says so of its newest version, " + version + ".",
                    "Undelete that version on the server if it was a mistake.");
        }
    }
}
