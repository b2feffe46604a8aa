package io.sealwright.kms.spi;

import java.util.Optional;

/** The kinds of recipients a header can name. The numbers are part of the format and never change their meaning. */
public enum RecipientKind {
    /** A master key held in this process (key file, environment, secret store): XAES-256-GCM; id = 16-byte version id and 8-byte key check. */
    IN_PROCESS(1),
    /** A version of a named key: XAES-256-GCM; id = 16-byte version id and 8-byte key check. */
    NAMED_KEY(2),
    /** A passphrase; the wrap carries salt and parameters. */
    PASSPHRASE(3),
    /** AWS KMS; id = the key's ARN. */
    AWS_KMS(4),
    /** Google Cloud KMS; id = the key's resource name. */
    GCP_KMS(5),
    /** Vault or OpenBao transit; id = namespace, mount and key. */
    VAULT_TRANSIT(6),
    /** A PKCS#11 token's key; id = the labels of token and key. */
    PKCS11(7),
    /** HPKE with X25519 (reserved). */
    HPKE_X25519(16),
    /** HPKE with X-Wing (reserved). */
    HPKE_X_WING(17),
    /** RSA-OAEP (reserved). */
    RSA_OAEP(18);

    private final int id;

    RecipientKind(int id) {
        this.id = id;
    }

    /** The number that stands in headers. */
    public int id() {
        return id;
    }

    /** The kind of that number, if this release knows it. */
    public static Optional<RecipientKind> byId(int id) {
        for (RecipientKind kind : values()) {
            if (kind.id == id) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }
}
