package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a store is, and who opens it. The password is kept in an array of its own, never printed, and wiped on close;
 * database drivers want it as text, which cannot be wiped.
 */
public final class StoreAddress implements AutoCloseable {
    private final String url;
    private final @Nullable String user;
    private final @Nullable SecretBytes password;

    private StoreAddress(String url, @Nullable String user, @Nullable SecretBytes password) {
        this.url = url;
        this.user = user;
        this.password = password;
    }

    /**
     * A store that needs no password, or that finds user and password by itself.
     *
     * @param url such as {@code jdbc:sqlite:/var/lib/app/store.db}
     */
    public static StoreAddress of(String url) {
        return new StoreAddress(Objects.requireNonNull(url, "url"), null, null);
    }

    /**
     * A store with user and password, which do not belong into its URL.
     *
     * @param url such as {@code jdbc:postgresql://db.example.com/app}
     * @param user null if the URL or the driver says who
     * @param password in UTF-8, copied; null if there is none
     */
    public static StoreAddress of(String url, @Nullable String user, @Nullable SecretBytes password) {
        return new StoreAddress(
                Objects.requireNonNull(url, "url"),
                user,
                password == null ? null : SecretBytes.owning(password.copy()));
    }

    /** The URL as it was given; not to be printed, since people put passwords into URLs. */
    public String url() {
        return url;
    }

    /** Who opens it, if that was said. */
    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    /**
     * The password in UTF-8, if there is one; a copy, which the caller wipes.
     *
     * @throws IllegalStateException if this was closed
     */
    public Optional<byte[]> password() {
        return Optional.ofNullable(password).map(SecretBytes::copy);
    }

    /** Wipes the password. */
    @Override
    public void close() {
        if (password != null) {
            password.close();
        }
    }

    /** The URL without its parameters and without what stands before an {@code @}; for people. */
    @Override
    public String toString() {
        return url.replaceFirst("(?s)[?;].*", "").replaceFirst("(?s)//.*@", "//");
    }
}
