package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Wraps stored material under every master key that wraps, and unwraps it with any that can. Blocks; for workers. */
final class MasterKeys {
    private static final long REFRESH_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final List<MasterKey> wrapping;
    private final List<MasterKey> opening;
    private final ProviderCalls calls;
    private final TimeSource time;
    private final AtomicLong refreshedAt;

    MasterKeys(List<MasterKey> wrapping, List<MasterKey> opening, ProviderCalls calls, TimeSource time) {
        this.wrapping = List.copyOf(wrapping);
        this.opening = List.copyOf(opening);
        this.calls = calls;
        this.time = time;
        this.refreshedAt = new AtomicLong(time.nanoTime() - REFRESH_PAUSE_NANOS);
        if (wrapping.size() > WrapList.MOST_WRAPS) {
            throw new IllegalArgumentException("at most " + WrapList.MOST_WRAPS + " master keys can wrap a stored key");
        }
    }

    boolean wraps() {
        return !wrapping.isEmpty();
    }

    /**
     * Wraps {@code material} under each. These wraps will be its only copies, so each is unwrapped again and compared:
     * what a provider got wrong is noticed before anything is sealed under the key, not years after.
     */
    List<Recipient> wrapAll(SecretBytes material, WrapBinding binding) {
        List<Recipient> wraps = new ArrayList<>(wrapping.size());
        byte[] expected = material.copy();
        try {
            for (MasterKey key : wrapping) {
                Recipient wrap = calls.invoke(key, Operation.WRAP, () -> key.wrap(material, binding));
                if (!key.recognizes(wrap) || !opensTo(expected, key, wrap, binding)) {
                    throw new UnavailableException(
                            "The new key was not stored.",
                            "Master key " + key.uri() + " does not unwrap what it wrapped.",
                            "Check the master key's provider; nothing was sealed under the new key, and nothing is"
                                    + " lost.");
                }
                wraps.add(wrap);
            }
        } finally {
            Arrays.fill(expected, (byte) 0);
        }
        return wraps;
    }

    private boolean opensTo(byte[] expected, MasterKey key, Recipient wrap, WrapBinding binding) {
        try (SecretBytes opened = calls.invoke(key, Operation.UNWRAP, () -> key.unwrap(wrap, binding))) {
            byte[] bytes = opened.copy();
            try {
                return MessageDigest.isEqual(expected, bytes);
            } finally {
                Arrays.fill(bytes, (byte) 0);
            }
        } catch (AuthenticationFailedException e) {
            return false;
        }
    }

    /**
     * Unwraps with whichever master key can. Each wrap is tried with each key that recognizes it; a provider that
     * answers with other material counts as one that failed.
     *
     * @param fits tells whether material is the right one; gets a copy, which is wiped after
     * @return the material, which the caller closes
     * @throws NoMatchingRecipientException if no key recognizes any wrap
     * @throws KmsException unavailable, overloaded, denied or what else the keys said, in this order; if all of them
     *     only said that the wraps do not open, the store is damaged
     */
    SecretBytes unwrapAny(String subject, List<Recipient> wraps, WrapBinding binding, Predicate<byte[]> fits) {
        if (opening.stream().noneMatch(key -> recognizesAny(key, wraps))) {
            refresh();
        }
        KmsException worst = null;
        boolean tried = false;
        for (Recipient wrap : wraps) {
            for (MasterKey key : opening) {
                if (!key.recognizes(wrap)) {
                    continue;
                }
                tried = true;
                try {
                    SecretBytes opened = calls.invoke(key, Operation.UNWRAP, () -> key.unwrap(wrap, binding));
                    if (accepts(opened, fits)) {
                        return opened;
                    }
                } catch (CallInterruptedException e) {
                    throw e;
                } catch (AuthenticationFailedException e) {
                    // This wrap does not open; the next may.
                } catch (KmsException e) {
                    worst = worst == null || rank(e) > rank(worst) ? e : worst;
                }
            }
        }
        if (worst != null) {
            throw worst;
        }
        if (tried) {
            throw KeyErrors.corrupt(subject, "None of its wraps gives back the material that was stored.");
        }
        throw new NoMatchingRecipientException(
                "No configured key unwraps " + subject + ".",
                "None of the configured master keys is among those that wrapped it.",
                "Configure the master key that the store was made with.");
    }

    /** The URI of the first configured key that recognizes one of the wraps, or an empty text. */
    String uriOf(List<Recipient> wraps) {
        for (Recipient wrap : wraps) {
            for (MasterKey key : opening) {
                if (key.recognizes(wrap)) {
                    return key.uri();
                }
            }
        }
        return "";
    }

    private static boolean recognizesAny(MasterKey key, List<Recipient> wraps) {
        return wraps.stream().anyMatch(key::recognizes);
    }

    /** Another process may have rotated a master key since: one look, at most once a second. */
    private void refresh() {
        long last = refreshedAt.get();
        long now = time.nanoTime();
        if (now - last < REFRESH_PAUSE_NANOS || !refreshedAt.compareAndSet(last, now)) {
            return;
        }
        for (MasterKey key : opening) {
            try {
                calls.invoke(key, Operation.REFRESH, key::refresh);
            } catch (CallInterruptedException e) {
                throw e;
            } catch (KmsException e) {
                // The look was a favour; that no key matches is the better answer.
            }
        }
    }

    private static boolean accepts(SecretBytes opened, Predicate<byte[]> fits) {
        boolean accepted = false;
        byte[] bytes = opened.copy();
        try {
            accepted = fits.test(bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
            if (!accepted) {
                opened.close();
            }
        }
        return accepted;
    }

    private static int rank(@Nullable KmsException e) {
        if (e instanceof PermissionDeniedException) {
            return 1;
        }
        return e != null && e.retryable() ? 2 : 0;
    }
}
