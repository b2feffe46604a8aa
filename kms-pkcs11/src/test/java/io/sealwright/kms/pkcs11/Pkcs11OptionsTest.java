package io.sealwright.kms.pkcs11;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.Variables;
import io.sealwright.kms.testkit.masterkey.TestSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings from the program and from the environment: nothing is loaded, and what is wrong is named. */
class Pkcs11OptionsTest {
    private static final String URI = "pkcs11:token=hsm;object=app";
    private static final String SECRET = "hunter2-geheim";

    @TempDir
    Path folder;

    private Path library;

    @BeforeEach
    void prepare() throws Exception {
        library = Files.writeString(folder.resolve("library.so"), "no library at all");
    }

    private MasterKey open(String uri, String... namesAndValues) {
        return new Pkcs11Provider()
                .open(MasterKeyUri.parse(uri), TestSettings.with(TestSettings.variables(namesAndValues)));
    }

    @Test
    void environment_module_isEnough_andNothingIsLoaded() {
        try (MasterKey key = open(URI, "KMS_PKCS11_MODULE", library.toString())) {
            assertThat(key.uri()).isEqualTo(URI);
            assertThat(key).hasToString("Pkcs11Key[" + URI + "]");
        }
    }

    @Test
    void uri_asItWasConfigured_isTheKeysName() {
        String other = "pkcs11:object=app;serial=1;token=hsm";
        try (MasterKey key = open(other, "KMS_PKCS11_MODULE", library.toString())) {
            assertThat(key.uri()).isEqualTo(other);
        }
        try (MasterKey key = open("pkcs11://token=hsm;object=app", "KMS_PKCS11_MODULE", library.toString())) {
            assertThat(key.uri()).isEqualTo(URI);
        }
    }

    @Test
    void environment_whatIsMissingOrWrong_isNamed() {
        assertThatThrownBy(() -> open(URI))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("KMS_PKCS11_MODULE");
        assertThatThrownBy(() ->
                        open(URI, "KMS_PKCS11_MODULE", folder.resolve("none.so").toString()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("No file is there");
        assertThatThrownBy(() -> open(URI, "KMS_PKCS11_MODULE", "library.so"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("not absolute");
        assertThatThrownBy(() -> open(URI, "KMS_PKCS11_MODULE", "\0"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("names no file");
        assertThatThrownBy(() -> open(
                        URI,
                        "KMS_PKCS11_MODULE",
                        library.toString(),
                        "KMS_PKCS11_PIN",
                        SECRET,
                        "KMS_PKCS11_PIN_FILE",
                        "/run/pin"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("both set")
                .hasMessageNotContaining(SECRET);
        for (String sessions : new String[] {"0", "257", "many", "-1", "1e1"}) {
            assertThatThrownBy(
                            () -> open(URI, "KMS_PKCS11_MODULE", library.toString(), "KMS_PKCS11_SESSIONS", sessions))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("KMS_PKCS11_SESSIONS")
                    .hasMessageContaining("1 to 256");
        }
    }

    /** What a message or a key id says is a URI at most, and that chooses no code. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "pkcs11:?module-path=/tmp/evil.so",
                "pkcs11:token=hsm;object=app?module-path=/tmp/evil.so",
                "pkcs11:token=hsm;object=app?module-name=evil",
                "pkcs11:token=hsm;object=app?pin-value=hunter2-geheim",
                "pkcs11:token=hsm;object=app?pin-source=/tmp/hunter2-geheim"
            })
    void open_uriWithModuleOrPin_isRefused(String uri) {
        assertThatThrownBy(() -> open(uri, "KMS_PKCS11_MODULE", library.toString()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageNotContaining(SECRET);
        Pkcs11Options options = Pkcs11Options.builder().library(library).build();
        assertThatThrownBy(() -> Pkcs11Keys.masterKey(options, uri)).isInstanceOf(ConfigurationException.class);
    }

    @Test
    void masterKey_otherScheme_isRefused() {
        Pkcs11Options options = Pkcs11Options.builder().library(library).build();
        assertThatThrownBy(() -> Pkcs11Keys.masterKey(options, "aws-kms://alias/app"))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("aws-kms");
    }

    @Test
    void firstUse_fileIsNoLibrary_isNoAnswer() {
        Pkcs11Options options = Pkcs11Options.builder().library(library).build();
        try (MasterKey key = Pkcs11Keys.masterKey(options, URI)) {
            assertThatThrownBy(key::check)
                    .isInstanceOf(UnavailableException.class)
                    .hasMessageContaining("cannot be loaded");
        }
    }

    @Test
    void builder_settingTwiceOrOutOfRange_isAnError() {
        assertThatThrownBy(() -> Pkcs11Options.builder().library(library).library(library))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> Pkcs11Options.builder().pin("1".toCharArray()).pinFile(library))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> Pkcs11Options.builder().sessions(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Pkcs11Options.builder().sessions(257)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Pkcs11Options.builder().timeout(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Pkcs11Options.builder().timeout(Duration.ofHours(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Pkcs11Options.builder().build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("KMS_PKCS11_MODULE");
        assertThatThrownBy(() -> Pkcs11Options.builder().libraryArguments("a\0b"))
                .isInstanceOf(ConfigurationException.class);
    }

    @Test
    void builder_oneLibraryWithTwoArguments_isRefused() throws Exception {
        Path other = Files.writeString(folder.resolve("other.so"), "");
        Pkcs11Options unused =
                Pkcs11Options.builder().library(other).libraryArguments("one").build();
        assertThatThrownBy(() -> Pkcs11Options.builder().library(other).build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("other arguments");
    }

    @Test
    void pin_isCopied_neverShown_andWiped() {
        char[] given = SECRET.toCharArray();
        Pkcs11Options options =
                Pkcs11Options.builder().library(library).pin(given).build();
        Arrays.fill(given, 'x');
        assertThat(options.pin().read()).isEqualTo(SECRET.getBytes(StandardCharsets.UTF_8));
        assertThat(options.toString()).doesNotContain(SECRET).contains("Pin[given]");
        Pin ofKey = options.pin().copy();
        options.close();
        assertThatThrownBy(() -> options.pin().read()).isInstanceOf(ClosedException.class);
        assertThat(ofKey.read()).as("a key's own copy").isEqualTo(SECRET.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void pin_textOfAllSizes_becomesUtf8() {
        assertThat(Pin.of("pä€\uD83D\uDD11".toCharArray()).read())
                .isEqualTo("pä€\uD83D\uDD11".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> Pin.of(new char[0])).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> Pin.of(new char[] {'a', '\uD83D'})).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> Pin.of(new char[2_000])).isInstanceOf(ConfigurationException.class);
    }

    @Test
    void pinFile_isReadAnew_withoutOneNewline() throws Exception {
        Path file = Files.writeString(folder.resolve("pin"), SECRET + "\n");
        Pin pin = Pin.file(file);
        assertThat(pin.read()).isEqualTo(SECRET.getBytes(StandardCharsets.UTF_8));
        Files.writeString(file, "other\r\n");
        assertThat(pin.read()).isEqualTo("other".getBytes(StandardCharsets.UTF_8));
        Files.writeString(file, "two\n\n");
        assertThat(pin.read()).isEqualTo("two\n".getBytes(StandardCharsets.UTF_8));
        Files.writeString(file, "\n");
        assertThatThrownBy(pin::read).isInstanceOf(UnavailableException.class).hasMessageContaining("empty");
        Files.delete(file);
        assertThatThrownBy(pin::read).isInstanceOf(UnavailableException.class).hasMessageContaining("not there");
        assertThat(pin.toString()).doesNotContain(SECRET);
    }

    @Test
    void pinVariable_valueOrFile_isReadAnew() throws Exception {
        assertThat(Pin.variable(Variables.of(Map.of("KMS_PKCS11_PIN", SECRET)), "KMS_PKCS11_PIN")
                        .read())
                .isEqualTo(SECRET.getBytes(StandardCharsets.UTF_8));
        Path file = folder.resolve("pin");
        Pin pin = Pin.variable(Variables.of(Map.of("KMS_PKCS11_PIN_FILE", file.toString())), "KMS_PKCS11_PIN");
        assertThatThrownBy(pin::read).isInstanceOf(UnavailableException.class);
        Files.writeString(file, SECRET);
        assertThat(pin.read()).isEqualTo(SECRET.getBytes(StandardCharsets.UTF_8));
        assertThat(Pin.variable(Variables.of(Map.of()), "KMS_PKCS11_PIN").read())
                .isNull();
    }
}
