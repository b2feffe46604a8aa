/** A strict fake of Google Cloud KMS and Secret Manager over real gRPC, for tests. */
@NullMarked
package io.sealwright.kms.testkit.gcp;

import org.jspecify.annotations.NullMarked;
