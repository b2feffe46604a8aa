package io.sealwright.kms.vault;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;

/** Self-signed certificates of a server and of its client, as PEM files, made by the JDK's keytool. */
record TlsFiles(Path serverCertificate, Path serverKey, Path clientCertificate, Path clientKey) {
    private static final String PASSWORD = "password";

    static TlsFiles at(Path folder) {
        return new TlsFiles(
                folder.resolve("server.pem"),
                folder.resolve("server-key.pem"),
                folder.resolve("client.pem"),
                folder.resolve("client-key.pem"));
    }

    static TlsFiles in(Path folder) throws IOException {
        TlsFiles files = at(folder);
        make(folder, "server", List.of("-keyalg", "RSA", "-keysize", "2048"), files.serverCertificate, files.serverKey);
        make(
                folder,
                "client",
                List.of("-keyalg", "EC", "-groupname", "secp256r1"),
                files.clientCertificate,
                files.clientKey);
        return files;
    }

    private static void make(Path folder, String name, List<String> kind, Path certificate, Path key)
            throws IOException {
        Path store = folder.resolve(name + ".p12");
        List<String> command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-validity",
                "30",
                "-ext",
                "san=ip:127.0.0.1",
                "-ext",
                "bc=ca:true",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD));
        command.addAll(kind);
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(keytool.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD.toCharArray());
            pem(certificate, "CERTIFICATE", keys.getCertificate(name).getEncoded());
            pem(key, "PRIVATE KEY", keys.getKey(name, PASSWORD.toCharArray()).getEncoded());
        } catch (GeneralSecurityException | java.nio.file.NoSuchFileException e) {
            throw new IOException("keytool made no key: " + output, e);
        }
    }

    private static void pem(Path file, String type, byte[] content) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        Files.writeString(file, "-----BEGIN " + type + "-----\n" + text + "\n-----END " + type + "-----\n");
    }
}
