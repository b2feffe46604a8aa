package io.sealwright.kms.core.opening;

import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.core.message.Format;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.namedkey.NamedKeyRing;
import io.sealwright.kms.core.provider.FreshLooks;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
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
 * Who may open a header: among its recipients, in its order, those that configured keys recognise, each with each of these
 * keys. Ids in a header are only compared.
 */
final class Candidates {
    private final List<MasterKey> masterKeys;
    private final @Nullable NamedKeyRing namedKeys;
    private final RootMaker maker;
    private final FreshLooks looks;

    Candidates(
            List<MasterKey> masterKeys,
            @Nullable NamedKeyRing namedKeys,
            RootMaker maker,
            ProviderCalls calls,
            TimeSource time) {
        this.masterKeys = List.copyOf(masterKeys);
        this.namedKeys = namedKeys;
        this.maker = maker;
        this.looks = new FreshLooks(masterKeys, calls, time);
    }

    /**
     * The recipients that keys in memory recognise.
     *
     * @param all whether that is all there can be; if not, {@link #fresh} may find more
     * @param undecided whether only keys that cannot tell yet could add to it
     */
    record Known(List<Candidate> candidates, boolean all, boolean undecided) {}

    /** What is known without asking anybody. */
    Known inMemory(Header header) {
        List<Candidate> found = new ArrayList<>();
        if (header.form() == Form.DIRECT) {
            byte[] id = header.directKeyId();
            if (namedKeys == null || id == null || header.directKind() != RecipientKind.NAMED_KEY.id()) {
                throw noMatch();
            }
            Optional<HeldVersion> held = namedKeys.held(id);
            held.ifPresent(version -> found.add(new Candidate(false, null, standing -> maker.directRoot(version))));
            return new Known(found, held.isPresent(), false);
        }
        boolean unknownNamedKey = false;
        for (Recipient recipient : header.recipients()) {
            if (recipient.kind() == RecipientKind.NAMED_KEY.id()) {
                if (namedKeys == null || recipient.id().length != Format.KEY_ID_BYTES + 8) {
                    continue;
                }
                byte[] id = Arrays.copyOf(recipient.id(), Format.KEY_ID_BYTES);
                Optional<HeldVersion> held = namedKeys.held(id);
                if (held.isEmpty()) {
                    unknownNamedKey = true;
                } else if (names(recipient, held.get())) {
                    RootKey key = new RootKey(null, recipient, header.context());
                    found.add(new Candidate(false, key, standing -> maker.namedRoot(held.get(), key)));
                }
                continue;
            }
            addMasters(found, header, recipient);
        }
        boolean undecided = !unknownNamedKey && isUndecided(header);
        return new Known(found, !found.isEmpty() && !unknownNamedKey && !undecided, undecided);
    }

    /** Whether a master key that cannot tell yet may be the one that a recipient names. */
    private boolean isUndecided(Header header) {
        for (MasterKey master : masterKeys) {
            if (FreshLooks.isDue(master, header.recipients())) {
                return true;
            }
        }
        return false;
    }

    /** Each master key that recognises the recipient, in the order of the configuration: one may open what another fails at. */
    private void addMasters(List<Candidate> found, Header header, Recipient recipient) {
        for (MasterKey master : masterKeys) {
            if (master.recognizes(recipient)) {
                RootKey key = new RootKey(master, recipient, header.context());
                found.add(new Candidate(!master.inProcess(), key, standing -> maker.masterRoot(master, key, standing)));
            }
        }
    }

    /** All candidates, those of {@link #inMemory} included, with the store asked for key ids it may know, and master keys for newer versions. Blocks. */
    List<Candidate> fresh(Header header) {
        RuntimeException storeFailure = looks.resolveAll(masterKeys, header.recipients());
        List<byte[]> ids = new ArrayList<>();
        byte[] direct = header.directKeyId();
        if (direct != null) {
            ids.add(direct);
        }
        for (Recipient recipient : header.recipients()) {
            if (recipient.kind() == RecipientKind.NAMED_KEY.id() && recipient.id().length == Format.KEY_ID_BYTES + 8) {
                ids.add(Arrays.copyOf(recipient.id(), Format.KEY_ID_BYTES));
            }
        }
        List<Candidate> found = new ArrayList<>();
        if (namedKeys != null) {
            for (byte[] id : ids) {
                try {
                    Optional<HeldVersion> held = namedKeys.byId(id);
                    held.ifPresent(version -> found.addAll(namedCandidates(header, version)));
                } catch (KmsException e) {
                    storeFailure = e;
                }
            }
        }
        found.addAll(masterCandidates(header));
        if (found.isEmpty() && storeFailure == null) {
            looks.forNewer(header.recipients(), false);
            found.addAll(masterCandidates(header));
        }
        if (found.isEmpty()) {
            throw storeFailure != null ? failed(storeFailure) : noMatch();
        }
        if (storeFailure != null) {
            RuntimeException failure = storeFailure;
            found.add(new Candidate(false, null, standing -> {
                throw failure;
            }));
        }
        return found;
    }

    private static RuntimeException failed(RuntimeException storeFailure) {
        Failures failures = new Failures();
        failures.note(storeFailure);
        return failures.verdict();
    }

    private List<Candidate> namedCandidates(Header header, HeldVersion version) {
        if (header.form() == Form.DIRECT) {
            return List.of(new Candidate(false, null, standing -> maker.directRoot(version)));
        }
        List<Candidate> found = new ArrayList<>();
        for (Recipient recipient : header.recipients()) {
            if (names(recipient, version)) {
                RootKey key = new RootKey(null, recipient, header.context());
                found.add(new Candidate(false, key, standing -> maker.namedRoot(version, key)));
            }
        }
        return found;
    }

    /**
     * Whether the recipient is this version's, key check included: the same whether it was in memory or not. A key that
     * only makes MACs is nobody's recipient.
     */
    private static boolean names(Recipient recipient, HeldVersion version) {
        return !version.spec().mac()
                && recipient.names(
                        RecipientKind.NAMED_KEY, version.wrappingKey().recipientId());
    }

    private List<Candidate> masterCandidates(Header header) {
        List<Candidate> found = new ArrayList<>();
        for (Recipient recipient : header.recipients()) {
            addMasters(found, header, recipient);
        }
        return found;
    }

    private static NoMatchingRecipientException noMatch() {
        return new NoMatchingRecipientException(
                "No key that is configured here can open the message.",
                "None of its recipients is one of them.",
                "See its recipients with: kms inspect; then configure the master key or the store that has one.");
    }
}
