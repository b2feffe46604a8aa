/** Master keys in hardware security modules and other PKCS#11 tokens. */
@NullMarked
package io.sealwright.kms.pkcs11;

import org.jspecify.annotations.NullMarked;
