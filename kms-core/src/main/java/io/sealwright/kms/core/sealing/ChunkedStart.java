package io.sealwright.kms.core.sealing;

import io.sealwright.kms.core.crypto.ChunkKeys;
import java.util.function.BooleanSupplier;

/**
 * What a chunked message begins with.
 *
 * @param header not copied, not to be changed
 * @param keys the message's own, to be closed by whoever seals it
 * @param restored whether this process was restored since: then a copy of it may have the same keys, and seal other
 *     plaintext under the nonces that come next
 */
public record ChunkedStart(byte[] header, ChunkKeys keys, BooleanSupplier restored) {}
