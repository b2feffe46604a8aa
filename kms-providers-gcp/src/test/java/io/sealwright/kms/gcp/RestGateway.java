package io.sealwright.kms.gcp;

import com.google.cloud.kms.v1.DecryptRequest;
import com.google.cloud.kms.v1.EncryptRequest;
import com.google.cloud.kms.v1.GetCryptoKeyRequest;
import com.google.cloud.kms.v1.KeyManagementServiceGrpc;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.sealwright.kms.testkit.gcp.FakeGoogleCloud;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The fake's KMS over HTTP and JSON, as Google's front translates it (google.api.http in the service's definition; errors as
 * google.aip.dev/193 shows them): enough for encrypt, decrypt and a look at the key.
 */
final class RestGateway implements AutoCloseable {
    private final JsonFormat.Printer printer = JsonFormat.printer()
            .usingTypeRegistry(TypeRegistry.newBuilder()
                    .add(ErrorInfo.getDescriptor())
                    .add(PreconditionFailure.getDescriptor())
                    .build());
    private final HttpServer server;
    private final ExecutorService pool = Executors.newFixedThreadPool(2);
    private final ManagedChannel channel;
    private final KeyManagementServiceGrpc.KeyManagementServiceBlockingStub kms;
    private volatile String page = "";
    private volatile int pageStatus;

    RestGateway(FakeGoogleCloud cloud) throws IOException {
        channel =
                ManagedChannelBuilder.forTarget(cloud.endpoint()).usePlaintext().build();
        kms = KeyManagementServiceGrpc.newBlockingStub(channel);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        server.createContext("/v1/", this::handle);
        server.setExecutor(pool);
        server.start();
    }

    /** Answers everything by 404 and this. */
    void page(String always) {
        page(404, always);
    }

    /** Answers everything so; where {@code REQUEST} stands in it, it repeats what was sent, as some proxies do. */
    void page(int status, String always) {
        pageStatus = status;
        page = always;
    }

    String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().substring("/v1/".length());
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        int status;
        String answer;
        try {
            status = page.isEmpty() ? 200 : pageStatus;
            answer = page.isEmpty()
                    ? printer.print(called(path, body))
                    : page.replace(
                            "REQUEST", new TreeMap<>(exchange.getRequestHeaders()) + " " + body.replace("\n", " "));
        } catch (StatusRuntimeException e) {
            com.google.rpc.Status error = StatusProto.fromThrowable(e);
            status = httpStatus(e);
            answer = "{\"error\":{\"code\":" + status + ",\"status\":\""
                    + e.getStatus().getCode() + "\","
                    + printer.print(error)
                            .replaceFirst("(?s)\\{\\s*\"code\": [0-9]+,", "")
                            .replaceFirst("(?s)}\\s*$", "}}");
        }
        byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private Message called(String path, String body) throws InvalidProtocolBufferException {
        String name = path.split(":")[0];
        if (path.endsWith(":encrypt")) {
            EncryptRequest.Builder request = EncryptRequest.newBuilder();
            JsonFormat.parser().ignoringUnknownFields().merge(body, request);
            return kms.encrypt(request.setName(name).build());
        }
        if (path.endsWith(":decrypt")) {
            DecryptRequest.Builder request = DecryptRequest.newBuilder();
            JsonFormat.parser().ignoringUnknownFields().merge(body, request);
            return kms.decrypt(request.setName(name).build());
        }
        return kms.getCryptoKey(GetCryptoKeyRequest.newBuilder().setName(name).build());
    }

    private static int httpStatus(StatusRuntimeException e) {
        return switch (e.getStatus().getCode()) {
            case INVALID_ARGUMENT, FAILED_PRECONDITION -> 400;
            case UNAUTHENTICATED -> 401;
            case PERMISSION_DENIED -> 403;
            case NOT_FOUND -> 404;
            case RESOURCE_EXHAUSTED -> 429;
            case UNAVAILABLE -> 503;
            default -> 500;
        };
    }

    @Override
    public void close() {
        server.stop(0);
        pool.shutdownNow();
        channel.shutdownNow();
    }
}
