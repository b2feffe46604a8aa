package io.sealwright.kms.benchmarks.peers;

import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.amazonaws.encryptionsdk.DataKey;
import com.amazonaws.encryptionsdk.EncryptedDataKey;
import com.amazonaws.encryptionsdk.MasterKey;
import com.amazonaws.encryptionsdk.jce.JceMasterKey;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import javax.crypto.spec.SecretKeySpec;

/** A master key of the AWS Encryption SDK that counts how often it is asked. */
final class CountedMasterKey extends MasterKey<CountedMasterKey> {
    private final JceMasterKey key =
            JceMasterKey.getInstance(new SecretKeySpec(new byte[32], "AES"), "counted", "one", "AES/GCM/NoPadding");
    final AtomicLong calls = new AtomicLong();

    @Override
    public String getProviderId() {
        return key.getProviderId();
    }

    @Override
    public String getKeyId() {
        return key.getKeyId();
    }

    @Override
    public DataKey<CountedMasterKey> generateDataKey(CryptoAlgorithm algorithm, Map<String, String> context) {
        calls.incrementAndGet();
        return counted(key.generateDataKey(algorithm, context));
    }

    @Override
    public DataKey<CountedMasterKey> encryptDataKey(
            CryptoAlgorithm algorithm, Map<String, String> context, DataKey<?> dataKey) {
        calls.incrementAndGet();
        return counted(key.encryptDataKey(algorithm, context, dataKey));
    }

    @Override
    public DataKey<CountedMasterKey> decryptDataKey(
            CryptoAlgorithm algorithm, Collection<? extends EncryptedDataKey> dataKeys, Map<String, String> context) {
        calls.incrementAndGet();
        return counted(key.decryptDataKey(algorithm, dataKeys, context));
    }

    private DataKey<CountedMasterKey> counted(DataKey<JceMasterKey> made) {
        return new DataKey<>(made.getKey(), made.getEncryptedDataKey(), made.getProviderInformation(), this);
    }
}
