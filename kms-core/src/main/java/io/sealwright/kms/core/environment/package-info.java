/** Every setting that has a system property or an environment variable: one table, and how a manager is made of it. */
@NullMarked
package io.sealwright.kms.core.environment;

import org.jspecify.annotations.NullMarked;
