package io.sealwright.kms.aws;

import io.sealwright.kms.spi.WrapBinding;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The AWS encryption context of a binding: its pairs as they are, so that policies and CloudTrail see them, and the purpose
 * under a name that no application can use.
 */
final class KmsContext {
    /** Reserved for this library ({@code sealwright:…}), and in no binding. */
    static final String PURPOSE = "sealwright:purpose";

    private KmsContext() {}

    static Map<String, String> of(WrapBinding binding) {
        Map<String, String> context = new LinkedHashMap<>(binding.context().pairs());
        // data-key, named-key, …: the names of the enum are as stable as its numbers, a test says.
        String before = context.put(
                PURPOSE, binding.purpose().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        if (before != null) {
            throw new IllegalArgumentException("a binding names " + PURPOSE + " itself");
        }
        return context;
    }
}
