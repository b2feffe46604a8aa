/** Data keys for sealing: made once for many callers, aged, refreshed ahead, rolled over. */
@NullMarked
package io.sealwright.kms.core.sealing;

import org.jspecify.annotations.NullMarked;
