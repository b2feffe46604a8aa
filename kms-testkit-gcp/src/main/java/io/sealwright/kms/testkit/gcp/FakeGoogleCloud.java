package io.sealwright.kms.testkit.gcp;

import com.google.protobuf.Message;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Cloud KMS and Secret Manager on a loopback port, over real gRPC, strict: what Google's references forbid is
 * refused, with Google's statuses and details. Keys wrap by real AES-256-GCM with associated data, checksums are compared both
 * ways, versions have states, callers may lack permissions and tokens. It can be killed and started again with all it keeps, and told
 * to stall, drip, reset, lie and say no.
 *
 * <p>For tests only: keys and secrets lie open in this process. It was written from the references and from answers that users have shown,
 * and compared with no real service. Calls it does not know are answered by UNIMPLEMENTED. Safe for concurrent use.
 */
public final class FakeGoogleCloud implements AutoCloseable {
    private final FakeKms kms = new FakeKms();
    private final FakeSecretManager secrets = new FakeSecretManager();
    private final Gatekeeper gate = new Gatekeeper();
    private final Front front = new Front();
    private final UnaryOperator<NettyServerBuilder> transport;
    private Server server; // guarded by this

    private FakeGoogleCloud(UnaryOperator<NettyServerBuilder> transport) {
        this.transport = transport;
        server = started();
        front.target(server.getPort());
    }

    /** Starts one on a free port. */
    public static FakeGoogleCloud start() {
        return new FakeGoogleCloud(UnaryOperator.identity());
    }

    /**
     * Starts one that speaks TLS, so that clients send it their credentials.
     *
     * @param certificateChain PEM, for the address 127.0.0.1
     * @param privateKey PEM, PKCS#8
     */
    public static FakeGoogleCloud startEncrypted(Path certificateChain, Path privateKey) {
        return new FakeGoogleCloud(
                builder -> builder.useTransportSecurity(certificateChain.toFile(), privateKey.toFile()));
    }

    private Server started() {
        try {
            InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            return transport
                    .apply(NettyServerBuilder.forAddress(anyPort))
                    .addService(new KmsService(kms, gate))
                    .addService(new SecretManagerService(secrets, gate))
                    .intercept(gate)
                    .permitKeepAliveTime(10, TimeUnit.SECONDS)
                    .build()
                    .start();
        } catch (IOException e) {
            throw new IllegalStateException("the fake of Google Cloud does not start", e);
        }
    }

    /** Where both services are, as {@code 127.0.0.1:PORT}; the same for its whole life. */
    public String endpoint() {
        return "127.0.0.1:" + front.port();
    }

    /** The keys. */
    public FakeKms kms() {
        return kms;
    }

    /** The secrets. */
    public FakeSecretManager secrets() {
        return secrets;
    }

    /** What happens on the way from now on. Ends an {@link #answer} of HTTP as well. */
    public void fault(Fault fault) {
        front.fault(fault, null);
    }

    /**
     * Answers everything by a bare status of HTTP, as a proxy does, until {@link #fault} or {@link #behave}.
     *
     * @param contentType ASCII of under 127 characters; empty for none
     * @param body under 16 KiB
     */
    public void answer(int status, String contentType, String body) {
        front.fault(Fault.NONE, new Http2Answer(status, contentType, body));
    }

    /**
     * Answers every call by a status of gRPC, until {@link #behave}.
     *
     * @param details of {@code google.rpc}, as Google's services add them; none, as of somebody on the way
     */
    public void refuse(Status.Code code, String text, Message... details) {
        gate.refusal(new Gatekeeper.Refusal("", Errors.of(code, text, details)));
    }

    /** {@link #refuse} for one method alone, as {@code AddSecretVersion}. */
    public void refuseMethod(String method, Status.Code code, String text, Message... details) {
        gate.refusal(new Gatekeeper.Refusal(method, Errors.of(code, text, details)));
    }

    /** Demands one of these bearer tokens from now on. Clients send tokens over TLS alone ({@link #startEncrypted}). */
    public void demandToken(String... tokens) {
        gate.tokens(Set.of(tokens));
    }

    /** Answers each call so much later from now on; calls do not wait for one another. */
    public void answerAfter(Duration delay) {
        gate.delay(delay);
    }

    /** How many calls were waiting together at most since {@link #answerAfter}. */
    public int mostAtOnce() {
        return gate.mostAtOnce();
    }

    /** Leaves callers these permissions of IAM alone, as {@code cloudkms.cryptoKeyVersions.useToEncrypt}, from now on. */
    public void grant(String... permissions) {
        gate.permissions(Set.of(permissions));
    }

    /** Ends everything that was told to go wrong; keys, secrets and their states stay. */
    public void behave() {
        gate.refusal(null);
        gate.tokens(null);
        gate.permissions(null);
        gate.delay(Duration.ZERO);
        kms.lie(Lie.NONE);
        secrets.lie(Lie.NONE);
        front.fault(Fault.NONE, null);
    }

    /** The methods that were called so far, as {@code Encrypt}; those that were refused count. May be cleared. */
    public List<String> calls() {
        return gate.calls();
    }

    /** How often a method was called. */
    public long calls(String method) {
        return gate.calls().stream().filter(method::equals).count();
    }

    /** Stops the server at once: calls under way die, connections are reset and refused. */
    public synchronized void kill() {
        front.fault(Fault.UNREACHABLE, null);
        server.shutdownNow();
    }

    /** Starts the server again, with all it had, and lets connections pass. */
    public synchronized void restart() {
        server.shutdownNow();
        server = started();
        front.target(server.getPort());
        front.fault(Fault.NONE, null);
    }

    @Override
    public synchronized void close() {
        front.close();
        server.shutdownNow();
    }
}
