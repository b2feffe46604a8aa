package io.sealwright.kms.core.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.ConfigurationException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KmsHomeTest {
    @TempDir
    Path home;

    @Test
    void resolve_given_winsOverEverything() {
        assertThat(resolve(Path.of("/given"), Map.of("KMS_HOME", "/k", "XDG_DATA_HOME", "/x", "HOME", "/h")))
                .isEqualTo(Path.of("/given"));
    }

    @Test
    void resolve_givenRelative_isMadeAbsolute() {
        assertThat(resolve(Path.of("here"), Map.of())).isAbsolute().endsWithRaw(Path.of("here"));
    }

    @Test
    void resolve_kmsHome_winsOverXdg() {
        assertThat(resolve(null, Map.of("KMS_HOME", "/k", "XDG_DATA_HOME", "/x")))
                .isEqualTo(Path.of("/k"));
    }

    @Test
    void resolve_xdgDataHome_getsFolderOfOurs() {
        assertThat(resolve(null, Map.of("XDG_DATA_HOME", "/x", "HOME", home.toString())))
                .isEqualTo(Path.of("/x/sealwright"));
    }

    @Test
    void resolve_emptyOrRelativeXdg_isTheHomeDirectory() {
        Path expected = home.resolve(".local/share/sealwright");
        assertThat(resolve(null, Map.of("KMS_HOME", "", "XDG_DATA_HOME", "", "HOME", home.toString())))
                .isEqualTo(expected);
        assertThat(resolve(null, Map.of("XDG_DATA_HOME", "data", "HOME", home.toString())))
                .isEqualTo(expected);
    }

    @Test
    void resolve_withoutHomeVariable_isTheUserDatabasesHome() {
        assertThat(KmsHome.resolve(null, name -> null, home.toString()))
                .isEqualTo(home.resolve(".local/share/sealwright"));
    }

    @Test
    void resolve_noHomeAtAll_throwsConfigurationNamingTheVariable() {
        for (String userHome : new String[] {"", "?", home.resolve("missing").toString()}) {
            assertThatThrownBy(() -> KmsHome.resolve(null, name -> null, userHome))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("this user has no home directory")
                    .hasMessageContaining("Set KMS_HOME");
        }
    }

    @Test
    void resolve_kmsHomeIsNoPath_throwsConfiguration() {
        assertThatThrownBy(() -> resolve(null, Map.of("KMS_HOME", "a\0b")))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("KMS_HOME is no path.");
    }

    @Test
    void resolve_makesNothing() {
        assertThat(resolve(null, Map.of("KMS_HOME", home.resolve("new").toString())))
                .doesNotExist();
    }

    private static Path resolve(@Nullable Path given, Map<String, String> environment) {
        return KmsHome.resolve(given, environment::get, "?");
    }
}
