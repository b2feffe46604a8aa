package io.sealwright.kms.gcp;

import com.google.api.gax.core.CredentialsProvider;
import com.google.api.gax.core.FixedCredentialsProvider;
import com.google.api.gax.core.FixedExecutorProvider;
import com.google.api.gax.core.NoCredentialsProvider;
import com.google.api.gax.grpc.GrpcTransportChannel;
import com.google.api.gax.rpc.ClientSettings;
import com.google.api.gax.rpc.FixedTransportChannelProvider;
import com.google.auth.Credentials;
import com.google.auth.oauth2.GoogleCredentials;
import com.google.cloud.kms.v1.KeyManagementServiceClient;
import com.google.cloud.kms.v1.KeyManagementServiceSettings;
import com.google.cloud.secretmanager.v1.SecretManagerServiceClient;
import com.google.cloud.secretmanager.v1.SecretManagerServiceSettings;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelProvider;
import io.grpc.TlsChannelCredentials;
import io.sealwright.kms.error.ConfigurationException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Opens sessions with the two services: with a channel of ours, or with a client that was given. */
final class Services {
    private static final String SCOPE = "https://www.googleapis.com/auth/cloud-platform";

    /** A secret's payload has 64 KiB at most, and nothing else is longer. */
    private static final int MOST_BYTES = 1 << 20;

    /** A dead connection shows by itself while a call waits; Google's front tolerates a ping each half minute. */
    private static final int PING_SECONDS = 30;

    private Services() {}

    static Session<KeyManagementServiceClient> kms(GcpOptions options, Duration timeout) {
        String endpoint = options.kmsEndpoint();
        return new Session<>(
                new Own<>(options, endpoint, parts -> {
                    KeyManagementServiceSettings.Builder settings = KeyManagementServiceSettings.newBuilder();
                    parts.into(settings);
                    settings.applyToAllUnaryMethods(method -> {
                        method.setSimpleTimeoutNoRetriesDuration(timeout);
                        return null;
                    });
                    return KeyManagementServiceClient.create(settings.build());
                }),
                timeout);
    }

    /** @param location of the secrets, which have one region each; empty for those that Google replicates */
    static Session<SecretManagerServiceClient> secretManager(GcpOptions options, String location, Duration timeout) {
        String endpoint = options.secretManagerEndpoint(location);
        return new Session<>(
                new Own<>(options, endpoint, parts -> {
                    SecretManagerServiceSettings.Builder settings = SecretManagerServiceSettings.newBuilder();
                    parts.into(settings);
                    settings.applyToAllUnaryMethods(method -> {
                        method.setSimpleTimeoutNoRetriesDuration(timeout);
                        return null;
                    });
                    return SecretManagerServiceClient.create(settings.build());
                }),
                timeout);
    }

    /** With a client of the program's, which closes it. */
    static <C> Session<C> given(C client, @Nullable ClientSettings<?> settings, Duration timeout) {
        boolean rest = settings != null
                && settings.getTransportChannelProvider().getTransportName().equals("httpjson");
        return new Session<>(() -> new Connection<>(client, rest, null, () -> {}), timeout);
    }

    private interface Making<C> {
        C make(Parts parts) throws IOException;
    }

    /** What a client of ours is made of. */
    private record Parts(
            ManagedChannel channel, CredentialsProvider credentials, ScheduledThreadPoolExecutor executor) {
        void into(ClientSettings.Builder<?, ?> settings) {
            settings.setTransportChannelProvider(
                            FixedTransportChannelProvider.create(GrpcTransportChannel.create(channel)))
                    .setCredentialsProvider(credentials)
                    .setBackgroundExecutorProvider(FixedExecutorProvider.create(executor))
                    .setWatchdogProvider(null); // watches streams, of which there are none, by a thread
        }
    }

    /** Makes clients with a channel of ours. Called by one thread at a time, but for {@link #forgetCredentials}. */
    private static final class Own<C> implements Session.Opening<C> {
        private final GcpOptions options;
        private final String endpoint;
        private final Making<C> making;
        private volatile @Nullable Credentials credentials;

        Own(GcpOptions options, String endpoint, Making<C> making) {
            this.options = options;
            this.endpoint = endpoint;
            this.making = making;
        }

        @Override
        public Connection<C> open() throws IOException {
            CredentialsProvider who = options.plaintext()
                    ? NoCredentialsProvider.create()
                    : FixedCredentialsProvider.create(credentials());
            ChannelCredentials transport =
                    options.plaintext() ? InsecureChannelCredentials.create() : TlsChannelCredentials.create();
            ManagedChannel channel = channel(endpoint, transport);
            Parts parts = new Parts(channel, who, executor());
            boolean made = false;
            try {
                C client = making.make(parts);
                made = true;
                return new Connection<>(client, false, channel, parts.executor()::shutdown);
            } finally {
                if (!made) {
                    channel.shutdownNow();
                    parts.executor().shutdown();
                }
            }
        }

        private Credentials credentials() throws IOException {
            Credentials there = credentials;
            if (there == null) {
                there = who(options);
                credentials = there;
            }
            return there;
        }

        @Override
        public void forgetCredentials() {
            credentials = null;
        }
    }

    private static ManagedChannel channel(String endpoint, ChannelCredentials transport) {
        try {
            return Grpc.newChannelBuilder("dns:///" + endpoint, transport)
                    .disableRetry()
                    .disableServiceConfigLookUp()
                    .maxInboundMessageSize(MOST_BYTES)
                    .keepAliveTime(PING_SECONDS, TimeUnit.SECONDS)
                    .keepAliveTimeout(PING_SECONDS / 3, TimeUnit.SECONDS)
                    .build();
        } catch (ManagedChannelProvider.ProviderNotFoundException e) {
            throw new ConfigurationException(
                    "Google Cloud cannot be reached by gRPC.",
                    "No transport of gRPC is on the class path, as io.grpc:grpc-netty-shaded.",
                    "Leave it there, or give a client that speaks HTTP and JSON: docs/providers/GCP.md.",
                    e);
        }
    }

    /** For the client's timers, of which one attempt needs none: a thread only while there is work. */
    private static ScheduledThreadPoolExecutor executor() {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "kms-gcp");
            thread.setDaemon(true);
            return thread;
        });
        executor.setKeepAliveTime(1, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        executor.setRemoveOnCancelPolicy(true);
        return executor;
    }

    private static Credentials who(GcpOptions options) throws IOException {
        Credentials given = options.credentials();
        if (given != null) {
            return given;
        }
        Path file = options.credentialsFile();
        GoogleCredentials read = file == null ? ApplicationDefault.read() : ApplicationDefault.read(file);
        return read.createScoped(SCOPE);
    }
}
