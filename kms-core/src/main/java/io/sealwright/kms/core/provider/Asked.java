package io.sealwright.kms.core.provider;

import io.sealwright.kms.error.UnavailableException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a task asked a provider last, for whoever is told that its deadline is over: what was to be done says nothing of who
 * kept it waiting.
 *
 * @param call the operation and the master key
 * @param said what came of an attempt before, if anything did
 */
record Asked(String call, @Nullable UnavailableException said) {
    /** The error of a task that was not done by its deadline. */
    static UnavailableException late(Duration deadline, String what, @Nullable Asked asked) {
        UnavailableException said = asked == null ? null : asked.said();
        String waited = asked == null || what.contains(asked.call()) ? "" : "It waited for: " + asked.call() + ". ";
        return new UnavailableException(
                "No answer within " + deadline.toMillis() + " ms: " + what + ".",
                waited
                        + (said == null
                                ? "The provider is slow, hangs, or cannot be reached."
                                : "An attempt before ended so: " + said.what() + " " + said.why()),
                said == null
                        ? "Repeat the call; check the provider and the network, or set a longer deadline."
                        : said.remedy());
    }
}
