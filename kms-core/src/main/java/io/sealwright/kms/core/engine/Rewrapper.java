package io.sealwright.kms.core.engine;

import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.engine.RecipientChange.Fate;
import io.sealwright.kms.core.engine.RecipientChange.Slot;
import io.sealwright.kms.core.engine.RecipientOwners.Owner;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.opening.OpenPolicy;
import io.sealwright.kms.core.opening.Openings;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.sealing.DataKeyMaker;
import io.sealwright.kms.core.sealing.RecipientPlan.Entry;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.core.sealing.RecipientPlan.NamedEntry;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrapBinding.Purpose;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides what re-wrapping a message means, and makes the new header where that is all. Recipients whose key has a newer
 * version get it, those that no key here can renew are kept; a message of a compromised key, and a direct one, is
 * encrypted anew.
 */
final class Rewrapper {
    private final DefaultKeyManager kms;
    private final MasterKeys masterKeys;
    private final RecipientOwners owners;
    private final Openings openings;
    private final ProviderCalls calls;
    private final DataKeyMaker maker;

    Rewrapper(
            DefaultKeyManager kms,
            MasterKeys masterKeys,
            @Nullable NamedKeyRing namedKeys,
            Openings openings,
            ProviderCalls calls,
            DataKeyMaker maker,
            TimeSource time) {
        this.kms = kms;
        this.masterKeys = masterKeys;
        this.owners = new RecipientOwners(masterKeys, namedKeys, calls, time);
        this.openings = openings;
        this.calls = calls;
        this.maker = maker;
    }

    /** What is to be done with a message. */
    sealed interface Outcome {}

    /** Nothing: it is newest already. */
    record Unchanged(RewrapResult result) implements Outcome {}

    /** Another header before the same body. */
    record NewHeader(byte[] header, RewrapResult result) implements Outcome {}

    /** Body and all: for these recipients. */
    record EncryptAnew(List<Entry> entries, boolean direct, RewrapResult result) implements Outcome {}

    /** Whether re-wrapping would change the message; asks no provider to unwrap. */
    boolean needed(Header header, RecipientChange change) {
        return slots(header, change).stream()
                .anyMatch(slot -> slot.fate() != Fate.KEEP
                        || slot.owner() != null && slot.owner().compromised());
    }

    /** The change that only renews. */
    RecipientChange renewal() {
        return new RecipientChange(masterKeys);
    }

    /** Which keys stand behind a header's recipients. */
    List<RecipientKey> keys(Header header) {
        return owners.keys(header);
    }

    private List<Slot> slots(Header header, RecipientChange change) {
        demandRewrappable(header);
        List<@Nullable Owner> found = owners.of(header);
        if (found.stream().allMatch(owner -> owner == null)) {
            throw RecipientOwners.none();
        }
        return change.slots(header, found);
    }

    /** Decides, and makes the new header if that is enough; may block. */
    Outcome plan(Header header, RecipientChange change, boolean allowCompromised) {
        List<Slot> slots = slots(header, change);
        if (slots.stream().anyMatch(slot -> slot.owner() != null && slot.owner().compromised())) {
            if (!allowCompromised) {
                throw new RefusedException(
                        ErrorCode.KMS_KEY_STATE_REFUSED,
                        "The message is under a compromised key.",
                        "Whoever has the key can have made it, and re-wrapping would make it look trusted.",
                        "If its origin is certain, say allowCompromised(), or --allow-compromised on the command"
                                + " line; it is then encrypted anew.");
            }
            return anew(header, slots);
        }
        if (allKept(slots)) {
            return unchanged(slots);
        }
        return header.form() == Form.DIRECT ? anew(header, slots) : renewed(header, change, allowCompromised);
    }

    private static boolean allKept(List<Slot> slots) {
        return slots.stream().allMatch(slot -> slot.fate() == Fate.KEEP);
    }

    private static Unchanged unchanged(List<Slot> slots) {
        return new Unchanged(new RewrapResult(false, false, List.of(), List.of(), kept(slots)));
    }

    private static EncryptAnew anew(Header header, List<Slot> slots) {
        List<Entry> entries = new ArrayList<>();
        List<String> renewed = new ArrayList<>();
        List<String> lost = new ArrayList<>();
        for (Slot slot : slots) {
            Owner owner = slot.owner();
            if (slot.fate() == Fate.REMOVE) {
                continue;
            }
            if (owner == null) {
                lost.add(idText(slot));
            } else if (!entries.contains(owner.entry())) {
                entries.add(owner.entry());
                renewed.add(owner.name());
            }
        }
        if (!lost.isEmpty()) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The message must be encrypted anew, and would lose recipients: " + String.join(", ", lost) + ".",
                    "No key here can wrap for them.",
                    "Configure all of its keys, or decrypt it and encrypt it for whom it is meant.");
        }
        return new EncryptAnew(
                entries,
                header.form() == Form.DIRECT,
                new RewrapResult(true, true, renewed, removed(slots), List.of()));
    }

    private Outcome renewed(Header header, RecipientChange change, boolean allowCompromised) {
        OpenPolicy policy = new OpenPolicy(header.context(), OpenPolicy.ENCRYPTED, false, allowCompromised);
        byte[] root = openings.root(header, policy);
        SecretBytes held = SecretBytes.copyOf(root);
        try (held;
                EpochKeys keys = new EpochKeys(root, header.salt(), header.immutable())) {
            // Once more: which passphrase a recipient is of shows only when it was unwrapped.
            List<Slot> slots = slots(header, change);
            if (allKept(slots)) {
                return unchanged(slots);
            }
            int wanted = change.wanted(header, slots);
            WrapBinding binding = new WrapBinding(Purpose.DATA_KEY, header.context());
            List<Recipient> recipients =
                    calls.call("wrapping a message's key anew", () -> wrapped(slots, held, binding));
            if (slots.stream().anyMatch(slot -> slot.fate() == Fate.ADD)) {
                maker.demandPassphraseAlone(recipients);
            }
            demandRoom(header, recipients);
            byte[] authenticated =
                    HeaderWriter.withRecipients(header.immutable(), header.commitment(), wanted, recipients);
            List<String> renewed = slots.stream()
                    .filter(slot -> slot.fate() == Fate.RENEW || slot.fate() == Fate.ADD)
                    .map(slot -> name(slot))
                    .toList();
            return new NewHeader(
                    HeaderWriter.join(authenticated, keys.mac(authenticated)),
                    new RewrapResult(true, false, renewed, removed(slots), kept(slots)));
        } finally {
            Arrays.fill(root, (byte) 0);
        }
    }

    private List<Recipient> wrapped(List<Slot> slots, SecretBytes root, WrapBinding binding) {
        List<Recipient> made = new ArrayList<>();
        for (Slot slot : slots) {
            Recipient present = slot.present();
            if (slot.fate() == Fate.KEEP && present != null) {
                made.add(present);
            } else if (slot.fate() != Fate.REMOVE && slot.owner() != null) {
                made.add(wrap(slot.owner().entry(), root, binding));
            }
        }
        return made;
    }

    private static void demandRoom(Header header, List<Recipient> recipients) {
        int bytes = header.immutableLength() + Format.COMMITMENT_BYTES + 2 + Format.MAC_BYTES;
        for (Recipient recipient : recipients) {
            bytes += 5 + recipient.id().length + recipient.wrap().length;
        }
        if (bytes > Format.MAX_HEADER_BYTES) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The message's header would have " + bytes + " bytes.",
                    "A header has at most " + Format.MAX_HEADER_BYTES + ".",
                    "Remove recipients that are not needed any more.");
        }
    }

    private static List<String> removed(List<Slot> slots) {
        return slots.stream()
                .filter(slot -> slot.fate() == Fate.REMOVE)
                .map(slot -> name(slot))
                .toList();
    }

    private static List<String> kept(List<Slot> slots) {
        return slots.stream()
                .filter(slot -> slot.fate() == Fate.KEEP && slot.owner() == null)
                .map(slot -> name(slot))
                .toList();
    }

    private static String name(Slot slot) {
        return slot.owner() != null ? slot.owner().name() : idText(slot);
    }

    private static String idText(Slot slot) {
        return slot.present() == null ? "its key" : Header.idText(slot.present());
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
        return DataKeyMaker.wrap(owners.ring().sealing(((NamedEntry) entry).name()), root, binding);
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
}
