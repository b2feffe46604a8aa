package io.sealwright.kms.core.chunked;

import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What a stream that has failed says from then on. */
final class Lasting {
    private Lasting() {}

    /** Throws the failure's like, if there was one. */
    static void rethrow(@Nullable Throwable failure) throws IOException {
        if (failure == null) {
            return;
        }
        if (failure instanceof AuthenticationFailedException) {
            throw new AuthenticationFailedException();
        }
        if (failure instanceof ClosedException closed) {
            throw new ClosedException(closed.what(), closed.why(), closed.remedy(), closed);
        }
        throw new IOException("the stream failed before: " + failure.getClass().getSimpleName(), failure);
    }
}
