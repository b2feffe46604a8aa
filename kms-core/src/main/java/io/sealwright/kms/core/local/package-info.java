/** Master keys in files of this machine: {@code local://NAME}, and where those files lie. */
@NullMarked
package io.sealwright.kms.core.local;

import org.jspecify.annotations.NullMarked;
