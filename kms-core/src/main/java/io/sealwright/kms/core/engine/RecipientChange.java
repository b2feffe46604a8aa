package io.sealwright.kms.core.engine;

import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.core.engine.RecipientOwners.Owner;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.sealing.RecipientPlan.MasterEntry;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.RefusedException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a caller wants a message's recipients to become, and what that means for one header. Not safe for concurrent use. */
final class RecipientChange {
    private final MasterKeys keys;
    private final List<Step> steps = new ArrayList<>();
    private boolean toMasterKeys;
    private boolean removeUnknown;

    RecipientChange(MasterKeys keys) {
        this.keys = keys;
    }

    /** One recipient for another: without {@code from} it is added, without {@code to} removed. */
    private record Step(@Nullable MasterKey from, @Nullable MasterKey to) {}

    /** What becomes of one recipient. */
    enum Fate {
        KEEP,
        RENEW,
        ADD,
        REMOVE
    }

    /**
     * One recipient, there or to be.
     *
     * @param present as it stands in the header; null if it is to be added
     * @param owner the key behind it; null if none here is
     */
    record Slot(@Nullable Recipient present, @Nullable Owner owner, Fate fate) {
        private Slot with(Fate other) {
            return new Slot(present, owner, other);
        }

        boolean isOf(MasterKey key) {
            if (fate == Fate.REMOVE) {
                return false;
            }
            return present != null
                    ? key.recognizes(present)
                    : owner != null && new MasterEntry(key).equals(owner.entry());
        }

        private boolean isOfMasterKey() {
            return owner != null && owner.entry() instanceof MasterEntry;
        }
    }

    void toMasterKeys() {
        if (keys.wrapping().isEmpty()) {
            throw MasterKeys.decryptOnly();
        }
        toMasterKeys = true;
        demandOneKind();
    }

    void add(String uri) {
        step(new Step(null, keys.wrapping(uri)));
    }

    void remove(String uri) {
        step(new Step(any(uri), null));
    }

    void replace(String oldUri, String newUri) {
        step(new Step(any(oldUri), keys.wrapping(newUri)));
    }

    void removeUnknown() {
        removeUnknown = true;
    }

    private void step(Step step) {
        steps.add(step);
        demandOneKind();
    }

    private void demandOneKind() {
        if (toMasterKeys && !steps.isEmpty()) {
            throw new IllegalStateException(
                    "toMasterKeys() names all master keys: add, remove and replace go without it");
        }
    }

    private MasterKey any(String uri) {
        return keys.opening().stream()
                .filter(key -> key.uri().equals(uri))
                .findFirst()
                .orElseThrow(() -> new ConfigurationException(
                        "'" + uri + "' is not one of this manager's master keys.",
                        "They are: "
                                + keys.opening().stream().map(MasterKey::uri).toList() + ".",
                        "Build the manager with .masterKey(...) or .alsoOpenWith(...) for it."));
    }

    /** What becomes of a header's recipients; of a direct message, of its one key. */
    List<Slot> slots(Header header, List<@Nullable Owner> owners) {
        List<Slot> slots = new ArrayList<>();
        for (int i = 0; i < owners.size(); i++) {
            Owner owner = owners.get(i);
            slots.add(new Slot(
                    header.form() == Form.DIRECT ? null : header.recipients().get(i),
                    owner,
                    owner != null && owner.outdated() ? Fate.RENEW : Fate.KEEP));
        }
        if (header.form() == Form.DIRECT) {
            demandNothingAdded();
            return slots;
        }
        if (toMasterKeys) {
            moveTo(slots);
        } else if (steps.isEmpty()) {
            addMissing(slots, header);
        } else {
            steps.forEach(step -> take(slots, step));
        }
        if (removeUnknown) {
            slots.replaceAll(slot -> slot.owner() == null ? slot.with(Fate.REMOVE) : slot);
        }
        demandBounds(slots);
        return slots;
    }

    /** How many recipients the message is to have wanted from now on. */
    int wanted(Header header, List<Slot> slots) {
        int left =
                (int) slots.stream().filter(slot -> slot.fate() != Fate.REMOVE).count();
        boolean ofMasterKeys = slots.stream().anyMatch(Slot::isOfMasterKey);
        if (toMasterKeys && ofMasterKeys) {
            return left;
        }
        int removed = slots.size() - left;
        // What was missing and is added now was wanted before; what a step adds was not.
        long added = steps.isEmpty()
                ? 0
                : slots.stream().filter(slot -> slot.fate() == Fate.ADD).count();
        return Math.min(Math.max(left, (int) (header.wanted() - removed + added)), Format.MAX_RECIPIENTS);
    }

    private void demandNothingAdded() {
        if (steps.stream().anyMatch(step -> step.from() == null)) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "No recipient can be added to this message.",
                    "It is a direct one: its key is derived from a named key's version, and it has no recipients.",
                    "Decrypt it, and encrypt it for all who are to open it.");
        }
    }

    private void moveTo(List<Slot> slots) {
        boolean any = false;
        int first = slots.size();
        for (int i = slots.size() - 1; i >= 0; i--) {
            Slot slot = slots.get(i);
            any |= slot.isOfMasterKey();
            if (slot.owner() != null
                    && slot.owner().entry() instanceof MasterEntry master
                    && !keys.wrapping().contains(master.key())) {
                slots.set(i, slot.with(Fate.REMOVE));
                first = i;
            }
        }
        if (!any) {
            return;
        }
        // In the place of the first that goes, so that who opens first is asked first.
        for (MasterKey key : keys.wrapping()) {
            if (slots.stream().noneMatch(slot -> slot.isOf(key))) {
                slots.add(first++, added(key));
            }
        }
    }

    /** The wrapping master keys that a message of master keys lacks, as far as its sealer wanted more recipients. */
    private void addMissing(List<Slot> slots, Header header) {
        int lacking = header.wanted() - header.recipients().size();
        if (lacking <= 0 || slots.stream().noneMatch(Slot::isOfMasterKey)) {
            return;
        }
        keys.wrapping().stream()
                .filter(key -> slots.stream().noneMatch(slot -> slot.isOf(key)))
                .limit(lacking)
                .toList()
                .forEach(key -> slots.add(added(key)));
    }

    private static void take(List<Slot> slots, Step step) {
        int place = slots.size();
        MasterKey from = step.from();
        if (from != null) {
            place = -1;
            for (int i = slots.size() - 1; i >= 0; i--) {
                if (slots.get(i).isOf(from) && !from.equals(step.to())) {
                    slots.set(i, slots.get(i).with(Fate.REMOVE));
                    place = i;
                }
            }
        }
        MasterKey to = step.to();
        if (place >= 0 && to != null && slots.stream().noneMatch(slot -> slot.isOf(to))) {
            slots.add(place, added(to));
        }
    }

    private static Slot added(MasterKey key) {
        return new Slot(null, new Owner(new MasterEntry(key), "", true, false, false), Fate.ADD);
    }

    private static void demandBounds(List<Slot> slots) {
        long left = slots.stream().filter(slot -> slot.fate() != Fate.REMOVE).count();
        if (left == 0) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The message would lose its last recipient.",
                    "Nobody could open it any more.",
                    "Add another recipient at the same time, or delete the message instead.");
        }
        if (left > Format.MAX_RECIPIENTS) {
            throw new RefusedException(
                    ErrorCode.KMS_OPERATION_REFUSED,
                    "The message would have " + left + " recipients.",
                    "A message has at most " + Format.MAX_RECIPIENTS + ".",
                    "Remove recipients that are not needed any more.");
        }
    }
}
