/** A master-key provider of one's own, in one class: docs/providers/OWN.md explains it. */
@NullMarked
package io.sealwright.examples.keyring;

import org.jspecify.annotations.NullMarked;
