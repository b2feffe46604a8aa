package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import java.security.MessageDigest;
import java.util.Arrays;

/** Message authentication codes of named keys: the 16 bytes of the version's id, then the full tag. */
final class KeyCodes {
    private final KeyMaterial material;

    KeyCodes(KeyMaterial material) {
        this.material = material;
    }

    byte[] mac(String name, byte[] data) {
        HeldVersion version = material.sealing(name, true);
        byte[] tag = version.mac(data);
        byte[] mac = Arrays.copyOf(version.id(), VersionId.BYTES + tag.length);
        System.arraycopy(tag, 0, mac, VersionId.BYTES, tag.length);
        return mac;
    }

    byte[] rawMac(String name, byte[] data) {
        return material.sealing(name, true).mac(data);
    }

    boolean verifyMac(String name, KeySpec spec, byte[] data, byte[] mac) {
        if (!spec.mac()) {
            throw KeyErrors.wrongSpec(name, spec);
        }
        if (mac.length <= VersionId.BYTES) {
            return false;
        }
        HeldVersion version = material.byId(VersionId.of(Arrays.copyOf(mac, VersionId.BYTES)), true)
                .orElse(null);
        if (version == null || !version.keyName().equals(name)) {
            return false;
        }
        if (version.state() == KeyState.COMPROMISED) {
            throw KeyErrors.compromisedMac(name, version.number());
        }
        byte[] expected = version.mac(data);
        return MessageDigest.isEqual(expected, Arrays.copyOfRange(mac, VersionId.BYTES, mac.length));
    }
}
