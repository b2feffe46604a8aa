/** The command line {@code kms}. */
@NullMarked
package io.sealwright.kms.cli;

import org.jspecify.annotations.NullMarked;
