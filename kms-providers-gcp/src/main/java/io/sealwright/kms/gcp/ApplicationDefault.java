package io.sealwright.kms.gcp;

import com.google.auth.oauth2.GoogleAuthUtils;
import com.google.auth.oauth2.GoogleCredentials;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Google's application default credentials: a file that GOOGLE_APPLICATION_CREDENTIALS names, gcloud's own, or the machine's service
 * account. Google's own look for them keeps the first it finds as long as the JVM runs, dead or not; so what lies in a file is
 * read here, where a new login is seen. A machine's account has nothing that could be read anew but its token.
 */
final class ApplicationDefault {
    private static final String FILE = "GOOGLE_APPLICATION_CREDENTIALS";
    private static final String QUOTA_PROJECT = "GOOGLE_CLOUD_QUOTA_PROJECT";

    private ApplicationDefault() {}

    static GoogleCredentials read() throws IOException {
        Path file = file();
        if (file == null) {
            return GoogleCredentials.getApplicationDefault();
        }
        GoogleCredentials credentials = read(file);
        String paying = System.getenv(QUOTA_PROJECT);
        return paying == null || paying.isEmpty() ? credentials : credentials.createWithQuotaProject(paying);
    }

    static GoogleCredentials read(Path file) throws IOException {
        try (InputStream json = Files.newInputStream(file)) {
            return GoogleCredentials.fromStream(json);
        }
    }

    private static @Nullable Path file() {
        String named = System.getenv(FILE);
        if (named != null && !named.isEmpty()) {
            return Path.of(named);
        }
        Path login = Path.of(GoogleAuthUtils.getWellKnownCredentialsPath());
        return Files.isRegularFile(login) ? login : null;
    }
}
