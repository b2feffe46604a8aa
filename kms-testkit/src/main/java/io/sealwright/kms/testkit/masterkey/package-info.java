/** Master keys that count, block, fail and lie. */
@NullMarked
package io.sealwright.kms.testkit.masterkey;

import org.jspecify.annotations.NullMarked;
