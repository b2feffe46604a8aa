package io.sealwright.kms.core.sealing;

import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.core.epoch.ChunkedSealingEpoch;
import io.sealwright.kms.core.epoch.EpochKeys;
import io.sealwright.kms.core.epoch.GcmSealingEpoch;
import io.sealwright.kms.core.epoch.SealingEpoch;
import io.sealwright.kms.core.epoch.XaesSealingEpoch;
import io.sealwright.kms.core.lease.Lease;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.message.HeaderWriter;
import io.sealwright.kms.core.namedkey.HeldVersion;
import io.sealwright.kms.core.provider.FetchedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One root and the epochs made of it. An epoch that is used up, or of a former era, is followed by another with a new
 * salt, without asking anyone; after {@code maxEpochs} of them, or at its age, the key is spent. Closing wipes the root;
 * a caller that still holds the key finds it spent.
 */
final class DataKey implements AutoCloseable {
    /** A direct key asks this often whether its named key has a newer version; a look in memory. */
    private static final long DIRECT_CHECK_NANOS = 1_000_000_000L;

    /** A successor is made this long before a version of a named key ends. */
    private static final long EARLY_NANOS = 2_000_000_000L;

    private final SealingParameters parameters;
    private final SecretBytes root;
    private final EncryptionContext context;
    private final List<Recipient> recipients;
    private final byte @Nullable [] directKeyId;
    private final String keyId;

    /** Null for a direct key, which lives as long as its named key. */
    private final @Nullable Lease lease;

    /** The named keys' versions that it depends on; it does not outlive them. */
    private final List<HeldVersion> versions;

    /** Names the version of each master key that wrapped it. */
    private final List<Wrapper> wrappers;

    /** When the hot path must look again: refresh, expiry, or at once when retired. On the coarse time's scale. */
    volatile long checkAt;

    /** Suite 1. */
    final Rolling<GcmSealingEpoch> gcm = new Rolling<>(Suite.AES_256_GCM, this::nextGcm);

    /** Suite 2. */
    final Rolling<XaesSealingEpoch> xaes = new Rolling<>(Suite.XAES_256_GCM, this::nextXaes);

    /** Suite 4. */
    final Rolling<ChunkedSealingEpoch> chunked = new Rolling<>(Suite.CHUNKED_AES_256_GCM, this::nextChunked);

    private volatile boolean retired;

    private final ReentrantLock lock = new ReentrantLock();
    private long epochs; // guarded by lock

    /** A master key that wrapped a data key, and the version it used. */
    record Wrapper(MasterKey key, String version) {}

    private DataKey(
            SealingParameters parameters,
            SecretBytes root,
            EncryptionContext context,
            List<Recipient> recipients,
            byte @Nullable [] directKeyId,
            @Nullable Lease lease,
            List<HeldVersion> versions,
            List<Wrapper> wrappers) {
        this.parameters = parameters;
        this.root = root;
        this.context = context;
        this.recipients = recipients;
        this.directKeyId = directKeyId;
        this.lease = lease;
        this.versions = List.copyOf(versions);
        this.wrappers = List.copyOf(wrappers);
        this.keyId = directKeyId != null ? HexFormat.of().formatHex(directKeyId) : Header.idText(recipients.get(0));
        lookAgain();
    }

    /** A fresh data key with its wraps; takes {@code root} over. */
    static DataKey envelope(
            SealingParameters parameters,
            SecretBytes root,
            EncryptionContext context,
            List<Recipient> recipients,
            long begun,
            List<HeldVersion> versions,
            List<Wrapper> wrappers) {
        Lease lease = FetchedKey.lease(
                parameters.terms(), wrappers.stream().map(Wrapper::key).toList(), begun);
        return new DataKey(parameters, root, context, recipients, null, lease, versions, wrappers);
    }

    /** A root derived from a named key's version, looked at again each second; takes it over. */
    static DataKey direct(
            SealingParameters parameters, SecretBytes root, EncryptionContext context, HeldVersion version) {
        return new DataKey(parameters, root, context, List.of(), version.id(), null, List.of(version), List.of());
    }

    /** The id of the first recipient, or of the named key's version. */
    String keyId() {
        return keyId;
    }

    /** About how many messages its present epochs have sealed. */
    long sealedMessages() {
        return gcm.sealedMessages() + xaes.sealedMessages() + chunked.sealedMessages();
    }

    boolean isDirect() {
        return directKeyId != null;
    }

    /** Whether the root comes from that version of a named key. */
    boolean derivesFrom(byte[] versionId) {
        return Arrays.equals(directKeyId, versionId);
    }

    boolean retired() {
        return retired;
    }

    /** Ends the key for every later call. */
    void retire() {
        retired = true;
        checkAt = parameters.time().now();
    }

    /** Until when it may be used, if nothing happens before. */
    long servesUntil() {
        long until = lease == null ? versions.get(0).sealsUntil() : lease.servesUntil();
        for (HeldVersion version : versions) {
            until = Lease.earlier(until, version.sealsUntil());
        }
        return until;
    }

    /** Whether it may be used now. */
    boolean serves(long now) {
        return !retired && now - servesUntil() < 0;
    }

    /** Whether it may still come to serve. */
    boolean kept(long now) {
        return !retired && (lease == null ? serves(now) : lease.kept(now));
    }

    /** Whether it serves, if it does, for want of an answer. */
    boolean pastAge(long now) {
        return lease != null && lease.pastAge(now);
    }

    /** The check that is the making of a successor found no answer; whether this one serves nevertheless. */
    boolean unanswered(long now) {
        if (lease != null) {
            lease.unanswered(now);
        }
        lookAgain();
        return serves(now);
    }

    /** Whether it is time to make a successor, or to see whether the named key still seals with this version. */
    boolean due(long now) {
        return lease == null || lease.due(now) || now - servesUntil() + EARLY_NANOS >= 0;
    }

    /** Moves the next look of the hot path to where it must be; a retired key's stays at once. */
    void lookAgain() {
        long now = parameters.time().now();
        long next = now + DIRECT_CHECK_NANOS;
        if (lease != null) {
            // A version of a named key may end before it is due; a little before that its successor is made.
            next = versions.isEmpty()
                    ? lease.refreshAt()
                    : Lease.earlier(lease.refreshAt(), servesUntil() - EARLY_NANOS);
        }
        lookAgainAt(next);
    }

    /** As {@link #lookAgain}, at that time or earlier. */
    void lookAgainAt(long at) {
        checkAt = Lease.earlier(at, servesUntil());
        if (retired) {
            checkAt = parameters.time().now();
        }
    }

    /** The versions of the master keys that wrapped it. */
    List<Wrapper> wrappers() {
        return wrappers;
    }

    EncryptionContext context() {
        return context;
    }

    private GcmSealingEpoch nextGcm(byte[] header, EpochKeys keys, int era) {
        return new GcmSealingEpoch(
                header,
                keys.bodyKey(),
                parameters.policy().maxMessagesPerEpoch(),
                parameters.policy().maxBytesPerEpoch(),
                era,
                parameters.provider());
    }

    private XaesSealingEpoch nextXaes(byte[] header, EpochKeys keys, int era) {
        return new XaesSealingEpoch(
                header,
                keys.bodyKey(),
                parameters.policy().maxMessagesPerEpoch(),
                parameters.policy().maxBytesPerEpoch(),
                era,
                parameters.salts(),
                parameters.provider());
    }

    private ChunkedSealingEpoch nextChunked(byte[] header, EpochKeys keys, int era) {
        return new ChunkedSealingEpoch(
                header,
                keys.streamKey(),
                parameters.policy().maxMessagesPerEpoch(),
                era,
                parameters.salts(),
                parameters.provider());
    }

    /** Derives the keys of a new epoch and makes it of them; null if the key is spent. Under the lock. */
    private <E extends SealingEpoch> @Nullable E next(Suite suite, EpochMaker<E> maker) {
        if (retired || epochs >= parameters.policy().maxEpochs()) {
            return null;
        }
        epochs++;
        // The era first: a restore after this line is seen by whoever compares the epoch's era.
        int era = parameters.salts().era();
        byte[] salt = parameters.salts().epochSalt();
        byte[] rootCopy;
        try {
            rootCopy = root.copy();
        } catch (IllegalStateException e) {
            return null; // closed meanwhile
        }
        byte[] immutable = directKeyId == null
                ? HeaderWriter.envelope(suite, SecurityLevel.STANDARD, context, salt)
                : HeaderWriter.direct(suite, SecurityLevel.STANDARD, context, salt, directKeyId);
        try (EpochKeys keys = new EpochKeys(rootCopy, salt, immutable)) {
            return maker.make(header(keys, immutable), keys, era);
        } finally {
            Arrays.fill(rootCopy, (byte) 0);
        }
    }

    private byte[] header(EpochKeys keys, byte[] immutable) {
        if (directKeyId != null) {
            return HeaderWriter.join(immutable, keys.commitment());
        }
        byte[] authenticated = HeaderWriter.withRecipients(immutable, keys.commitment(), recipients.size(), recipients);
        return HeaderWriter.join(authenticated, keys.mac(authenticated));
    }

    @Override
    public void close() {
        retire();
        lock.lock();
        try {
            root.close();
            gcm.end();
            xaes.end();
            chunked.end();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        return "DataKey[redacted]";
    }

    /** Makes an epoch of derived keys. */
    private interface EpochMaker<E extends SealingEpoch> {
        E make(byte[] header, EpochKeys keys, int era);
    }

    /** The present epoch of one suite, and the way to the next. */
    final class Rolling<E extends SealingEpoch> {
        private final Suite suite;
        private final EpochMaker<E> maker;
        private volatile @Nullable E present;

        private Rolling(Suite suite, EpochMaker<E> maker) {
            this.suite = suite;
            this.maker = maker;
        }

        /** The present epoch, or null if the data key is spent. */
        @Nullable
        E current() {
            E epoch = present;
            return epoch != null && epoch.era() == parameters.salts().era() ? epoch : after(epoch);
        }

        /** The epoch that follows {@code spent}, made by whoever comes first; null if the data key is spent. */
        @Nullable
        E after(@Nullable E spent) {
            lock.lock();
            try {
                E epoch = present;
                if (epoch != null
                        && epoch != spent
                        && epoch.era() == parameters.salts().era()) {
                    return epoch;
                }
                present = next(suite, maker);
                end(epoch);
                return present;
            } finally {
                lock.unlock();
            }
        }

        /** Under the lock, like what follows. */
        private void end() {
            E epoch = present;
            present = null;
            end(epoch);
        }

        private void end(@Nullable E epoch) {
            if (epoch != null) {
                parameters.sealedByEnded().add(epoch.sealedMessages());
                epoch.close();
            }
        }

        private long sealedMessages() {
            E epoch = present;
            return epoch == null ? 0 : epoch.sealedMessages();
        }
    }
}
