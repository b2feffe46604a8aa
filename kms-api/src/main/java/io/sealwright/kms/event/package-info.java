/** What the library tells about itself: provider calls, key changes, refusals, fall-backs. Never one event a message. */
@NullMarked
package io.sealwright.kms.event;

import org.jspecify.annotations.NullMarked;
