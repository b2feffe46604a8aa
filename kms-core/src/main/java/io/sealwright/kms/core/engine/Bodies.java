package io.sealwright.kms.core.engine;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.chunked.ChunkedBodies;
import io.sealwright.kms.core.crypto.ChunkKeys;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.core.opening.OpeningEpoch;
import io.sealwright.kms.core.opening.Openings;
import io.sealwright.kms.core.sealing.ChunkedStart;
import io.sealwright.kms.core.sealing.SealingTarget;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import java.util.Arrays;

/** Seals and opens messages that are in memory as a whole, whatever their suite. */
final class Bodies {
    /** Larger plaintexts are chunked: cores can share them, and no call to the cipher is large. */
    static final int MOST_SMALL_BYTES = 64 * 1024;

    private static final int MOST_ARRAY_BYTES = Integer.MAX_VALUE - 8;

    private final Openings openings;
    private final ChunkedBodies chunked;

    Bodies(Openings openings, ChunkedBodies chunked) {
        this.openings = openings;
        this.chunked = chunked;
    }

    /** Seals into an array of exactly the message's length. */
    byte[] seal(SealingTarget target, Suite suite, byte[] in, int offset, int length, byte[] aad) {
        return switch (suite) {
            case AES_256_GCM -> target.sealGcm(in, offset, length, aad);
            case XAES_256_GCM -> target.sealXaes(in, offset, length, aad);
            default -> sealChunked(target.startChunked(aad), in, offset, length);
        };
    }

    private byte[] sealChunked(ChunkedStart start, byte[] in, int offset, int length) {
        byte[] out = new byte[demandArray(chunked.sealedLength(start.header().length, length))];
        chunked.seal(start, in, offset, length, out, 0);
        return out;
    }

    private static int demandArray(long length) {
        if (length > MOST_ARRAY_BYTES) {
            throw new IllegalArgumentException(
                    "the message would have " + length + " bytes, more than an array holds: encrypt a stream instead");
        }
        return (int) length;
    }

    /** Seals into the caller's array; throws if there is too little room. */
    int seal(
            SealingTarget target,
            Suite suite,
            byte[] in,
            int offset,
            int length,
            byte[] aad,
            byte[] out,
            int outOffset) {
        if (suite == Suite.AES_256_GCM) {
            int sealed = target.sealGcm(in, offset, length, aad, out, outOffset);
            if (sealed < 0) {
                throw tooLittleRoom(out.length - outOffset);
            }
            return sealed;
        }
        if (suite == Suite.XAES_256_GCM) {
            byte[] sealed = target.sealXaes(in, offset, length, aad);
            if (out.length - outOffset < sealed.length) {
                throw tooLittleRoom(out.length - outOffset);
            }
            System.arraycopy(sealed, 0, out, outOffset, sealed.length);
            return sealed.length;
        }
        ChunkedStart start = target.startChunked(aad);
        try {
            long needed = chunked.sealedLength(start.header().length, length);
            if (out.length - outOffset < needed) {
                throw tooLittleRoom(out.length - outOffset);
            }
            demandApart(in, offset, length, out, outOffset, needed);
        } catch (IllegalArgumentException e) {
            start.keys().close();
            throw e;
        }
        return chunked.seal(start, in, offset, length, out, outOffset);
    }

    /** A message of level 0. */
    static byte[] clear(EncryptionContext context, byte[] in, int offset, int length) {
        return HeaderWriter.join(HeaderWriter.clear(context), Arrays.copyOfRange(in, offset, offset + length));
    }

    /** The most bytes a message of that plaintext length can have. */
    int maxSealedLength(SealingTarget target, Suite suite, int length) {
        return demandArray(
                suite == Suite.CHUNKED_AES_256_GCM
                        ? chunked.sealedLength(target.headerLength(), length)
                        : (long) target.headerLength() + target.overhead(suite) + length);
    }

    // ---- opening

    /** An opened message and what its header said. */
    record Opened(byte[] plaintext, String keyId, Suite suite, SecurityLevel level, EncryptionContext context) {}

    byte[] open(byte[] message, int from, int to, byte[] aad, OpenPolicy policy) {
        if (HeaderParser.looksClear(message, from, to)) {
            return openClear(message, from, to, aad, policy);
        }
        return open(message, from, to, aad, policy, openings.find(message, from, to, policy));
    }

    byte[] open(byte[] message, int from, int to, byte[] aad, OpenPolicy policy, OpeningEpoch epoch) {
        if (epoch.suite() != Suite.CHUNKED_AES_256_GCM) {
            demandSmall(epoch, from, to);
            return openings.open(message, from, to, aad, policy, epoch);
        }
        int body = from + epoch.headerLength();
        byte[] out = new byte[chunked.plaintextLength(to - body)];
        chunked.open(keys(message, from, to, aad, policy, epoch), message, body, to - body, out, 0);
        return out;
    }

    int open(byte[] message, int from, int to, byte[] aad, OpenPolicy policy, byte[] out, int outOffset) {
        if (HeaderParser.looksClear(message, from, to)) {
            byte[] plaintext = openClear(message, from, to, aad, policy);
            demandRoom(out, outOffset, plaintext.length);
            System.arraycopy(plaintext, 0, out, outOffset, plaintext.length);
            return plaintext.length;
        }
        OpeningEpoch epoch = openings.find(message, from, to, policy);
        int body = from + epoch.headerLength();
        if (epoch.suite() != Suite.CHUNKED_AES_256_GCM) {
            demandSmall(epoch, from, to);
            int length = epoch.plaintextLength(to - body);
            demandRoom(out, outOffset, length);
            demandApart(message, from, to - from, out, outOffset, length);
            return openings.open(message, from, to, aad, policy, epoch, out, outOffset);
        }
        int length = chunked.plaintextLength(to - body);
        demandRoom(out, outOffset, length);
        demandApart(message, from, to - from, out, outOffset, length);
        return chunked.open(keys(message, from, to, aad, policy, epoch), message, body, to - body, out, outOffset);
    }

    Opened openWithResult(byte[] message, int from, int to, byte[] aad, OpenPolicy policy) {
        if (HeaderParser.looksClear(message, from, to)) {
            byte[] plaintext = openClear(message, from, to, aad, policy);
            return new Opened(plaintext, "", Suite.AES_256_GCM, SecurityLevel.NONE, policy.context());
        }
        OpeningEpoch epoch = openings.find(message, from, to, policy);
        byte[] plaintext = open(message, from, to, aad, policy, epoch);
        return new Opened(plaintext, epoch.keyId(), epoch.suite(), epoch.level(), epoch.context());
    }

    private ChunkKeys keys(byte[] message, int from, int to, byte[] aad, OpenPolicy policy, OpeningEpoch epoch) {
        OpeningEpoch present = epoch;
        while (true) {
            int body = from + present.headerLength();
            ChunkKeys keys = present.chunkKeys(message, body, to - body, aad);
            if (keys != null) {
                return keys;
            }
            present = openings.find(message, from, to, policy);
        }
    }

    private byte[] openClear(byte[] message, int from, int to, byte[] aad, OpenPolicy policy) {
        Header header = HeaderParser.parse(message, from, to);
        openings.clear(header, policy);
        demandNoAssociatedData(aad);
        return Arrays.copyOfRange(message, from + header.length(), to);
    }

    /** Level 0 protects nothing, so it must not seem to. */
    static void demandNoAssociatedData(byte[] aad) {
        if (aad.length > 0) {
            throw new RefusedException(
                    ErrorCode.KMS_LEVEL_REFUSED,
                    "The message is not encrypted (level 0), and associated data was given.",
                    "Nothing binds such a message to any data.",
                    "Leave the associated data out, or have the message sealed at level 1.");
        }
    }

    /** Suites 1 and 2 hold at most 64 KiB; larger ones are none of ours, and opening them would need one large call. */
    private static void demandSmall(OpeningEpoch epoch, int from, int to) {
        if (epoch.plaintextLength(to - from - epoch.headerLength()) > MOST_SMALL_BYTES) {
            throw new AuthenticationFailedException();
        }
    }

    private static void demandRoom(byte[] out, int outOffset, int length) {
        if (outOffset < 0 || outOffset > out.length || out.length - outOffset < length) {
            throw tooLittleRoom(out.length - outOffset);
        }
    }

    private static IllegalArgumentException tooLittleRoom(int there) {
        return new IllegalArgumentException("too little room in the output: " + there + " bytes from the offset on");
    }

    private static void demandApart(byte[] in, int offset, int length, byte[] out, int outOffset, long outLength) {
        if (in == out && offset < outOffset + outLength && outOffset < offset + length) {
            throw new IllegalArgumentException("input and output overlap");
        }
    }
}
