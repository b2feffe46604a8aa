package io.sealwright.kms.cli;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;

/** Stands for the key that an empty home does not have: knows no recipient, wraps nothing. Holds nothing. */
final class NoMasterKey implements MasterKey {
    @Override
    public String uri() {
        return "local://none";
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return false;
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        return false;
    }

    @Override
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        throw notThere();
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        throw notThere();
    }

    @Override
    public String check() {
        throw notThere();
    }

    @Override
    public String rotate() {
        throw notThere();
    }

    @Override
    public void close() {}

    private static KeyNotFoundException notThere() {
        return new KeyNotFoundException(
                "There is no master key.",
                "Nothing was made in this home yet.",
                "Make one with: kms master-key bootstrap --create");
    }
}
