/**
 * Constructions over the JCA's primitives: HMAC, HKDF, AES-256-GCM holders, XAES-256-GCM and the chunked body.
 *
 * <p>Nothing here is a primitive of our own; AES, GCM and SHA-2 come from the platform's provider or the one that the
 * caller names. Arguments that a programmer got wrong are {@link java.lang.IllegalArgumentException}s; bytes that fail
 * to authenticate are {@link javax.crypto.AEADBadTagException}s; a provider that lacks an algorithm shows as another
 * {@link java.security.GeneralSecurityException}.
 */
@NullMarked
package io.sealwright.kms.core.crypto;

import org.jspecify.annotations.NullMarked;
