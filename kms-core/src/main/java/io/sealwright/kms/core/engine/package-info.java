/** The facade's implementation. */
@NullMarked
package io.sealwright.kms.core.engine;

import org.jspecify.annotations.NullMarked;
