/** Clocks that stand still until a test moves them. */
@NullMarked
package io.sealwright.kms.testkit.time;

import org.jspecify.annotations.NullMarked;
