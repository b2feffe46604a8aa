package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;

/** The key of a sealer who writes whatever recipient he likes into a header; it wraps nothing. */
final class ForgedKey implements MasterKey {
    private final String uri;
    private final Recipient forged;

    ForgedKey(int number, Recipient forged) {
        this.uri = "forged:" + number;
        this.forged = forged;
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean inProcess() {
        return true;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return recipient.equals(forged);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        return false;
    }

    @Override
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        return forged;
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        throw new UnsupportedOperationException();
    }

    @Override
    public String check() {
        return uri;
    }

    @Override
    public String rotate() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
