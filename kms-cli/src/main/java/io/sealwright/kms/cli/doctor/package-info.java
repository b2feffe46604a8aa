/**
 * {@code kms doctor}: what may be wrong with an installation, one class a check, each with the line that mends it. Nothing
 * here creates or changes anything.
 */
@NullMarked
package io.sealwright.kms.cli.doctor;

import org.jspecify.annotations.NullMarked;
