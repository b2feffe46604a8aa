package io.sealwright.kms.gcp;

import com.google.api.client.http.HttpResponseException;
import com.google.api.gax.rpc.ApiException;
import com.google.auth.Retryable;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.FileSystemException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Which failures below an answer may go along with an error as its cause. Google's classes keep what came as it came, and what came
 * may be a page that repeats the request: with the bearer token, and with the key that was to be wrapped.
 */
final class Causes {
    /** Of connecting, names, TLS, files and executors: their texts are this machine's own. */
    private static final List<Class<? extends Throwable>> OWN = List.of(
            SocketException.class,
            SocketTimeoutException.class,
            UnknownHostException.class,
            UnresolvedAddressException.class,
            SSLException.class,
            FileSystemException.class,
            RejectedExecutionException.class);

    /** They quote what came; the last but one and the last in the words of gRPC. */
    private static final List<Class<?>> QUOTING = List.of(
            HttpResponseException.class,
            Retryable.class,
            ApiException.class,
            StatusException.class,
            StatusRuntimeException.class);

    private Causes() {}

    /** The first of the failure and what is below it that may be shown with all that is below; null if there is none. */
    static @Nullable Throwable shown(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (isA(OWN, e) && !quotes(e)) {
                return e;
            }
        }
        return null;
    }

    /** Whether one of that type is the failure or below it. */
    static boolean has(Throwable failure, Class<?> type) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (type.isInstance(e)) {
                return true;
            }
        }
        return false;
    }

    private static boolean quotes(Throwable failure) {
        for (Throwable e = failure; e != null; e = e.getCause()) {
            if (isA(QUOTING, e) || Arrays.stream(e.getSuppressed()).anyMatch(Causes::quotes)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isA(List<? extends Class<?>> types, Throwable e) {
        return types.stream().anyMatch(type -> type.isInstance(e));
    }
}
