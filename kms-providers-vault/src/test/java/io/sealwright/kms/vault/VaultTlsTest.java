package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** TLS to the real OpenBao, whose listener asks for a client certificate. */
@ExtendWith(OpenBao.Extension.class)
@Timeout(60)
class VaultTlsTest {
    @TempDir
    Path folder;

    private final OpenBao bao;

    VaultTlsTest(OpenBao bao) {
        this.bao = bao;
    }

    @BeforeEach
    void makeKey() {
        bao.mount("", "transit", "transit", "");
        bao.root("POST", "transit/keys/tls", "{}");
    }

    private VaultOptions.Builder options() {
        return VaultOptions.builder().address(bao.tlsAddress()).auth(VaultAuth.token(bao.rootToken()));
    }

    private static String check(VaultOptions options) {
        try (MasterKey key = VaultKeys.masterKey(options, "transit/tls")) {
            return key.check();
        }
    }

    @Test
    void authorityAndClientCertificate_connect() {
        TlsFiles tls = bao.tls();
        assertThat(check(options()
                        .caFile(tls.serverCertificate())
                        .clientCertificate(tls.clientCertificate(), tls.clientKey())
                        .build()))
                .contains("aes256-gcm96")
                .doesNotContain("not encrypted");
    }

    @Test
    void authorityIsTheSecondOfTheFile_connects() throws Exception {
        TlsFiles tls = bao.tls();
        Path bundle = Files.writeString(
                folder.resolve("bundle.pem"),
                Files.readString(tls.clientCertificate()) + Files.readString(tls.serverCertificate()));
        assertThat(check(options()
                        .caFile(bundle)
                        .clientCertificate(tls.clientCertificate(), tls.clientKey())
                        .build()))
                .contains("aes256-gcm96");
    }

    @Test
    void authorityNotTrusted_throwsUnavailableThatSaysTls() {
        TlsFiles tls = bao.tls();
        assertThatThrownBy(() -> check(options()
                        .clientCertificate(tls.clientCertificate(), tls.clientKey())
                        .build()))
                .isInstanceOf(UnavailableException.class)
                .hasMessageContaining("TLS failed");
    }

    @Test
    void noClientCertificate_throwsUnavailable() {
        assertThatThrownBy(() ->
                        check(options().caFile(bao.tls().serverCertificate()).build()))
                .isInstanceOf(UnavailableException.class);
    }

    @Test
    void build_filesThatDoNotFit_isRefusedWithoutShowingTheKey() throws Exception {
        TlsFiles tls = bao.tls();
        assertThatThrownBy(() -> options().caFile(tls.serverKey()).build()).isInstanceOf(ConfigurationException.class);
        assertThatThrownBy(() -> options()
                        .clientCertificate(tls.clientCertificate(), tls.serverKey())
                        .build())
                .isInstanceOf(ConfigurationException.class);
        Path old = Files.writeString(
                folder.resolve("old.pem"), Files.readString(tls.clientKey()).replace("PRIVATE KEY", "EC PRIVATE KEY"));
        assertThatThrownBy(() -> options()
                        .clientCertificate(tls.clientCertificate(), old)
                        .build())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("openssl pkcs8");
        Path empty = Files.writeString(folder.resolve("empty.pem"), "");
        assertThatThrownBy(() -> options().caFile(empty).build()).isInstanceOf(ConfigurationException.class);
    }
}
