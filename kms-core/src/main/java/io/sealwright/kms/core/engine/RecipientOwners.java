package io.sealwright.kms.core.engine;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.provider.FreshLooks;
import io.sealwright.kms.core.provider.NewestVersions;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.sealing.DataKeyMaker;
import io.sealwright.kms.core.sealing.RecipientPlan.Entry;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.core.sealing.RecipientPlan.NamedEntry;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.TimeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the keys here that stand behind a header's recipients. Only compares; may ask for keys that were never read, and for
 * the newest version of those that wrap.
 */
final class RecipientOwners {
    private final MasterKeys masterKeys;
    private final @Nullable NamedKeyRing namedKeys;
    private final ProviderCalls calls;
    private final FreshLooks looks;
    private final NewestVersions newest;

    RecipientOwners(MasterKeys masterKeys, @Nullable NamedKeyRing namedKeys, ProviderCalls calls, TimeSource time) {
        this.masterKeys = masterKeys;
        this.namedKeys = namedKeys;
        this.calls = calls;
        this.looks = new FreshLooks(masterKeys.opening(), calls, time);
        this.newest = new NewestVersions(calls, time);
    }

    /**
     * The key behind a recipient.
     *
     * @param entry the key
     * @param version its version, for people
     * @param newest whether wrapping anew would give the same version
     * @param outdated whether it is to be wrapped anew: it is not the newest, and the key wraps here
     * @param compromised whether whoever has the key can have made the message
     */
    record Owner(Entry entry, String version, boolean newest, boolean outdated, boolean compromised) {
        String name() {
            return entry instanceof MasterEntry master ? master.key().uri() : ((NamedEntry) entry).name();
        }
    }

    /** For each recipient (for a direct message: its one key) the key here that stands behind it, or null. */
    List<@Nullable Owner> of(Header header) {
        return calls.call("looking at a message's recipients", () -> find(header));
    }

    private List<@Nullable Owner> find(Header header) {
        List<@Nullable Owner> owners = new ArrayList<>();
        byte[] direct = header.directKeyId();
        if (direct != null) {
            owners.add(namedOwner(direct));
        }
        for (Recipient recipient : header.recipients()) {
            if (recipient.kind() == RecipientKind.NAMED_KEY.id()) {
                byte[] id = recipient.id();
                owners.add(
                        id.length == Format.KEY_ID_BYTES + 8
                                ? namedOwner(Arrays.copyOf(id, Format.KEY_ID_BYTES))
                                : null);
            } else {
                owners.add(masterOwner(recipient));
            }
        }
        return owners;
    }

    /** {@link #of} in the facade's words. */
    List<RecipientKey> keys(Header header) {
        List<@Nullable Owner> owners = of(header);
        List<RecipientKey> keys = new ArrayList<>();
        for (int i = 0; i < owners.size(); i++) {
            Owner owner = owners.get(i);
            if (owner != null) {
                RecipientKey.Kind kind = owner.entry() instanceof MasterEntry
                        ? RecipientKey.Kind.MASTER_KEY
                        : RecipientKey.Kind.NAMED_KEY;
                keys.add(new RecipientKey(kind, owner.name(), owner.version(), owner.newest()));
            } else {
                String id = header.recipients().isEmpty()
                        ? String.valueOf(header.info().keyId())
                        : Header.idText(header.recipients().get(i));
                keys.add(new RecipientKey(RecipientKey.Kind.UNKNOWN, id, "", false));
            }
        }
        return keys;
    }

    private @Nullable Owner namedOwner(byte[] versionId) {
        if (namedKeys == null) {
            return null;
        }
        Optional<HeldVersion> held = namedKeys.byId(versionId);
        if (held.isEmpty()) {
            return null;
        }
        HeldVersion version = held.get();
        boolean newest = version.isNewestSealing();
        return new Owner(
                new NamedEntry(version.keyName()),
                Integer.toString(version.number()),
                newest,
                !newest && canSeal(version.keyName()),
                version.state() == KeyState.COMPROMISED);
    }

    /** A key that was deactivated as a whole has nothing newer to offer; its messages stay as they are. */
    private boolean canSeal(String name) {
        try {
            ring().sealing(name);
            return true;
        } catch (RefusedException e) {
            return false;
        }
    }

    /** The named keys; a configuration error where there are none. */
    NamedKeyRing ring() {
        if (namedKeys == null) {
            throw DataKeyMaker.noStore();
        }
        return namedKeys;
    }

    /**
     * Where several keys recognise it, one that wraps: it can renew what the others only open. Keys that cannot tell before
     * they have asked are asked only where none that wraps can, and what they fail with counts only where none can at all.
     */
    private @Nullable Owner masterOwner(Recipient recipient) {
        MasterKey found = recognizing(recipient);
        if (found == null || !masterKeys.wrapping().contains(found)) {
            KmsException failure = looks.resolveAll(masterKeys.opening(), List.of(recipient));
            found = recognizing(recipient);
            if (found == null && failure != null) {
                throw failure;
            }
        }
        if (found == null) {
            return null;
        }
        boolean wraps = masterKeys.wrapping().contains(found);
        if (wraps) {
            newest.learn(found);
        }
        return owner(found, recipient, wraps);
    }

    private @Nullable MasterKey recognizing(Recipient recipient) {
        MasterKey found = null;
        for (MasterKey key : masterKeys.opening()) {
            if (key.recognizes(recipient)) {
                if (masterKeys.wrapping().contains(key)) {
                    return key;
                }
                found = found == null ? key : found;
            }
        }
        return found;
    }

    private static Owner owner(MasterKey key, Recipient recipient, boolean wraps) {
        boolean outdated = key.isOutdated(recipient);
        return new Owner(new MasterEntry(key), key.versionOf(recipient), !outdated, wraps && outdated, false);
    }

    static NoMatchingRecipientException none() {
        return new NoMatchingRecipientException(
                "No key that is configured here can open the message.",
                "None of its recipients is one of them.",
                "See its recipients with: kms inspect; then configure the master key or the store that has one.");
    }
}
