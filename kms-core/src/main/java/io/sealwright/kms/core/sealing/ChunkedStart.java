package io.sealwright.kms.core.sealing;

import io.sealwright.kms.core.crypto.ChunkKeys;

/**
 * What a chunked message begins with.
 *
 * @param header not copied, not to be changed
 * @param keys the message's own, to be closed by whoever seals it
 */
public record ChunkedStart(byte[] header, ChunkKeys keys) {}
