/** Keys derived from a root for one salt: sealing slots, opening ciphers. */
@NullMarked
package io.sealwright.kms.core.epoch;

import org.jspecify.annotations.NullMarked;
