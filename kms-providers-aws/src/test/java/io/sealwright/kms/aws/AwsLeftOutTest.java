package io.sealwright.kms.aws;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An application that leaves a service's jar out loses that scheme alone, and is told which jar it is. */
@Timeout(60)
class AwsLeftOutTest {
    /** Runs in a class loader that lacks the jars whose path holds {@code part}. */
    private static String opened(String part, String uri) throws Exception {
        List<URL> urls = new ArrayList<>();
        boolean left = false;
        // Surefire's own class path is one jar that names the others.
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        for (String entry : path.split(File.pathSeparator)) {
            if (entry.contains(part)) {
                left = true;
            } else {
                urls.add(Path.of(entry).toUri().toURL());
            }
        }
        assertThat(left).as("there is a jar to leave out").isTrue();
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader loader =
                new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            Class<?> manager = loader.loadClass("io.sealwright.kms.KeyManager");
            Object kms = manager.getMethod("open", String.class).invoke(null, uri);
            ((AutoCloseable) kms).close();
            return "opened";
        } catch (java.lang.reflect.InvocationTargetException e) {
            return e.getCause().toString();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void withoutSsm_parametersAreRefusedByName_andKmsIsThere() throws Exception {
        assertThat(opened("/awssdk/ssm/", "aws-ssm://a/b?region=eu-central-1"))
                .contains("ConfigurationException", "software.amazon.awssdk:ssm");
        assertThat(opened("/awssdk/ssm/", "aws-kms://alias/app?region=eu-central-1"))
                .isEqualTo("opened");
    }

    @Test
    void withoutSecretsManager_secretsAreRefusedByName_andParametersAreThere() throws Exception {
        assertThat(opened("/awssdk/secretsmanager/", "aws-secretsmanager://a?region=eu-central-1"))
                .contains("ConfigurationException", "software.amazon.awssdk:secretsmanager");
        assertThat(opened("/awssdk/secretsmanager/", "aws-ssm://a/b?region=eu-central-1"))
                .isEqualTo("opened");
    }
}
