package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.EncryptingOutputStream;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.provider.Events;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.wrapping.WrappingKey;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.spi.TimeSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Takes single keys out of the store, and puts them in. */
final class KeyTransfer {
    /** An export of as many versions as a manifest holds, and a bit. */
    private static final int MOST_BYTES = 1 + 4 + Manifest.MOST_VERSIONS * (64 + 64) + 1024;

    private final KnownKeys known;
    private final KeyMaterial material;
    private final KeyWriter writer;
    private final Parcels parcels;
    private final ProviderCalls calls;
    private final Events events;
    private final TimeSource time;

    KeyTransfer(
            KnownKeys known,
            KeyMaterial material,
            KeyWriter writer,
            Parcels parcels,
            ProviderCalls calls,
            Events events,
            TimeSource time) {
        this.known = known;
        this.material = material;
        this.writer = writer;
        this.parcels = parcels;
        this.calls = calls;
        this.events = events;
        this.time = time;
    }

    /** @param number a version's, or 0 for all */
    byte[] exportTo(String name, int number, String masterKeyUri) {
        try (ExportedKey key = taken(name, number)) {
            byte[] plain = key.encode();
            try {
                byte[] sealed = seal(plain, masterKeyUri);
                tell("exported", name, number);
                return sealed;
            } finally {
                Arrays.fill(plain, (byte) 0);
            }
        }
    }

    SecretBytes exportInClear(String name, int number) {
        try (ExportedKey key = taken(name, number)) {
            SecretBytes bare = SecretBytes.owning(key.material(1).copy());
            tell("exported-in-clear", name, number);
            return bare;
        }
    }

    /** The key with all its material, or one version of it as the only one. */
    private ExportedKey taken(String name, int number) {
        VerifiedKey key = calls.call("read " + KeyErrors.key(name), () -> known.readExisting(name));
        KeyRecord present = key.record().at(time.instant());
        if (number > 0) {
            VersionRecord version = present.version(number)
                    .orElseThrow(() ->
                            KeyErrors.noVersion(name, number, present.newest().number()));
            if (version.state() == KeyState.DESTROYED) {
                throw KeyErrors.destroyedVersion(name, number);
            }
            if (version.awaitsDestruction()) {
                throw KeyErrors.awaitsDestruction(name, version);
            }
            ExportedKey one = new ExportedKey(present.withVersions(List.of(version.numbered(1))));
            one.add(1, unwrapped(key, version));
            return one;
        }
        VersionRecord newest = present.newest();
        if (newest.awaitsDestruction() && present.destroyAt() != null) {
            throw KeyErrors.awaitsDestruction(name, newest);
        }
        if (present.destroyed()) {
            throw KeyErrors.state(
                    "The " + KeyErrors.key(name) + " cannot be exported.",
                    "It was destroyed: its material is gone.",
                    "Nothing brings it back, unless a backup of store and master key holds it.");
        }
        ExportedKey all = new ExportedKey(present);
        try {
            for (VersionRecord version : present.versions()) {
                if (version.state() != KeyState.DESTROYED) {
                    all.add(version.number(), unwrapped(key, version));
                }
            }
            return all;
        } catch (RuntimeException | Error e) {
            all.close();
            throw e;
        }
    }

    private SecretBytes unwrapped(VerifiedKey key, VersionRecord version) {
        String what = "unwrap version " + version.number() + " of "
                + KeyErrors.key(key.record().name());
        return calls.await(what, calls.submit(what, () -> material.unwrap(key, version), SecretBytes::close));
    }

    private byte[] seal(byte[] plain, String masterKeyUri) {
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        try (EncryptingOutputStream out =
                parcels.seal(Parcels.Content.KEY_EXPORT.context(Map.of()), masterKeyUri, sealed)) {
            out.write(plain);
            out.finish();
        } catch (IOException e) {
            throw new KmsBugException("memory failed to be read or written", e);
        }
        return sealed.toByteArray();
    }

    void importKey(String name, byte[] export) {
        KeyNames.require(name);
        writer.demandAbsent(name);
        byte[] plain = open(export);
        try (ExportedKey key = ExportedKey.decode(plain)) {
            writer.add(key.record().named(name), key::material);
            tell("imported", name, 0);
        } finally {
            Arrays.fill(plain, (byte) 0);
        }
    }

    private byte[] open(byte[] export) {
        try (InputStream in = parcels.open(Parcels.Content.KEY_EXPORT, new ByteArrayInputStream(export))) {
            byte[] plain = in.readNBytes(MOST_BYTES + 1);
            if (plain.length > MOST_BYTES) {
                Arrays.fill(plain, (byte) 0);
                throw ExportedKey.malformed("It is longer than any export of a key.");
            }
            return plain;
        } catch (IOException e) {
            throw new KmsBugException("memory failed to be read or written", e);
        }
    }

    void importInClear(String name, KeySpec spec, SecretBytes bare) {
        KeyNames.require(name);
        if (bare.length() != spec.materialBytes()) {
            throw new IllegalArgumentException(
                    "a key of spec " + spec + " must have " + spec.materialBytes() + " bytes, not " + bare.length());
        }
        byte[] bytes = bare.copy();
        try (WrappingKey derived = WrappingKey.bare(bare)) {
            Instant now = time.instant().truncatedTo(ChronoUnit.MILLIS);
            VersionRecord version = new VersionRecord(
                    1, VersionId.of(derived.versionId()), KeyState.ACTIVE, now, now, null, StoreKey.check(bytes));
            writer.add(KeyRecord.fresh(name, spec, now, version), number -> bare);
            tell("imported", name, 0);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private void tell(String change, String name, int number) {
        events.tell(new KmsEvent.KeyChanged(time.instant(), change, name, number));
    }
}
