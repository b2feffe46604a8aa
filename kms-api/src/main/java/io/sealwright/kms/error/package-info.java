/** One unchecked, sealed family of errors with stable codes. Each says what happened, why, and what to do. */
@NullMarked
package io.sealwright.kms.error;

import org.jspecify.annotations.NullMarked;
