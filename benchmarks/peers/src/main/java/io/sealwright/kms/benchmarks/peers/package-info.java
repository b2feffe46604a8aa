/** What other libraries do, counted by their own public interfaces. */
@NullMarked
package io.sealwright.kms.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
