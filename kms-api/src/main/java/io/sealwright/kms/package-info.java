/** The facade: what an application writes against. Start at {@link io.sealwright.kms.KeyManager}. */
@NullMarked
package io.sealwright.kms;

import org.jspecify.annotations.NullMarked;
