/** Shows a key manager's counters to Micrometer. */
@NullMarked
package io.sealwright.kms.micrometer;

import org.jspecify.annotations.NullMarked;
