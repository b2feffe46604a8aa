/** Master keys and secrets in HashiCorp Vault and OpenBao. */
@NullMarked
package io.sealwright.kms.vault;

import org.jspecify.annotations.NullMarked;
