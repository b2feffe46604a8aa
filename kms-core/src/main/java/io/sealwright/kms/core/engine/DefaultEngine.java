package io.sealwright.kms.core.engine;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeyManagerBuilder;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.core.environment.EnvironmentReader;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.spi.KeyManagerEngine;
import io.sealwright.kms.spi.KeyManagerSettings;
import io.sealwright.kms.spi.KeyManagerSettings.MasterKeyChoice;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Variables;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The door by which the facade finds the engine. */
public final class DefaultEngine implements KeyManagerEngine {
    /** For the service loader. */
    public DefaultEngine() {}

    @Override
    public KeyManager create(KeyManagerSettings settings) {
        return DefaultKeyManager.open(settings);
    }

    @Override
    public void configure(
            KeyManagerBuilder target, Variables variables, UnaryOperator<@Nullable String> properties, Wanted wanted) {
        EnvironmentReader.read(target, variables, properties, wanted);
    }

    @Override
    public String masterKeyOf(Variables variables, UnaryOperator<@Nullable String> properties) {
        return EnvironmentReader.masterKey(variables, properties);
    }

    @Override
    public List<MasterKeyChoice> otherMasterKeysOf(
            Variables variables, UnaryOperator<@Nullable String> properties, String first) {
        return EnvironmentReader.otherMasterKeys(variables, properties, first);
    }

    @Override
    public MasterKey bootstrap(KeyManagerSettings settings) {
        return MasterKeys.bootstrap(settings);
    }

    @Override
    public MessageInfo inspect(byte[] message) {
        return HeaderParser.parse(message, 0, message.length).info();
    }

    @Override
    public List<RecipientInfo> inspectStoreKey(byte[] storeKey) {
        return NamedKeyRing.wrapsOfStoreKey(storeKey).stream().map(Header::info).toList();
    }
}
