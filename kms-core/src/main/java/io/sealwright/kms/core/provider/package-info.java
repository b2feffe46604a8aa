/** Calls to master keys: threads, deadlines, bounds, events. */
@NullMarked
package io.sealwright.kms.core.provider;

import org.jspecify.annotations.NullMarked;
