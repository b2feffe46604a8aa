/**
 * Named keys: versions, states, manifests that are authenticated under the store's own key, and the material that this
 * process holds of them.
 */
@NullMarked
package io.sealwright.kms.core.namedkey;

import org.jspecify.annotations.NullMarked;
