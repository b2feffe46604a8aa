package io.sealwright.kms.core.local;

import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.MasterKeyUri;
import io.sealwright.kms.spi.ProviderSettings;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.testkit.masterkey.MasterKeyContract;
import io.sealwright.kms.testkit.masterkey.Situation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Key files keep the contract of master keys. */
class LocalMasterKeyContractTest extends MasterKeyContract {
    @TempDir
    Path home;

    @Override
    protected MasterKey open() {
        return open("local://one", true);
    }

    @Override
    protected MasterKey openOther() {
        return open("local://other", true);
    }

    @Override
    protected MasterKey openMissing() {
        return open("local://missing", false);
    }

    private MasterKey open(String uri, boolean create) {
        return new LocalKeyProvider()
                .open(
                        MasterKeyUri.parse(uri),
                        new ProviderSettings(home, create, Duration.ofSeconds(10), TimeSource.system()));
    }

    @Override
    protected Map<Situation, String> unsupported() {
        Map<Situation, String> unsupported = new EnumMap<>(Situation.class);
        for (Situation situation : Situation.values()) {
            unsupported.put(
                    situation,
                    "the versions are in memory once the file was read: there is no server that could answer so, and a"
                            + " file that goes does not end them (LocalKeyProviderTest)");
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
