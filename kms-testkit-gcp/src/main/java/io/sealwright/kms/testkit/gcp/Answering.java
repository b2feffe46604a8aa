package io.sealwright.kms.testkit.gcp;

import com.google.protobuf.ByteString;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/** What both services need to answer. */
final class Answering {
    private Answering() {}

    static <A> void answer(StreamObserver<A> to, Supplier<A> how) {
        A answer;
        try {
            answer = how.get();
        } catch (StatusRuntimeException e) {
            to.onError(e);
            return;
        }
        to.onNext(answer);
        to.onCompleted();
    }

    static long crc(ByteString bytes) {
        CRC32C crc = new CRC32C();
        for (ByteBuffer part : bytes.asReadOnlyByteBufferList()) {
            crc.update(part);
        }
        return crc.getValue();
    }

    /** With one bit changed. */
    static ByteString changed(ByteString bytes) {
        if (bytes.isEmpty()) {
            return ByteString.copyFrom(new byte[1]);
        }
        byte[] copy = bytes.toByteArray();
        copy[copy.length / 2] ^= 1;
        return ByteString.copyFrom(copy);
    }
}
