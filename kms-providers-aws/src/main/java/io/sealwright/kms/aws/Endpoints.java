package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.Variables;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/** Endpoints that were named instead of a region's own. */
final class Endpoints {
    private static final String ALL = "AWS_ENDPOINT_URL";

    private Endpoints() {}

    /**
     * @param service as in {@code KMS}: {@code AWS_ENDPOINT_URL_KMS} counts before {@code AWS_ENDPOINT_URL}
     * @throws ConfigurationException if a variable holds none
     */
    static @Nullable URI of(Variables variables, String service) {
        if (variables.value("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").orElse("").equalsIgnoreCase("true")) {
            return null;
        }
        String own = ALL + "_" + service;
        return variables
                .value(own)
                .map(text -> checked(text, own))
                .or(() -> variables.value(ALL).map(text -> checked(text, ALL)))
                .orElse(null);
    }

    static URI checked(String text, String where) {
        try {
            URI uri = new URI(text);
            String scheme = uri.getScheme();
            if ((scheme != null && (scheme.equalsIgnoreCase("https") || scheme.equalsIgnoreCase("http")))
                    && uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // Its message would quote what may hold a password.
        }
        throw new ConfigurationException(
                where + " is no endpoint.",
                "It must be https://HOST[:PORT][/PATH], without user information, query and fragment.",
                "Correct it, or leave it out for the region's own endpoint.");
    }
}
