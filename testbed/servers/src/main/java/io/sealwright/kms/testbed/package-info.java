/** Real servers for the tests. */
@NullMarked
package io.sealwright.kms.testbed;

import org.jspecify.annotations.NullMarked;
