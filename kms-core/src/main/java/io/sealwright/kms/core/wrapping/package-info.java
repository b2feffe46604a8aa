/**
 * Wraps made in this process: keys whose bytes the process holds (key files, environment, secret stores, named keys),
 * derived per purpose and never used raw.
 */
@NullMarked
package io.sealwright.kms.core.wrapping;

import org.jspecify.annotations.NullMarked;
