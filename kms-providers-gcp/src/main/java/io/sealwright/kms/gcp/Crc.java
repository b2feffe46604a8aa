package io.sealwright.kms.gcp;

import com.google.protobuf.ByteString;
import com.google.protobuf.Int64Value;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * CRC32C (RFC 3720, appendix B.4) of what goes to Google and comes from there. The client computes and compares none,
 * and TLS ends at Google's front: what is changed behind it shows here.
 */
final class Crc {
    private Crc() {}

    static long of(ByteString bytes) {
        CRC32C crc = new CRC32C();
        for (ByteBuffer part : bytes.asReadOnlyByteBufferList()) {
            crc.update(part);
        }
        return crc.getValue();
    }

    static Int64Value value(ByteString bytes) {
        return Int64Value.of(of(bytes));
    }
}
