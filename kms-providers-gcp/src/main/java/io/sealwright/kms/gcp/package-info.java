/** Master keys in Google Cloud KMS, and keys kept in Google Secret Manager. */
@NullMarked
package io.sealwright.kms.gcp;

import org.jspecify.annotations.NullMarked;
