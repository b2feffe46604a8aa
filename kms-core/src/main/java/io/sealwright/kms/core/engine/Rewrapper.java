package io.sealwright.kms.core.engine;

import io.sealwright.kms.KeyState;
import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderParser;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.core.opening.Openings;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.sealing.DataKeyMaker;
import io.sealwright.kms.core.sealing.RecipientPlan.Entry;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.core.sealing.RecipientPlan.NamedEntry;
import io.sealwright.kms.core.secretsource.SecretMasterKey;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides what re-wrapping a message means, and makes the new header where that is all. Recipients whose key has a newer
 * version get it, those that no key here can renew are kept; a message of a compromised key, and a direct one, is
 * encrypted anew.
 */
final class Rewrapper {
    private final DefaultKeyManager kms;
    private final MasterKeys masterKeys;
    private final @Nullable NamedKeyRing namedKeys;
    private final Openings openings;
    private final ProviderCalls calls;

    Rewrapper(
            DefaultKeyManager kms,
            MasterKeys masterKeys,
            @Nullable NamedKeyRing namedKeys,
            Openings openings,
            ProviderCalls calls) {
        this.kms = kms;
        this.masterKeys = masterKeys;
        this.namedKeys = namedKeys;
        this.openings = openings;
        this.calls = calls;
    }

    /** What is to be done with a message. */
    sealed interface Outcome {}

    /** Nothing: it is newest already. */
    record Unchanged(RewrapResult result) implements Outcome {}

    /** Another header before the same body. */
    record NewHeader(byte[] header, RewrapResult result) implements Outcome {}

    /** Body and all: for these recipients. */
    record EncryptAnew(List<Entry> entries, boolean direct, RewrapResult result) implements Outcome {}

    /** Which key here stands behind a recipient, and whether it has a newer version. */
    private record Owner(Entry entry, boolean outdated, boolean compromised) {}

    /** Whether re-wrapping would change the message; asks no provider to unwrap. */
    boolean needed(byte[] message) {
        Header header = HeaderParser.parse(message, 0, message.length);
        demandRewrappable(header);
        return calls.call("looking at a message's recipients", () -> {
            List<@Nullable Owner> owners = owners(header);
            if (owners.stream().allMatch(owner -> owner == null)) {
                throw noOwner();
            }
            return owners.stream().anyMatch(owner -> owner != null && (owner.outdated() || owner.compromised()))
                    || !missing(header, owners).isEmpty();
        });
    }

    /** Decides, and makes the new header if that is enough; may block. */
    Outcome plan(Header header, boolean allowCompromised) {
        demandRewrappable(header);
        List<@Nullable Owner> owners = calls.call("looking at a message's recipients", () -> owners(header));
        if (owners.stream().allMatch(owner -> owner == null)) {
            throw noOwner();
        }
        if (owners.stream().anyMatch(owner -> owner != null && owner.compromised())) {
            if (!allowCompromised) {
                throw new RefusedException(
                        ErrorCode.KMS_KEY_STATE_REFUSED,
                        "The message is under a compromised key.",
                        "Whoever has the key can have made it, and re-wrapping would make it look trusted.",
                        "If its origin is certain, say allowCompromised(); it is then encrypted anew.");
            }
            return anew(header, owners);
        }
        if (header.form() == Form.DIRECT) {
            Owner owner = owners.get(0);
            return owner != null && owner.outdated() ? anew(header, owners) : unchanged();
        }
        List<MasterKey> missing = missing(header, owners);
        boolean outdated = owners.stream().anyMatch(owner -> owner != null && owner.outdated());
        return outdated || !missing.isEmpty() ? renewed(header, owners, missing, allowCompromised) : unchanged();
    }

    private static Unchanged unchanged() {
        return new Unchanged(new RewrapResult(false, false, List.of(), List.of()));
    }

    private static EncryptAnew anew(Header header, List<@Nullable Owner> owners) {
        List<Entry> entries = new ArrayList<>();
        List<String> renewed = new ArrayList<>();
        List<String> dropped = new ArrayList<>();
        for (int i = 0; i < owners.size(); i++) {
            Owner owner = owners.get(i);
            if (owner == null) {
                dropped.add(Header.idText(header.recipients().get(i)));
            } else if (!entries.contains(owner.entry())) {
                entries.add(owner.entry());
                renewed.add(name(owner.entry()));
            }
        }
        if (!dropped.isEmpty()) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The message must be encrypted anew, and would lose recipients: " + String.join(", ", dropped)
                            + ".",
                    "No key here can wrap for them.",
                    "Configure all of its keys, or decrypt it and encrypt it for whom it is meant.");
        }
        return new EncryptAnew(entries, header.form() == Form.DIRECT, new RewrapResult(true, true, renewed, List.of()));
    }

    private NewHeader renewed(
            Header header, List<@Nullable Owner> owners, List<MasterKey> missing, boolean allowCompromised) {
        OpenPolicy policy = new OpenPolicy(header.context(), OpenPolicy.ENCRYPTED, false, allowCompromised);
        byte[] root = openings.root(header, policy);
        SecretBytes held = SecretBytes.copyOf(root);
        try (held;
                EpochKeys keys = new EpochKeys(root, header.salt(), header.immutable())) {
            List<String> renewed = new ArrayList<>();
            List<String> kept = new ArrayList<>();
            List<Recipient> recipients = calls.call("wrapping a message's key anew", () -> {
                List<Recipient> made = new ArrayList<>();
                WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, header.context());
                for (int i = 0; i < owners.size(); i++) {
                    Owner owner = owners.get(i);
                    Recipient present = header.recipients().get(i);
                    if (owner != null && owner.outdated()) {
                        made.add(wrap(owner.entry(), held, binding));
                        renewed.add(name(owner.entry()));
                    } else {
                        made.add(present);
                        if (owner == null) {
                            kept.add(Header.idText(present));
                        }
                    }
                }
                for (MasterKey key : missing) {
                    made.add(wrap(new MasterEntry(key), held, binding));
                    renewed.add(key.uri());
                }
                return made;
            });
            byte[] authenticated =
                    HeaderWriter.withRecipients(header.immutable(), header.commitment(), header.wanted(), recipients);
            return new NewHeader(
                    HeaderWriter.join(authenticated, keys.mac(authenticated)),
                    new RewrapResult(true, false, renewed, kept));
        } finally {
            Arrays.fill(root, (byte) 0);
        }
    }

    private Recipient wrap(Entry entry, SecretBytes root, WrapBinding binding) {
        if (entry instanceof MasterEntry master) {
            MasterKey key = master.key();
            Recipient recipient = DataKeyMaker.wrap(calls, key, root, binding);
            if (!opensTo(root, key, recipient, binding)) {
                throw new UnavailableException(
                        "The message was not re-wrapped.",
                        "Master key " + key.uri() + " does not unwrap what it wrapped.",
                        "Check the master key's provider; the message is as it was.");
            }
            return recipient;
        }
        return DataKeyMaker.wrap(ring().sealing(((NamedEntry) entry).name()), root, binding);
    }

    /** Whether a wrap opens that is to take the place of one that does, perhaps the only one: a provider may lie. */
    private boolean opensTo(SecretBytes root, MasterKey key, Recipient recipient, WrapBinding binding) {
        byte[] expected = root.copy();
        try (SecretBytes opened = calls.invoke(key, Operation.UNWRAP, () -> key.unwrap(recipient, binding))) {
            byte[] bytes = opened.copy();
            try {
                return MessageDigest.isEqual(expected, bytes);
            } finally {
                Arrays.fill(bytes, (byte) 0);
            }
        } catch (AuthenticationFailedException e) {
            return false;
        } finally {
            Arrays.fill(expected, (byte) 0);
        }
    }

    private NamedKeyRing ring() {
        if (namedKeys == null) {
            throw DataKeyMaker.noStore();
        }
        return namedKeys;
    }

    private static String name(Entry entry) {
        return entry instanceof MasterEntry master ? master.key().uri() : ((NamedEntry) entry).name();
    }

    /** For each recipient (for a direct message: its one key) the key here that stands behind it, or null. Blocks. */
    private List<@Nullable Owner> owners(Header header) {
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

    private @Nullable Owner namedOwner(byte[] versionId) {
        if (namedKeys == null) {
            return null;
        }
        Optional<HeldVersion> held = namedKeys.byId(versionId);
        if (held.isEmpty()) {
            return null;
        }
        HeldVersion version = held.get();
        boolean compromised = version.state() == KeyState.COMPROMISED;
        boolean outdated = !version.isNewestSealing() && canSeal(version.keyName());
        return new Owner(new NamedEntry(version.keyName()), outdated, compromised);
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

    private @Nullable Owner masterOwner(Recipient recipient) {
        for (MasterKey key : masterKeys.opening()) {
            if (SecretMasterKey.isUnread(key) && SecretMasterKey.isOfAnySecret(recipient)) {
                boolean unused = calls.invoke(key, Operation.REFRESH, key::refresh);
            }
            if (key.recognizes(recipient)) {
                boolean wraps = masterKeys.wrapping().contains(key);
                return new Owner(new MasterEntry(key), wraps && key.isOutdated(recipient), false);
            }
        }
        return null;
    }

    /** The wrapping master keys that a message of master keys lacks, as far as its sealer wanted more recipients. */
    private List<MasterKey> missing(Header header, List<@Nullable Owner> owners) {
        int lacking = header.wanted() - header.recipients().size();
        boolean ofMasterKeys = owners.stream().anyMatch(owner -> owner != null && owner.entry() instanceof MasterEntry);
        if (lacking <= 0 || !ofMasterKeys) {
            return List.of();
        }
        return masterKeys.wrapping().stream()
                .filter(key -> header.recipients().stream().noneMatch(key::recognizes))
                .limit(lacking)
                .toList();
    }

    private void demandRewrappable(Header header) {
        kms.demandOpen();
        header.demandKnownExtensions();
        if (header.form() == Form.CLEAR) {
            throw new RefusedException(
                    ErrorCode.KMS_LEVEL_REFUSED,
                    "The message is not encrypted (level 0).",
                    "There is no key to renew.",
                    "Encrypt its content instead.");
        }
        OpenPolicy.plain(header.context()).admitRewrap(header);
    }

    private static NoMatchingRecipientException noOwner() {
        return new NoMatchingRecipientException(
                "No key that is configured here can open the message.",
                "None of its recipients is one of them.",
                "See its recipients with: kms inspect; then configure the master key or the store that has one.");
    }
}
