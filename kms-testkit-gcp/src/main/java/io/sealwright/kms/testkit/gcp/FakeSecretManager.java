package io.sealwright.kms.testkit.gcp;

import com.google.cloud.secretmanager.v1.SecretVersion.State;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator does to the secrets of {@link FakeGoogleCloud}, besides what its gRPC service takes. Names are resource
 * names with the project's id, as {@code projects/p/secrets/s} or {@code projects/p/locations/l/secrets/s}. Safe for
 * concurrent use.
 */
public final class FakeSecretManager {
    /** A secret and its versions, by number from 1 on. Guarded by the fake. */
    static final class Stored {
        final Timestamp created = now();
        final List<Version> versions = new ArrayList<>();
    }

    /** A version; a destroyed one has no payload. */
    static final class Version {
        final Timestamp created = now();
        ByteString payload;
        State state = State.ENABLED;

        Version(ByteString payload) {
            this.payload = payload;
        }
    }

    private final Map<String, Stored> secrets = new TreeMap<>(); // guarded by this
    private volatile Lie lie = Lie.NONE;

    FakeSecretManager() {}

    /** Adds a version, and makes the secret if it is not there; the new version's number. */
    public int add(String secret, String payload) {
        return add(secret, payload.getBytes(StandardCharsets.UTF_8));
    }

    /** Adds a version, and makes the secret if it is not there; the new version's number. */
    public synchronized int add(String secret, byte[] payload) {
        Stored stored = secrets.computeIfAbsent(secret, name -> new Stored());
        stored.versions.add(new Version(ByteString.copyFrom(payload)));
        return stored.versions.size();
    }

    /** Makes a secret without versions. */
    public synchronized void create(String secret) {
        if (secrets.putIfAbsent(secret, new Stored()) != null) {
            throw new IllegalStateException(secret + " is there already");
        }
    }

    /** Puts a version into a state; a destroyed one loses its payload. */
    public synchronized void state(String secret, int version, State state) {
        Version there = demand(secret).versions.get(version - 1);
        there.state = state;
        if (state == State.DESTROYED) {
            there.payload = ByteString.EMPTY;
        }
    }

    /** Deletes a secret; what it held, for {@link #restore}. */
    public synchronized Object delete(String secret) {
        Stored gone = demand(secret);
        secrets.remove(secret);
        return gone;
    }

    /** Puts back what {@link #delete} gave, which Google cannot. */
    public synchronized void restore(String secret, Object deleted) {
        secrets.put(secret, (Stored) deleted);
    }

    /** The payload of a version, in UTF-8. */
    public synchronized String payload(String secret, int version) {
        return demand(secret).versions.get(version - 1).payload.toStringUtf8();
    }

    /** How many versions there are, in any state. */
    public synchronized int versions(String secret) {
        return demand(secret).versions.size();
    }

    /** Makes {@code AccessSecretVersion} and {@code AddSecretVersion} answer wrongly, until told otherwise. */
    public void lie(Lie now) {
        lie = now;
    }

    Lie lie() {
        return lie;
    }

    /** Null if there is none. */
    synchronized @Nullable Stored find(String secret) {
        return secrets.get(secret);
    }

    private Stored demand(String secret) {
        Stored there = secrets.get(secret);
        if (there == null) {
            throw new IllegalStateException("there is no " + secret);
        }
        return there;
    }

    private static Timestamp now() {
        return Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond()).build();
    }
}
