package io.sealwright.kms.gcp;

import com.google.api.gax.rpc.StatusCode;
import com.google.cloud.secretmanager.v1.AccessSecretVersionRequest;
import com.google.cloud.secretmanager.v1.AccessSecretVersionResponse;
import com.google.cloud.secretmanager.v1.AddSecretVersionRequest;
import com.google.cloud.secretmanager.v1.CreateSecretRequest;
import com.google.cloud.secretmanager.v1.Replication;
import com.google.cloud.secretmanager.v1.Secret;
import com.google.cloud.secretmanager.v1.SecretManagerServiceClient;
import com.google.cloud.secretmanager.v1.SecretPayload;
import com.google.cloud.secretmanager.v1.SecretVersion.State;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.KeyText;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.UntilClosed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A secret in Secret Manager whose payload is 32 bytes as 64 hex digits or in base64, one newline behind them allowed. The newest version
 * wraps; older ones that are enabled open. Needs no permission but to access versions, and to add one where it is rotated.
 */
final class GcpSecretSource implements SecretSource {
    private static final String LATEST = "/versions/latest";

    /** Requests of one look that are under way together. */
    static final int AT_ONCE = 16;

    private final String uri;
    private final String name;
    private final Session<SecretManagerServiceClient> session;
    private final UntilClosed<Session<SecretManagerServiceClient>> use;

    private final DestroyedVersions destroyed = new DestroyedVersions();

    /** An older version that was asked for. */
    private record Older(int number, Session<SecretManagerServiceClient>.Asked<AccessSecretVersionResponse> asked) {}

    /** @param name the resource's */
    GcpSecretSource(String uri, String name, Session<SecretManagerServiceClient> session) {
        this.uri = uri;
        this.name = name;
        this.session = session;
        this.use = new UntilClosed<>(session.retain(), session::release, "The secret " + uri);
    }

    @Override
    public String uri() {
        return uri;
    }

    /**
     * One request for each version number, from the newest down, {@link SecretVersions#MOST} at most, {@value #AT_ONCE} of them at once; those
     * that are known to be destroyed are left out. (A list of the enabled ones would need a permission that the accessor's
     * role does not have.)
     */
    @Override
    public SecretVersions fetch() {
        Deadline deadline = use.get().deadline();
        String what = "read " + uri;
        int newest;
        SecretVersion current;
        List<SecretVersion> previous = new ArrayList<>();
        try {
            AccessSecretVersionResponse latest = access(what, LATEST, deadline);
            newest = number(latest, what);
            current = key(latest, newest);
        } catch (Refusal e) {
            throw e.typed(what, uri);
        }
        try {
            older(what, newest, deadline, previous);
            return new SecretVersions(Integer.toString(newest), current, previous, Optional.empty());
        } catch (RuntimeException | Error e) {
            current.close();
            previous.forEach(SecretVersion::close);
            throw e;
        }
    }

    /** Adds the keys of those before the newest, in their order. */
    private void older(String what, int newest, Deadline deadline, List<SecretVersion> to) {
        Set<Integer> leftOut = destroyed.look(newest);
        int oldest = Math.max(1, newest - SecretVersions.MOST + 1);
        int next = newest - 1;
        Deque<Older> underWay = new ArrayDeque<>();
        try {
            do {
                for (; next >= oldest && underWay.size() < AT_ONCE; next--) {
                    if (!leftOut.contains(next)) {
                        underWay.addLast(new Older(next, begin(what, "/versions/" + next, deadline)));
                    }
                }
                if (!underWay.isEmpty()) {
                    older(what, underWay.removeFirst()).ifPresent(to::add);
                }
            } while (next >= oldest || !underWay.isEmpty());
        } catch (Refusal e) {
            throw e.typed(what, uri);
        } finally {
            underWay.forEach(older -> older.asked().giveUp());
        }
    }

    /** Empty if that version is disabled, destroyed or gone, or holds no key: it opens nothing. */
    private Optional<SecretVersion> older(String what, Older older) {
        int number = older.number();
        try {
            AccessSecretVersionResponse response = checked(older.asked().await(), what);
            if (number(response, what) != number) {
                throw Session.corrupt(what, "Another version came than the one asked for.");
            }
            try (SecretBytes text = text(response)) {
                return parsed(text).map(key -> SecretVersion.key("version " + number, key, null));
            }
        } catch (Refusal e) {
            if (e.state().equals("DESTROYED")) {
                destroyed.add(number);
            }
            if (e.notFound() || !e.state().isEmpty()) {
                return Optional.empty();
            }
            throw e.typed(what, uri);
        }
    }

    @Override
    public boolean writable() {
        return true;
    }

    /**
     * Adds a version, and makes the secret first if it is not there and none is expected. Secret Manager compares nothing: of two who
     * write at the same moment both may succeed, and the later one's key is the newest; the other's opens.
     *
     * @return the new version's number
     */
    @Override
    public String write(SecretBytes key, String expected) {
        Deadline deadline = use.get().deadline();
        String what = "write " + uri;
        int there = newest(what, deadline);
        if (!expected.equals(there == 0 ? "" : Integer.toString(there))) {
            throw conflict();
        }
        try {
            return Integer.toString(add(key, what, deadline));
        } catch (Refusal e) {
            if (there != 0 || !e.notFound()) {
                throw cannotWrite(e, what);
            }
        }
        try {
            create(what, deadline);
            return Integer.toString(add(key, what, deadline));
        } catch (Refusal e) {
            throw e.is(StatusCode.Code.ALREADY_EXISTS) ? conflict() : cannotWrite(e, what);
        }
    }

    /** The newest version's number; 0 if there is none. A version that is disabled or destroyed must not be passed over. */
    private int newest(String what, Deadline deadline) {
        try {
            return number(access(what, LATEST, deadline), what);
        } catch (Refusal e) {
            if (e.notFound()) {
                return 0;
            }
            throw e.typed(what, uri);
        }
    }

    private int add(SecretBytes key, String what, Deadline deadline) throws Refusal {
        byte[] text = new byte[0];
        try (SecretBytes hex = KeyText.toHex(key)) {
            text = hex.copy();
            ByteString bytes = UnsafeByteOperations.unsafeWrap(text);
            com.google.cloud.secretmanager.v1.SecretVersion added = session.ask(
                    what,
                    name,
                    SecretManagerServiceClient::addSecretVersionCallable,
                    AddSecretVersionRequest.newBuilder()
                            .setParent(name)
                            .setPayload(
                                    SecretPayload.newBuilder().setData(bytes).setDataCrc32C(Crc.of(bytes)))
                            .build(),
                    deadline);
            int number = Names.version(added.getName(), name);
            if (number == 0 || added.getState() != State.ENABLED || !added.getClientSpecifiedPayloadChecksum()) {
                throw Session.corrupt(what, "Google does not say that it keeps what was sent.");
            }
            return number;
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    private void create(String what, Deadline deadline) throws Refusal {
        int secrets = name.indexOf("/secrets/");
        Secret.Builder secret = Secret.newBuilder();
        if (Names.location(name)
                .isEmpty()) { // one of a region is replicated nowhere, and Google refuses to be told how
            secret.setReplication(Replication.newBuilder().setAutomatic(Replication.Automatic.getDefaultInstance()));
        }
        Secret unused = session.ask(
                what,
                name,
                SecretManagerServiceClient::createSecretCallable,
                CreateSecretRequest.newBuilder()
                        .setParent(name.substring(0, secrets))
                        .setSecretId(name.substring(secrets + "/secrets/".length()))
                        .setSecret(secret)
                        .build(),
                deadline);
    }

    @Override
    public void close() {
        use.close();
    }

    @Override
    public String toString() {
        return "GcpSecretSource[" + uri + "]";
    }

    private AccessSecretVersionResponse access(String what, String version, Deadline deadline) throws Refusal {
        return checked(begin(what, version, deadline).await(), what);
    }

    private Session<SecretManagerServiceClient>.Asked<AccessSecretVersionResponse> begin(
            String what, String version, Deadline deadline) throws Refusal {
        return session.begin(
                what,
                name,
                SecretManagerServiceClient::accessSecretVersionCallable,
                AccessSecretVersionRequest.newBuilder().setName(name + version).build(),
                deadline);
    }

    private static AccessSecretVersionResponse checked(AccessSecretVersionResponse response, String what) {
        SecretPayload payload = response.getPayload();
        if (!payload.hasDataCrc32C() || payload.getDataCrc32C() != Crc.of(payload.getData())) {
            throw Session.corrupt(what, "The payload's checksum does not fit it.");
        }
        return response;
    }

    private int number(AccessSecretVersionResponse response, String what) {
        int number = Names.version(response.getName(), name);
        if (number == 0) {
            throw Session.corrupt(what, "It told of another secret.");
        }
        return number;
    }

    private SecretVersion key(AccessSecretVersionResponse response, int number) {
        try (SecretBytes text = text(response)) {
            SecretBytes key = parsed(text).orElse(null);
            if (key == null) {
                throw new ConfigurationException(
                        "The secret " + uri + " holds no key.",
                        "Its newest version, " + number
                                + ", must be 32 bytes as 64 hex digits, or in base64 or base64url (43"
                                + " characters); it is " + KeyText.shape(text) + ".",
                        "Put a key there, as from 'openssl rand -hex 32', or name another secret.");
            }
            return SecretVersion.key("version " + number, key, null);
        }
    }

    private static Optional<SecretBytes> parsed(SecretBytes text) {
        return KeyText.hex(text).or(() -> KeyText.base64(text));
    }

    /** Without one newline at the end, which a shell's pipe leaves there. */
    private static SecretBytes text(AccessSecretVersionResponse response) {
        byte[] payload = response.getPayload().getData().toByteArray();
        int length = payload.length;
        if (length > 0 && payload[length - 1] == '\n') {
            length -= length > 1 && payload[length - 2] == '\r' ? 2 : 1;
        }
        try {
            return SecretBytes.owning(Arrays.copyOf(payload, length));
        } finally {
            Arrays.fill(payload, (byte) 0);
        }
    }

    private RuntimeException cannotWrite(Refusal e, String what) {
        if (!e.is(StatusCode.Code.FAILED_PRECONDITION) && !e.is(StatusCode.Code.INVALID_ARGUMENT) || e.ofChecksum()) {
            return e.typed(what, uri);
        }
        return new RefusedException(
                ErrorCode.KMS_OPERATION_REFUSED,
                "The secret " + uri + " was not written.",
                "Google refuses it, as where the organisation's policy does not allow automatic replication: "
                        + e.getMessage() + ".",
                "Make the secret by 'gcloud secrets create', then repeat.");
    }

    private StoreException conflict() {
        return new StoreException(
                ErrorCode.KMS_STORE_CONFLICT,
                "The secret " + uri + " was not written.",
                "It has changed since it was read, or was made meanwhile.",
                "Read it again, then repeat.");
    }
}
