package io.sealwright.kms.core.engine;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.sealing.DataKeyMaker;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What an operator does with master keys. */
final class MasterKeyCalls implements io.sealwright.kms.MasterKeys {
    private final DefaultKeyManager manager;
    private final MasterKeys keys;
    private final @Nullable NamedKeyRing namedKeys;
    private final ProviderCalls calls;

    MasterKeyCalls(DefaultKeyManager manager, MasterKeys keys, @Nullable NamedKeyRing namedKeys, ProviderCalls calls) {
        this.manager = manager;
        this.keys = keys;
        this.namedKeys = namedKeys;
        this.calls = calls;
    }

    @Override
    public List<String> uris() {
        return keys.opening().stream().map(MasterKey::uri).toList();
    }

    @Override
    public MasterKeyMetadata metadata(String uri) {
        MasterKey key = named(uri);
        return calls.call("describe " + uri, () -> calls.invoke(key, Operation.CHECK, key::metadata));
    }

    @Override
    public String rotate(String uri) {
        MasterKey key = named(uri);
        return calls.call("rotate " + uri, () -> calls.invoke(key, Operation.ROTATE, key::rotate));
    }

    private MasterKey named(String uri) {
        manager.demandOpen();
        return keys.opening().stream()
                .filter(candidate -> candidate.uri().equals(uri))
                .findFirst()
                .orElseThrow(() -> new ConfigurationException(
                        "'" + uri + "' is not one of this manager's master keys.",
                        "They are: " + uris() + ".",
                        "Build the manager with .masterKey(...) for it."));
    }

    @Override
    public Rewrapped rewrapStored(Progress progress) {
        return ring().rewrapStored(Objects.requireNonNull(progress, "progress"));
    }

    @Override
    public Examined examineStored(Progress progress) {
        return ring().examineStored(Objects.requireNonNull(progress, "progress"));
    }

    private NamedKeyRing ring() {
        manager.demandOpen();
        if (namedKeys == null) {
            throw DataKeyMaker.noStore();
        }
        return namedKeys;
    }

    @Override
    public List<Probe> probe() {
        manager.demandOpen();
        List<Probe> probes = new ArrayList<>();
        for (MasterKey key : keys.opening()) {
            Object unused = probe(probes, key, "check", () -> calls.invoke(key, Operation.CHECK, key::check));
            if (keys.wrapping().contains(key)) {
                probeWrapping(probes, key);
            }
        }
        return List.copyOf(probes);
    }

    private void probeWrapping(List<Probe> probes, MasterKey key) {
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, EncryptionContext.empty());
        GeneratedKey generated = probe(
                probes, key, "generate", () -> calls.invoke(key, Operation.GENERATE, () -> key.generate(binding)));
        if (generated == null) {
            return;
        }
        try (SecretBytes secret = generated.key()) {
            Recipient wrap = probe(
                    probes, key, "wrap", () -> calls.invoke(key, Operation.WRAP, () -> key.wrap(secret, binding)));
            Recipient opened = wrap == null ? generated.recipient() : wrap;
            Object unused = probe(probes, key, "unwrap", () -> {
                demandSame(secret, calls.invoke(key, Operation.UNWRAP, () -> key.unwrap(opened, binding)));
                return true;
            });
        }
    }

    private static void demandSame(SecretBytes expected, SecretBytes opened) {
        byte[] one = expected.copy();
        byte[] other = opened.copy();
        try (opened) {
            if (!MessageDigest.isEqual(one, other)) {
                throw new AuthenticationFailedException();
            }
        } finally {
            Arrays.fill(one, (byte) 0);
            Arrays.fill(other, (byte) 0);
        }
    }

    private <T> @Nullable T probe(List<Probe> probes, MasterKey key, String operation, Supplier<T> call) {
        T result = null;
        KmsException error = null;
        try {
            result = calls.call(operation + " with " + key.uri(), call);
        } catch (KmsException e) {
            error = e;
        }
        probes.add(new Probe(key.uri(), operation, error));
        return result;
    }
}
