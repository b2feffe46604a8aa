package io.sealwright.kms.core.opening;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.lease.Terms;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.provider.FetchedKey;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.provider.Standing;
import io.sealwright.kms.core.time.CoarseTime;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import io.sealwright.kms.spi.WrappedKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Unwraps roots with master keys and named keys, and derives those of direct messages. May block. */
final class RootMaker {
    private final @Nullable NamedKeyRing namedKeys;
    private final ProviderCalls calls;
    private final Terms terms;
    private final CoarseTime time;

    RootMaker(@Nullable NamedKeyRing namedKeys, ProviderCalls calls, Terms terms, CoarseTime time) {
        this.namedKeys = namedKeys;
        this.calls = calls;
        this.terms = terms;
        this.time = time;
    }

    Root masterRoot(MasterKey master, RootKey key, Standing standing) {
        long begun = time.now();
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, key.context());
        SecretBytes bytes =
                calls.invoke(master, Operation.UNWRAP, standing, () -> master.unwrap(key.recipient(), binding));
        demandLength(bytes);
        return new Root(
                bytes, Header.idText(key.recipient()), null, key, FetchedKey.lease(terms, List.of(master), begun));
    }

    /** The roots of several wraps by one call; empty where there was none. */
    List<Optional<Root>> masterRoots(MasterKey master, List<RootKey> keys) {
        long begun = time.now();
        List<WrappedKey> wrapped = keys.stream()
                .map(key -> new WrappedKey(key.recipient(), new WrapBinding(Purpose.DATA_KEY, key.context())))
                .toList();
        List<Optional<SecretBytes>> unwrapped =
                calls.invoke(master, Operation.UNWRAP, Standing.NEW, () -> master.unwrapAll(wrapped));
        if (unwrapped.size() != keys.size()) {
            unwrapped.forEach(one -> one.ifPresent(SecretBytes::close));
            throw new UnavailableException(
                    "The provider gave no usable answer: " + Roots.WHAT + ".",
                    "It was asked for " + keys.size() + " keys and gave " + unwrapped.size() + ".",
                    "Check the provider and whatever stands between.");
        }
        List<Optional<Root>> roots = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) {
            RootKey key = keys.get(i);
            roots.add(unwrapped
                    .get(i)
                    .filter(RootMaker::isRoot)
                    .map(bytes -> new Root(
                            bytes,
                            Header.idText(key.recipient()),
                            null,
                            key,
                            FetchedKey.lease(terms, List.of(master), begun))));
        }
        return roots;
    }

    /** Whether it has a root's length; wiped if not. */
    private static boolean isRoot(SecretBytes bytes) {
        boolean fits = bytes.length() == 32;
        if (!fits) {
            bytes.close();
        }
        return fits;
    }

    Root namedRoot(HeldVersion version, RootKey key) {
        byte[] id = Arrays.copyOf(key.recipient().id(), Format.KEY_ID_BYTES);
        WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, key.context());
        return present(version, held -> {
            SecretBytes bytes = held.wrappingKey().unwrap(key.recipient().wrap(), id, binding);
            demandLength(bytes);
            return of(held, key, bytes);
        });
    }

    Root directRoot(HeldVersion version) {
        return present(
                version,
                held -> of(held, null, SecretBytes.owning(held.wrappingKey().directRoot())));
    }

    /** Uses a version; one that was wiped between look-up and use is looked up once more, which says why. */
    private Root present(HeldVersion version, Function<HeldVersion, Root> use) {
        try {
            return use.apply(version);
        } catch (ClosedException e) {
            if (namedKeys == null) {
                throw e;
            }
            return use.apply(namedKeys.byId(version.id()).orElseThrow(() -> e));
        }
    }

    private static Root of(HeldVersion version, @Nullable RootKey key, SecretBytes bytes) {
        return new Root(bytes, HexFormat.of().formatHex(version.id()), version, key, version.lease());
    }

    private static void demandLength(SecretBytes root) {
        if (!isRoot(root)) {
            throw new AuthenticationFailedException();
        }
    }
}
