/** Argon2id by Bouncy Castle. */
@NullMarked
package io.sealwright.kms.argon2;

import org.jspecify.annotations.NullMarked;
