/** How large a long proof is. */
@NullMarked
package io.sealwright.kms.testkit.proof;

import org.jspecify.annotations.NullMarked;
