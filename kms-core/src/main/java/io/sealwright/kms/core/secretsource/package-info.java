/** Master keys whose bytes a secret store or a variable keeps: fetched once, kept in bounds, used in process. */
@NullMarked
package io.sealwright.kms.core.secretsource;

import org.jspecify.annotations.NullMarked;
