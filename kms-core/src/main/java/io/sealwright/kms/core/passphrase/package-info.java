/** Keys stretched from passphrases: their parameters in wraps, the bounded work, the wraps themselves. */
@NullMarked
package io.sealwright.kms.core.passphrase;

import org.jspecify.annotations.NullMarked;
