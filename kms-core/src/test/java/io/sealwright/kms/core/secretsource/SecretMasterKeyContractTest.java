package io.sealwright.kms.core.secretsource;

import io.sealwright.kms.PassphrasePolicy;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** A master key made of what a secret store keeps holds to the contract of master keys. */
class SecretMasterKeyContractTest extends MasterKeyContract {
    private final ScriptedSource store = new ScriptedSource(1);

    @Override
    protected MasterKey open() {
        return read(store);
    }

    @Override
    protected MasterKey openOther() {
        return read(new ScriptedSource(2));
    }

    @Override
    protected MasterKey openMissing() {
        ScriptedSource missing = new ScriptedSource(3);
        missing.failure = () -> new KeyNotFoundException("There is no such secret.", "It was deleted.", "Restore it.");
        return key(missing);
    }

    /** What it recognises is known once it was fetched, which the engine sees to. */
    private static MasterKey read(SecretSource source) {
        MasterKey key = key(source);
        boolean unused = key.refresh();
        return key;
    }

    private static MasterKey key(SecretSource source) {
        return new SecretMasterKey(
                source,
                PassphrasePolicy.defaults(),
                new ProviderSettings(Path.of("unused"), false, Duration.ofSeconds(10), TimeSource.system()));
    }

    @Override
    protected Map<Situation, String> unsupported() {
        Map<Situation, String> unsupported = new EnumMap<>(Situation.class);
        for (Situation situation : Situation.values()) {
            unsupported.put(
                    situation,
                    "what was fetched serves from memory in bounds: which answer ends it, and when, is tried by"
                            + " SecretMasterKeyTest");
        }
        return unsupported;
    }

    @Override
    protected void bringAbout(Situation situation) {
        throw new UnsupportedOperationException("nobody is asked");
    }

    @Override
    protected void recover() {
        // Nothing was brought about.
    }

    @Override
    protected int tamperEvery() {
        return 1;
    }
}
