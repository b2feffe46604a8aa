/** Master keys in AWS KMS, and keys kept in Secrets Manager and Parameter Store. */
@NullMarked
package io.sealwright.kms.aws;

import org.jspecify.annotations.NullMarked;
