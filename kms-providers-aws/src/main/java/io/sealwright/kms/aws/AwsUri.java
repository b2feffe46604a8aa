package io.sealwright.kms.aws;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.MasterKeyUri;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A URI's name and, behind a question mark, its region. Nothing else may stand there: no address and no credentials.
 *
 * @param name what stands before the question mark
 * @param region if it is there
 */
record AwsUri(String name, @Nullable String region) {
    static final Pattern REGION = Pattern.compile("[a-z]{2,8}(-[a-z0-9]+){2,4}");

    private static final String PARAMETER = "region=";
    private static final int LONGEST = 2048;

    /**
     * @param form how it should look, for the error
     * @throws ConfigurationException if there is another parameter than the region, or that is none
     */
    static AwsUri of(MasterKeyUri uri, String form) {
        String rest = uri.rest();
        int query = rest.indexOf('?');
        String name = query < 0 ? rest : rest.substring(0, query);
        String parameter = query < 0 ? null : rest.substring(query + 1);
        boolean known = parameter == null
                || (parameter.startsWith(PARAMETER)
                        && REGION.matcher(parameter.substring(PARAMETER.length()))
                                .matches());
        if (!known || name.isEmpty() || rest.length() > LONGEST) {
            throw new ConfigurationException(
                    "The master key URI of scheme '" + uri.scheme() + "' cannot be used.",
                    // Not shown: people put credentials behind question marks.
                    known ? "It names nothing, or is too long." : "Behind its question mark stands no 'region=REGION'.",
                    "Give it as " + form + "; credentials and endpoint come from the environment or AwsOptions.");
        }
        return new AwsUri(name, parameter == null ? null : parameter.substring(PARAMETER.length()));
    }
}
