package io.sealwright.kms.benchmarks.peers;

import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CryptoMaterialsManager;
import com.amazonaws.encryptionsdk.DefaultCryptoMaterialsManager;
import com.amazonaws.encryptionsdk.caching.CachingCryptoMaterialsManager;
import com.amazonaws.encryptionsdk.caching.LocalCryptoMaterialsCache;
import com.google.crypto.tink.Aead;
import com.google.crypto.tink.aead.AeadConfig;
import com.google.crypto.tink.aead.AesGcmParameters;
import com.google.crypto.tink.aead.KmsEnvelopeAead;
import com.google.crypto.tink.subtle.AesGcmJce;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.Opener;
import io.sealwright.kms.Sealer;
import io.sealwright.kms.testkit.masterkey.FaultyMasterKey;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** How often is the KMS asked while so many messages are sealed and opened again? Each under one encryption context. */
public final class ProviderCallCount {
    private static final int OURS = 1_000_000;
    private static final int THEIRS = 10_000;
    private static final byte[] TEXT = new byte[64];
    private static final byte[] AAD = "tenant=4711".getBytes(StandardCharsets.US_ASCII);

    private ProviderCallCount() {}

    /** Counts, and prints a line for each library. */
    public static void main(String[] arguments) throws GeneralSecurityException {
        sealwright();
        tink();
        CountedMasterKey plain = new CountedMasterKey();
        awsEncryptionSdk("AWS Encryption SDK 3.0.2", plain, new DefaultCryptoMaterialsManager(plain));
        CountedMasterKey cached = new CountedMasterKey();
        awsEncryptionSdk(
                "the same with its cache: 5 minutes, 1,000 messages a key",
                cached,
                CachingCryptoMaterialsManager.newBuilder()
                        .withMasterKeyProvider(cached)
                        .withCache(new LocalCryptoMaterialsCache(100))
                        .withMaxAge(5, TimeUnit.MINUTES)
                        .withMessageUseLimit(1_000)
                        .build());
    }

    private static void print(String library, int messages, long sealing, long opening) {
        long scale = OURS / messages;
        System.out.printf(
                "%-60s %,12d %,12d%s%n", library, sealing * scale, opening * scale, scale == 1 ? "" : "   scaled from " + messages);
    }

    private static void sealwright() {
        FaultyMasterKey key = new FaultyMasterKey("counted");
        try (KeyManager kms = KeyManager.builder().masterKey(key).build()) {
            Sealer sealer = kms.sealer().context("tenant", "4711").build();
            Opener opener = kms.opener().context("tenant", "4711").build();
            byte[][] sealed = new byte[1000][];
            long sealing = 0;
            for (int i = 0; i < OURS; i += sealed.length) {
                long before = key.calls();
                for (int j = 0; j < sealed.length; j++) {
                    sealed[j] = sealer.seal(TEXT, AAD);
                }
                sealing += key.calls() - before;
                for (byte[] message : sealed) {
                    opener.open(message, AAD);
                }
            }
            print("Sealwright", OURS, sealing, key.calls() - sealing);
        }
    }

    private static void tink() throws GeneralSecurityException {
        AeadConfig.register();
        Aead local = new AesGcmJce(new byte[32]);
        AtomicLong calls = new AtomicLong();
        Aead remote = new Aead() {
            @Override
            public byte[] encrypt(byte[] plaintext, byte[] associatedData) throws GeneralSecurityException {
                calls.incrementAndGet();
                return local.encrypt(plaintext, associatedData);
            }

            @Override
            public byte[] decrypt(byte[] ciphertext, byte[] associatedData) throws GeneralSecurityException {
                calls.incrementAndGet();
                return local.decrypt(ciphertext, associatedData);
            }
        };
        Aead envelope = KmsEnvelopeAead.create(
                AesGcmParameters.builder()
                        .setKeySizeBytes(32)
                        .setIvSizeBytes(12)
                        .setTagSizeBytes(16)
                        .setVariant(AesGcmParameters.Variant.NO_PREFIX)
                        .build(),
                remote);
        byte[][] sealed = new byte[THEIRS][];
        for (int i = 0; i < THEIRS; i++) {
            sealed[i] = envelope.encrypt(TEXT, AAD);
        }
        long sealing = calls.get();
        for (byte[] message : sealed) {
            envelope.decrypt(message, AAD);
        }
        print("Tink 1.24.0, KmsEnvelopeAead", THEIRS, sealing, calls.get() - sealing);
    }

    private static void awsEncryptionSdk(String name, CountedMasterKey key, CryptoMaterialsManager materials) {
        AwsCrypto sdk = AwsCrypto.standard();
        Map<String, String> context = Map.of("tenant", "4711");
        byte[][] sealed = new byte[THEIRS][];
        for (int i = 0; i < THEIRS; i++) {
            sealed[i] = sdk.encryptData(materials, TEXT, context).getResult();
        }
        long sealing = key.calls.get();
        for (byte[] message : sealed) {
            sdk.decryptData(materials, message);
        }
        print(name, THEIRS, sealing, key.calls.get() - sealing);
    }
}
