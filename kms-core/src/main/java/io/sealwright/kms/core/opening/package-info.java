/** Opening: finding the root of a header, and the caches that remember it. */
@NullMarked
package io.sealwright.kms.core.opening;

import org.jspecify.annotations.NullMarked;
