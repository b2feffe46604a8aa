/** What every store of named keys must do. */
@NullMarked
package io.sealwright.kms.testkit.store;

import org.jspecify.annotations.NullMarked;
