package io.sealwright.kms.spi;

import io.sealwright.kms.SecretBytes;
import java.util.List;
import java.util.Optional;

/** A secret that the program has already; see {@link SecretSource#of}. */
final class FixedSecretSource implements SecretSource {
    private final String uri;
    private final SecretVersion version;

    FixedSecretSource(String uri, SecretVersion version) {
        this.uri = uri;
        this.version = version;
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean onThisMachine() {
        return true;
    }

    @Override
    public SecretVersions fetch() {
        SecretBytes copy = SecretBytes.owning(version.secret().copy());
        SecretVersion given = version.form() == SecretVersion.Form.KEY
                ? SecretVersion.key(version.name(), copy, version.created().orElse(null))
                : SecretVersion.passphrase(
                        version.name(), copy, version.created().orElse(null));
        return new SecretVersions("", given, List.of(), Optional.empty());
    }

    @Override
    public void close() {
        version.close();
    }

    @Override
    public String toString() {
        return "FixedSecretSource[" + uri + "]";
    }
}
