package io.sealwright.kms.vault;

import io.sealwright.kms.error.ConfigurationException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * TLS contexts out of PEM files. The driver's own has no TLS 1.3, takes the first certificate of a file alone, and RSA
 * keys alone.
 */
final class VaultTls {
    private static final String KEY_BEGIN = "-----BEGIN PRIVATE KEY-----";
    private static final String KEY_END = "-----END PRIVATE KEY-----";

    private VaultTls() {}

    /**
     * @param authorities certificates that are trusted instead of the JVM's, or null
     * @param certificate our own with its chain, or null
     * @param key its private key, PKCS#8 without password; given if and only if {@code certificate} is
     */
    static SSLContext context(@Nullable Path authorities, @Nullable Path certificate, @Nullable Path key) {
        try {
            TrustManager[] trust = null;
            if (authorities != null) {
                KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
                load(store);
                int number = 0;
                for (Certificate authority : certificates(authorities)) {
                    store.setCertificateEntry("ca" + number++, authority);
                }
                TrustManagerFactory factory =
                        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                factory.init(store);
                trust = factory.getTrustManagers();
            }
            KeyManager[] own = null;
            if (certificate != null && key != null) {
                KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
                load(store);
                Certificate[] chain = certificates(certificate).toArray(new Certificate[0]);
                char[] password = new char[0];
                store.setKeyEntry("own", privateKey(key, chain[0].getPublicKey().getAlgorithm()), password, chain);
                KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
                factory.init(store, password);
                own = factory.getKeyManagers();
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(own, trust, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new ConfigurationException(
                    "The TLS settings cannot be used.",
                    "Certificate and private key do not belong together, or Java does not take them.",
                    "Check the PEM files; the cause says more.",
                    e);
        }
    }

    private static void load(KeyStore store) throws GeneralSecurityException {
        try {
            store.load(null, null);
        } catch (IOException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private static List<Certificate> certificates(Path file) throws GeneralSecurityException {
        byte[] pem = read(file);
        Collection<? extends Certificate> found;
        try {
            found = CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
        } catch (java.security.cert.CertificateException e) {
            throw unreadable(file, "It is no PEM file of certificates.", e);
        }
        if (found.isEmpty()) {
            throw unreadable(file, "It holds no certificate.", null);
        }
        return List.copyOf(found);
    }

    private static PrivateKey privateKey(Path file, String algorithm) throws GeneralSecurityException {
        byte[] pem = read(file);
        byte[] encoded = new byte[0];
        try {
            String text = new String(pem, StandardCharsets.US_ASCII);
            int from = text.indexOf(KEY_BEGIN);
            int to = text.indexOf(KEY_END);
            if (from < 0 || to < from) {
                throw unreadable(
                        file,
                        "It holds no '" + KEY_BEGIN + "': openssl pkcs8 -topk8 -nocrypt makes one of other forms.",
                        null);
            }
            encoded = Base64.getMimeDecoder().decode(text.substring(from + KEY_BEGIN.length(), to));
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (InvalidKeySpecException | IllegalArgumentException e) {
            // No cause: what cannot be parsed is a private key.
            throw unreadable(file, "Its private key is damaged, or not the certificate's (" + algorithm + ").", null);
        } finally {
            Arrays.fill(pem, (byte) 0);
            Arrays.fill(encoded, (byte) 0);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw unreadable(file, "It cannot be read.", e);
        }
    }

    private static ConfigurationException unreadable(Path file, String why, @Nullable Throwable cause) {
        return new ConfigurationException(
                "The TLS file " + file + " cannot be used.", why, "Correct the file, or name another.", cause);
    }
}
