/** Chunked bodies (suite 4): in memory, as streams, as channels, on all cores. */
@NullMarked
package io.sealwright.kms.core.chunked;

import org.jspecify.annotations.NullMarked;
