/** The bytes of a message: header, limits, registry. */
@NullMarked
package io.sealwright.kms.core.message;

import org.jspecify.annotations.NullMarked;
