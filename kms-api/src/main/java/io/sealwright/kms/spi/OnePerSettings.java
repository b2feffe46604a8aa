package io.sealwright.kms.spi;

import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the keys share that a provider opens with the same settings, such as the connections to its server and a login. For
 * providers. Safe for concurrent use.
 *
 * @param <T> the type of what is shared; it is never closed here: its users know when the last of them is gone
 */
public final class OnePerSettings<T> {
    private final Function<ProviderSettings, T> making;
    private @Nullable T made; // guarded by this
    private @Nullable ProviderSettings of; // guarded by this

    /**
     * Makes nothing yet.
     *
     * @param making called by one thread at a time, which others wait for: it reads settings and connects to nothing
     */
    public OnePerSettings(Function<ProviderSettings, T> making) {
        this.making = Objects.requireNonNull(making, "making");
    }

    /**
     * What was made last, if that was with these settings; else one made now, which takes its place. If making fails, the
     * place stays as it was.
     */
    public synchronized T get(ProviderSettings settings) {
        T there = made;
        if (there == null || !settings.equals(of)) {
            there = making.apply(settings);
            made = there;
            of = settings;
        }
        return there;
    }
}
