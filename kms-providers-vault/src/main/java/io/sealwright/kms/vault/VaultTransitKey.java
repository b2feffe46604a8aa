package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.JsonArray;
import io.github.jopenlibs.vault.json.JsonObject;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.UntilClosed;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrappedKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A key of the transit engine. Purpose and context are the associated data of each wrap, so that the server itself
 * refuses another binding. Never makes a key: the server's {@code encrypt} would, where the policy lets it, so that each
 * wrap first asks whether the key is there, and {@code datakey}, which never does, is used where it binds.
 */
final class VaultTransitKey implements MasterKey {
    private static final int SHORTEST_KEY_BYTES = 16;
    private static final int LONGEST_KEY_BYTES = 64;

    /** Whether the server makes data keys that are bound to associated data; told by trying. */
    private enum DataKeys {
        UNKNOWN,
        BOUND,
        NOT_USED
    }

    private final String uri;
    private final String mount;
    private final String key;
    private final byte[] id;
    private final VaultSession session;
    private final SecureRandom random = new SecureRandom();
    private final AtomicLong newest = new AtomicLong(); // version; 0: not known yet
    private final UntilClosed<VaultSession> use;
    private volatile DataKeys dataKeys = DataKeys.UNKNOWN;

    /** @param path mount and, behind the last slash, key */
    VaultTransitKey(String uri, String path, VaultSession session) {
        int slash = path.lastIndexOf('/');
        this.uri = uri;
        this.mount = path.substring(0, slash);
        this.key = path.substring(slash + 1);
        this.id = TransitWrap.id(session.namespace(), path);
        this.session = session;
        this.use = new UntilClosed<>(session.retain(), session::release, "The key " + uri);
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return recipient.names(RecipientKind.VAULT_TRANSIT, id);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        int version = TransitWrap.version(recipient);
        return version != 0 && version < newest.get();
    }

    /** Versions are disabled one by one, from the oldest. */
    @Override
    public String versionOf(Recipient recipient) {
        return Integer.toString(TransitWrap.version(recipient));
    }

    /** Asks for the newest version's number. */
    @Override
    public boolean refresh() {
        long before = newest.get();
        return facts("look at", use.get().deadline()).latest() > before;
    }

    @Override
    public GeneratedKey generate(WrapBinding binding) {
        Deadline deadline = use.get().deadline();
        if (dataKeys != DataKeys.NOT_USED) {
            GeneratedKey made = dataKey(binding, deadline);
            if (made != null) {
                return made;
            }
        }
        byte[] fresh = new byte[32];
        random.nextBytes(fresh);
        SecretBytes secret = SecretBytes.owning(fresh);
        try {
            GeneratedKey made = new GeneratedKey(secret, wrap(secret, binding, deadline));
            // Only now: while the server denies both, or does not answer, nothing is told about data keys.
            dataKeys = DataKeys.NOT_USED;
            return made;
        } catch (RuntimeException | Error e) {
            secret.close();
            throw e;
        }
    }

    @Override
    public Recipient wrap(SecretBytes secret, WrapBinding binding) {
        return wrap(secret, binding, use.get().deadline());
    }

    private Recipient wrap(SecretBytes secret, WrapBinding binding, Deadline deadline) {
        facts("wrap with", deadline).requireUsable(uri);
        String what = "encrypt with " + uri;
        byte[] bytes = secret.copy();
        JsonObject body = new JsonObject();
        try {
            body.add("plaintext", Base64.getEncoder().encodeToString(bytes))
                    .add("associated_data", TransitWrap.associatedData(binding));
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
        Answer answer = session.ask(Request.post(what, mount + "/encrypt/" + key, body), deadline);
        return recipient(accepted(answer, what), what);
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        Deadline deadline = use.get().deadline();
        if (!recognizes(recipient)) {
            throw new AuthenticationFailedException();
        }
        return SecretBytes.owning(decrypt(recipient, binding, deadline));
    }

    /** A server takes 1,000 texts in one request, names included; four belong to each wrap. */
    @Override
    public int largestBatch() {
        return 200;
    }

    @Override
    public List<Optional<SecretBytes>> unwrapAll(List<WrappedKey> wrapped) {
        JsonArray batch = new JsonArray();
        List<Boolean> asked = new ArrayList<>();
        for (WrappedKey one : wrapped) {
            String ciphertext = recognizes(one.recipient()) ? TransitWrap.ciphertext(one.recipient()) : null;
            asked.add(ciphertext != null);
            if (ciphertext != null) {
                batch.add(ciphertext(ciphertext, one.binding()));
            }
        }
        // Without it one wrap that does not open makes the whole answer an error.
        JsonObject body = new JsonObject().add("batch_input", batch).add("partial_failure_response_code", 200);
        String what = "decrypt several with " + uri;
        List<Optional<SecretBytes>> opened = new ArrayList<>();
        if (batch.size() == 0) {
            asked.forEach(none -> opened.add(Optional.empty()));
            return opened;
        }
        Answer answer = session.ask(
                Request.post(what, mount + "/decrypt/" + key, body), use.get().deadline());
        Iterator<Answer.Part> results = accepted(answer, what)
                .data()
                .parts("batch_results", batch.size())
                .iterator();
        try {
            for (boolean there : asked) {
                opened.add(there ? result(results.next()) : Optional.empty());
            }
            return opened;
        } catch (RuntimeException | Error e) {
            opened.forEach(secret -> secret.ifPresent(SecretBytes::close));
            throw e;
        }
    }

    /** Empty where it is no key: one wrap that holds something else, which whoever may encrypt can make, spoils no other. */
    private static Optional<SecretBytes> result(Answer.Part result) {
        if (!result.text("error", "").isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(SecretBytes.owning(plaintext(result, SHORTEST_KEY_BYTES, LONGEST_KEY_BYTES)));
        } catch (UnavailableException e) {
            return Optional.empty();
        }
    }

    @Override
    public String check() {
        TransitFacts facts = facts("look at", use.get().deadline());
        facts.requireUsable(uri);
        return uri + ": " + facts.type() + ", version " + facts.latest() + " of " + facts.rotated()
                + ", opens from version " + facts.oldestOpening() + " on"
                + session.ofConnection();
    }

    @Override
    public MasterKeyMetadata metadata() {
        TransitFacts facts = facts("look at", use.get().deadline());
        return new MasterKeyMetadata(
                uri,
                Long.toString(facts.latest()),
                null,
                facts.created(),
                facts.rotated(),
                !facts.softDeleted(),
                facts.usage(),
                facts.type());
    }

    /** @return the new version's number */
    @Override
    public String rotate() {
        Deadline deadline = use.get().deadline();
        String what = "rotate " + uri;
        // Rotating a key that is not there is an error of the server's own, but one without a name.
        facts("rotate", deadline).requireUsable(uri);
        accepted(session.ask(Request.post(what, keyPath() + "/rotate", new JsonObject()), deadline), what);
        return Long.toString(facts("rotate", deadline).latest());
    }

    @Override
    public void close() {
        use.close();
    }

    @Override
    public String toString() {
        return "VaultTransitKey[" + uri + "]";
    }

    private String keyPath() {
        return mount + "/keys/" + key;
    }

    private TransitFacts facts(String verb, Deadline deadline) {
        String what = verb + " " + uri;
        Answer answer = session.ask(Request.get(what, keyPath()), deadline);
        if (answer.status() == 404 && answer.hasErrors()) {
            throw notThere(answer, what);
        }
        if (!answer.ok()) {
            throw unexplained(answer, what);
        }
        TransitFacts facts = TransitFacts.of(answer.data());
        saw(facts.latest());
        return facts;
    }

    /** Null if the server's data keys cannot be used: it has none, denies them, or binds them to nothing. */
    private @Nullable GeneratedKey dataKey(WrapBinding binding, Deadline deadline) {
        String what = "generate with " + uri;
        JsonObject body = new JsonObject().add("associated_data", TransitWrap.associatedData(binding));
        byte[] plaintext = new byte[0];
        boolean taken = false;
        try {
            Answer answer = session.ask(Request.post(what, mount + "/datakey/plaintext/" + key, body), deadline);
            if (answer.status() == 405) {
                return null;
            }
            Recipient recipient = recipient(accepted(answer, what), what);
            plaintext = plaintext(answer.data(), 32, 32);
            if (dataKeys != DataKeys.BOUND && !opens(recipient, plaintext, binding, deadline)) {
                return null;
            }
            dataKeys = DataKeys.BOUND;
            taken = true;
            return new GeneratedKey(SecretBytes.owning(plaintext), recipient);
        } catch (PermissionDeniedException e) {
            return null;
        } finally {
            if (!taken) {
                Arrays.fill(plaintext, (byte) 0);
            }
        }
    }

    /**
     * Tells whether a data key opens again under its associated data. A server that does not know that parameter there
     * drops it in silence, and what is sealed under such a key would never open.
     */
    private boolean opens(Recipient recipient, byte[] plaintext, WrapBinding binding, Deadline deadline) {
        byte[] opened = new byte[0];
        try {
            opened = decrypt(recipient, binding, deadline);
            return MessageDigest.isEqual(opened, plaintext);
        } catch (AuthenticationFailedException e) {
            return false;
        } finally {
            Arrays.fill(opened, (byte) 0);
        }
    }

    private byte[] decrypt(Recipient recipient, WrapBinding binding, Deadline deadline) {
        String ciphertext = TransitWrap.ciphertext(recipient);
        if (ciphertext == null) {
            throw new AuthenticationFailedException();
        }
        String what = "decrypt with " + uri;
        JsonObject body = ciphertext(ciphertext, binding);
        Answer answer = session.ask(Request.post(what, mount + "/decrypt/" + key, body), deadline);
        return plaintext(accepted(answer, what).data(), SHORTEST_KEY_BYTES, LONGEST_KEY_BYTES);
    }

    private static JsonObject ciphertext(String ciphertext, WrapBinding binding) {
        return new JsonObject()
                .add("ciphertext", ciphertext)
                .add("associated_data", TransitWrap.associatedData(binding));
    }

    private static byte[] plaintext(Answer.Part data, int shortest, int longest) {
        byte[] decoded;
        try {
            decoded = Base64.getDecoder().decode(data.text("plaintext").getBytes(StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException e) {
            throw noKey();
        }
        if (decoded.length < shortest || decoded.length > longest) {
            Arrays.fill(decoded, (byte) 0);
            throw noKey();
        }
        return decoded;
    }

    private static UnavailableException noKey() {
        return new UnavailableException(
                "The server gave no usable answer.",
                "What it gave back is no key.",
                "Check that the address is that of a Vault or OpenBao server.");
    }

    private Recipient recipient(Answer answer, String what) {
        Recipient recipient = TransitWrap.recipient(id, answer.data().text("ciphertext"));
        if (recipient == null) {
            throw new UnavailableException(
                    "The server gave no usable answer: " + what + ".",
                    "Its ciphertext has another form than 'vault:vN:' and base64.",
                    "Check that the address is that of a Vault or OpenBao server of a release that docs/providers/VAULT.md"
                            + " names.");
        }
        saw(TransitWrap.version(recipient));
        return recipient;
    }

    private Answer accepted(Answer answer, String what) {
        if (!answer.ok()) {
            throw refused(answer, what);
        }
        return answer;
    }

    private void saw(long version) {
        newest.accumulateAndGet(version, Math::max);
    }

    /** What the server's own refusal of a request means: the table in docs/providers/VAULT.md, row by row tested. */
    private RuntimeException refused(Answer answer, String what) {
        if ((answer.status() == 404 && answer.hasErrors()) || answer.says("encryption key not found")) {
            return notThere(answer, what);
        }
        if (answer.says("message authentication failed") || answer.says("invalid ciphertext")) {
            return new AuthenticationFailedException();
        }
        if (answer.says("version is disallowed by policy")) {
            return new RefusedException(
                    ErrorCode.KMS_KEY_STATE_REFUSED,
                    "The version of " + uri + " that made this wrap is disabled.",
                    "It is older than the key's min_decryption_version.",
                    "Lower min_decryption_version on the server if what was sealed under it is still needed.");
        }
        if (answer.says("soft-deleted")) {
            return new RefusedException(
                    ErrorCode.KMS_KEY_STATE_REFUSED,
                    "The key " + uri + " cannot be used.",
                    "It is marked as deleted (soft-deleted) on the server.",
                    "Restore it there by 'transit/keys/NAME/soft-delete-restore' if that was a mistake.");
        }
        return unexplained(answer, what);
    }

    private KeyNotFoundException notThere(Answer answer, String what) {
        boolean unmounted = answer.says("no handler for route");
        String why = unmounted
                ? "The server has nothing mounted at '" + mount + "'."
                : answer.says("namespace not found")
                        ? "The server has no namespace '" + session.namespace() + "'."
                        : "The server says that there is no such key.";
        return new KeyNotFoundException(
                "The key " + uri + " is not there: " + what + ".",
                why,
                "Check mount, key and namespace; a new key is made on the server (with Vault: vault instead of bao) by: "
                        + (unmounted ? "bao secrets enable -path=" + mount + " transit && " : "") + "bao write -f "
                        + keyPath());
    }

    private static UnavailableException unexplained(Answer answer, String what) {
        return new UnavailableException(
                "The server gave no usable answer: " + what + ".",
                "It refused the request for a reason that this release does not know (HTTP " + answer.status()
                        + answer.told() + ").",
                "Check the server's log.");
    }
}
