/** A stand-in for AWS on a loopback port: KMS, Secrets Manager and Parameter Store, as strict as the vendor documents them. */
@NullMarked
package io.sealwright.kms.testkit.aws;

import org.jspecify.annotations.NullMarked;
