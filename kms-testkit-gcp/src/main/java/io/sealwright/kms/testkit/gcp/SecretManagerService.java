package io.sealwright.kms.testkit.gcp;

import com.google.cloud.secretmanager.v1.AccessSecretVersionRequest;
import com.google.cloud.secretmanager.v1.AccessSecretVersionResponse;
import com.google.cloud.secretmanager.v1.AddSecretVersionRequest;
import com.google.cloud.secretmanager.v1.CreateSecretRequest;
import com.google.cloud.secretmanager.v1.DeleteSecretRequest;
import com.google.cloud.secretmanager.v1.DestroySecretVersionRequest;
import com.google.cloud.secretmanager.v1.DisableSecretVersionRequest;
import com.google.cloud.secretmanager.v1.EnableSecretVersionRequest;
import com.google.cloud.secretmanager.v1.GetSecretRequest;
import com.google.cloud.secretmanager.v1.GetSecretVersionRequest;
import com.google.cloud.secretmanager.v1.Replication;
import com.google.cloud.secretmanager.v1.Secret;
import com.google.cloud.secretmanager.v1.SecretManagerServiceGrpc;
import com.google.cloud.secretmanager.v1.SecretPayload;
import com.google.cloud.secretmanager.v1.SecretVersion;
import com.google.cloud.secretmanager.v1.SecretVersion.State;
import com.google.protobuf.ByteString;
import com.google.protobuf.Empty;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.sealwright.kms.testkit.gcp.FakeSecretManager.Stored;
import io.sealwright.kms.testkit.gcp.FakeSecretManager.Version;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Secret Manager as its reference documents it
 * (cloud.google.com/secret-manager/docs/reference/rpc/google.cloud.secretmanager.v1): versions and their states, {@code latest} (the newest,
 * whatever its state), checksums, sizes. Like Google's it answers with the project's number in names.
 */
final class SecretManagerService extends SecretManagerServiceGrpc.SecretManagerServiceImplBase {
    private static final Pattern PARENT = Pattern.compile("projects/([^/]+)(/locations/[a-z0-9-]{1,63})?");
    private static final Pattern SECRET =
            Pattern.compile("(projects/([^/]+)((?:/locations/[a-z0-9-]{1,63})?/secrets/[A-Za-z0-9_-]{1,255}))");
    private static final Pattern VERSION = Pattern.compile(SECRET + "/versions/(latest|[0-9]{1,9})");
    private static final int MOST_BYTES = 64 << 10;

    private final FakeSecretManager manager;
    private final Gatekeeper gate;

    SecretManagerService(FakeSecretManager manager, Gatekeeper gate) {
        this.manager = manager;
        this.gate = gate;
    }

    @Override
    public void accessSecretVersion(
            AccessSecretVersionRequest request, StreamObserver<AccessSecretVersionResponse> to) {
        Answering.answer(to, () -> {
            Lie lie = manager.lie();
            Matcher name = matched(VERSION, request.getName());
            demand("secretmanager.versions.access", request.getName());
            synchronized (manager) {
                int number = number(name);
                Version version = version(name, number);
                if (version.state != State.ENABLED) {
                    throw wrongState(name, number, version);
                }
                if (lie == Lie.EMPTY) {
                    return AccessSecretVersionResponse.getDefaultInstance();
                }
                SecretPayload.Builder payload = SecretPayload.newBuilder()
                        .setData(lie == Lie.CHANGED_BYTES ? Answering.changed(version.payload) : version.payload);
                if (lie != Lie.NO_CHECKSUM) {
                    payload.setDataCrc32C(Answering.crc(version.payload) ^ (lie == Lie.WRONG_CHECKSUM ? 1 : 0));
                }
                return AccessSecretVersionResponse.newBuilder()
                        .setName(
                                lie == Lie.WRONG_NAME
                                        ? shown(name, number).replace("/secrets/", "/secrets/not-")
                                        : shown(name, number))
                        .setPayload(payload)
                        .build();
            }
        });
    }

    @Override
    public void addSecretVersion(AddSecretVersionRequest request, StreamObserver<SecretVersion> to) {
        Answering.answer(to, () -> {
            Lie lie = manager.lie();
            Matcher name = matched(SECRET, request.getParent());
            demand("secretmanager.versions.add", request.getParent());
            ByteString data = lie == Lie.CHANGED_REQUEST
                    ? Answering.changed(request.getPayload().getData())
                    : request.getPayload().getData();
            if (data.isEmpty() || data.size() > MOST_BYTES) {
                throw Errors.invalid("The payload must have 1 byte to 64 KiB.");
            }
            if (request.getPayload().hasDataCrc32C() && request.getPayload().getDataCrc32C() != Answering.crc(data)) {
                throw Errors.invalid("The data_crc32c checksum does not match the payload.");
            }
            synchronized (manager) {
                Stored stored = stored(name);
                stored.versions.add(new Version(data));
                SecretVersion added =
                        shown(name, stored.versions.size(), stored.versions.get(stored.versions.size() - 1));
                if (lie == Lie.EMPTY) {
                    return SecretVersion.getDefaultInstance();
                }
                return added.toBuilder()
                        .setName(
                                lie == Lie.WRONG_NAME
                                        ? added.getName().replace("/secrets/", "/secrets/not-")
                                        : added.getName())
                        .setClientSpecifiedPayloadChecksum(
                                request.getPayload().hasDataCrc32C() && lie != Lie.UNVERIFIED)
                        .build();
            }
        });
    }

    @Override
    public void createSecret(CreateSecretRequest request, StreamObserver<Secret> to) {
        Answering.answer(to, () -> {
            Matcher parent = matched(PARENT, request.getParent());
            boolean regional = parent.group(2) != null;
            demand("secretmanager.secrets.create", request.getParent());
            Replication replication = request.getSecret().getReplication();
            if (!request.getSecretId().matches("[A-Za-z0-9_-]{1,255}")
                    || regional
                            != (replication.getReplicationCase() == Replication.ReplicationCase.REPLICATION_NOT_SET)) {
                throw Errors.invalid("The secret_id or the replication is missing or invalid.");
            }
            String secret = request.getParent() + "/secrets/" + request.getSecretId();
            String shown = shown(matched(SECRET, secret));
            synchronized (manager) {
                if (manager.find(secret) != null) {
                    throw Errors.of(Status.Code.ALREADY_EXISTS, "Secret [" + shown + "] already exists.");
                }
                manager.create(secret);
                return Secret.newBuilder()
                        .setName(shown)
                        .setReplication(replication)
                        .build();
            }
        });
    }

    @Override
    public void getSecret(GetSecretRequest request, StreamObserver<Secret> to) {
        Answering.answer(to, () -> {
            Matcher name = matched(SECRET, request.getName());
            demand("secretmanager.secrets.get", request.getName());
            synchronized (manager) {
                return Secret.newBuilder()
                        .setName(shown(name))
                        .setCreateTime(stored(name).created)
                        .build();
            }
        });
    }

    @Override
    public void deleteSecret(DeleteSecretRequest request, StreamObserver<Empty> to) {
        Answering.answer(to, () -> {
            Matcher name = matched(SECRET, request.getName());
            demand("secretmanager.secrets.delete", request.getName());
            synchronized (manager) {
                Stored there = stored(name);
                if (there != null) {
                    Object unused = manager.delete(name.group(1));
                }
                return Empty.getDefaultInstance();
            }
        });
    }

    @Override
    public void getSecretVersion(GetSecretVersionRequest request, StreamObserver<SecretVersion> to) {
        Answering.answer(to, () -> {
            Matcher name = matched(VERSION, request.getName());
            demand("secretmanager.versions.get", request.getName());
            synchronized (manager) {
                int number = number(name);
                return shown(name, number, version(name, number));
            }
        });
    }

    @Override
    public void enableSecretVersion(EnableSecretVersionRequest request, StreamObserver<SecretVersion> to) {
        Answering.answer(to, () -> changed(request.getName(), "secretmanager.versions.enable", State.ENABLED));
    }

    @Override
    public void disableSecretVersion(DisableSecretVersionRequest request, StreamObserver<SecretVersion> to) {
        Answering.answer(to, () -> changed(request.getName(), "secretmanager.versions.disable", State.DISABLED));
    }

    @Override
    public void destroySecretVersion(DestroySecretVersionRequest request, StreamObserver<SecretVersion> to) {
        Answering.answer(to, () -> changed(request.getName(), "secretmanager.versions.destroy", State.DESTROYED));
    }

    /** What is destroyed stays so. */
    private SecretVersion changed(String of, String permission, State state) {
        Matcher name = matched(VERSION, of);
        demand(permission, of);
        synchronized (manager) {
            int number = number(name);
            Version version = version(name, number);
            if (version.state == State.DESTROYED) {
                throw wrongState(name, number, version);
            }
            manager.state(name.group(1), number, state);
            return shown(name, number, version);
        }
    }

    // ---- helpers

    private void demand(String permission, String resource) {
        gate.demand(permission, resource, "for");
    }

    private static Matcher matched(Pattern pattern, String name) {
        Matcher matcher = pattern.matcher(name);
        if (!matcher.matches()) {
            throw Errors.invalid("Invalid resource field value in the request: '" + name + "'.");
        }
        return matcher;
    }

    private Stored stored(Matcher name) {
        Stored stored = manager.find(name.group(1));
        if (stored == null) {
            throw Errors.notFound("Secret [" + shown(name) + "] not found.");
        }
        return stored;
    }

    private int number(Matcher name) {
        if (!name.group(4).equals("latest")) {
            return Integer.parseInt(name.group(4));
        }
        Stored stored = manager.find(name.group(1));
        if (stored == null || stored.versions.isEmpty()) {
            throw Errors.notFound("Secret [" + shown(name) + "] not found or has no versions.");
        }
        return stored.versions.size();
    }

    private Version version(Matcher name, int number) {
        Stored stored = stored(name);
        if (number < 1 || number > stored.versions.size()) {
            throw Errors.notFound("Secret Version [" + shown(name, number) + "] not found.");
        }
        return stored.versions.get(number - 1);
    }

    private static io.grpc.StatusRuntimeException wrongState(Matcher name, int number, Version version) {
        return Errors.precondition("Secret Version [" + shown(name, number) + "] is in " + version.state + " state.");
    }

    private static SecretVersion shown(Matcher name, int number, Version version) {
        return SecretVersion.newBuilder()
                .setName(shown(name, number))
                .setState(version.state)
                .setCreateTime(version.created)
                .build();
    }

    private static String shown(Matcher name) {
        return "projects/" + numberOf(name.group(2)) + name.group(3);
    }

    private static String shown(Matcher name, int number) {
        return shown(name) + "/versions/" + number;
    }

    /** Any number, always the same for a project. */
    private static long numberOf(String project) {
        return 100_000_000_000L + (project.hashCode() & 0x7fff_ffff);
    }
}
