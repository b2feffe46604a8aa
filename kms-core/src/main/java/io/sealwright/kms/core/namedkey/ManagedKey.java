package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.KeyVersion;
import io.sealwright.kms.NamedKey;
import io.sealwright.kms.SecretBytes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A key of a {@link NamedKeyRing}: its name, and the ring that does the work. */
final class ManagedKey implements NamedKey {
    private final NamedKeyRing ring;
    private final String name;
    private final KeySpec spec;

    ManagedKey(NamedKeyRing ring, String name, KeySpec spec) {
        this.ring = ring;
        this.name = name;
        this.spec = spec;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public KeySpec spec() {
        return spec;
    }

    @Override
    public KeyState state() {
        return ring.present(name).state();
    }

    @Override
    public List<KeyVersion> versions() {
        return ring.present(name).versions().stream().map(VersionRecord::told).toList();
    }

    @Override
    public Instant createdAt() {
        return ring.present(name).createdAt();
    }

    @Override
    public Instant rotatedAt() {
        return ring.present(name).newest().createdAt();
    }

    @Override
    public @Nullable Duration rotateEvery() {
        return ring.present(name).rotateEvery();
    }

    @Override
    public @Nullable Instant nextRotationAt() {
        return ring.present(name).nextRotationAt();
    }

    @Override
    public @Nullable Instant destroyAt() {
        return ring.present(name).destroyAt();
    }

    /** {@inheritDoc} Empty if none that is configured here, or if all versions are destroyed. */
    @Override
    public String masterKey() {
        return ring.masterKeyOf(name);
    }

    @Override
    public KeyVersion rotate() {
        return ring.life().rotate(name, null);
    }

    @Override
    public KeyVersion rotate(Instant activeFrom) {
        return ring.life().rotate(name, Objects.requireNonNull(activeFrom, "activeFrom"));
    }

    @Override
    public void rotateEvery(@Nullable Duration period) {
        ring.life().rotateEvery(name, period);
    }

    @Override
    public void deactivate() {
        ring.life().deactivate(name, 0);
    }

    @Override
    public void deactivate(int version) {
        ring.life().deactivate(name, positive(version));
    }

    @Override
    public void compromise() {
        ring.life().compromise(name, 0);
    }

    @Override
    public void compromise(int version) {
        ring.life().compromise(name, positive(version));
    }

    @Override
    public void destroyAfter(Duration wait) {
        ring.life().destroyAfter(name, 0, Objects.requireNonNull(wait, "wait"));
    }

    @Override
    public void destroyAfter(int version, Duration wait) {
        ring.life().destroyAfter(name, positive(version), Objects.requireNonNull(wait, "wait"));
    }

    @Override
    public void cancelDestroy() {
        ring.life().cancelDestroy(name, 0);
    }

    @Override
    public void cancelDestroy(int version) {
        ring.life().cancelDestroy(name, positive(version));
    }

    @Override
    public void destroyNow() {
        ring.life().destroyNow(name, 0);
    }

    @Override
    public void destroyNow(int version) {
        ring.life().destroyNow(name, positive(version));
    }

    @Override
    public byte[] exportTo(String masterKeyUri) {
        return ring.transfer().exportTo(name, 0, Objects.requireNonNull(masterKeyUri, "masterKeyUri"));
    }

    @Override
    public byte[] exportTo(String masterKeyUri, int version) {
        return ring.transfer().exportTo(name, positive(version), Objects.requireNonNull(masterKeyUri, "masterKeyUri"));
    }

    @Override
    public SecretBytes exportInClear(int version) {
        return ring.transfer().exportInClear(name, positive(version));
    }

    @Override
    public byte[] mac(byte[] data) {
        return ring.mac(name, Objects.requireNonNull(data, "data"));
    }

    @Override
    public boolean verifyMac(byte[] data, byte[] mac) {
        return ring.verifyMac(name, spec, Objects.requireNonNull(data, "data"), Objects.requireNonNull(mac, "mac"));
    }

    @Override
    public byte[] rawMac(byte[] data) {
        return ring.rawMac(name, Objects.requireNonNull(data, "data"));
    }

    @Override
    public String toString() {
        return "NamedKey[" + name + ", " + spec + "]";
    }

    private static int positive(int version) {
        if (version < 1) {
            throw new IllegalArgumentException("version numbers begin with 1, not " + version);
        }
        return version;
    }
}
