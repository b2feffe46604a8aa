/** Bulk movement of sealed data from key to key. */
@NullMarked
package io.sealwright.kms.migrate;

import org.jspecify.annotations.NullMarked;
