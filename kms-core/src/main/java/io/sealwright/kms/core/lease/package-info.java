/** How long a key in memory may serve: its age, and what an outage adds to it. */
@NullMarked
package io.sealwright.kms.core.lease;

import org.jspecify.annotations.NullMarked;
