/** Coarse time for the hot path. */
@NullMarked
package io.sealwright.kms.core.time;

import org.jspecify.annotations.NullMarked;
