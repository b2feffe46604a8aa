package io.sealwright.kms.core.engine;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.spi.KeyManagerEngine;
import io.sealwright.kms.spi.KeyManagerSettings;

/** The door by which the facade finds the engine. */
public final class DefaultEngine implements KeyManagerEngine {
    /** For the service loader. */
    public DefaultEngine() {}

    @Override
    public KeyManager create(KeyManagerSettings settings) {
        return DefaultKeyManager.open(settings);
    }

    @Override
    public MessageInfo inspect(byte[] message) {
        return HeaderParser.parse(message, 0, message.length).info();
    }
}
