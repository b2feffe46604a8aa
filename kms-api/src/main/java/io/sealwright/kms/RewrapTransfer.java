package io.sealwright.kms;

import java.io.IOException;
import java.io.OutputStream;

/** A message of any length about to be re-wrapped; as {@link Rewrapping}. Not safe for concurrent use. */
public interface RewrapTransfer extends RewrapOptions<RewrapTransfer> {
    /**
     * Reads to the end and writes the re-wrapped message, or the same bytes if nothing was to do. Closes neither
     * stream.
     *
     * @throws IOException if either stream failed
     */
    RewrapResult to(OutputStream out) throws IOException;
}
