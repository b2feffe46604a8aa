/** What providers of master keys, stores and the engine implement. Applications do not need this package. */
@NullMarked
package io.sealwright.kms.spi;

import org.jspecify.annotations.NullMarked;
