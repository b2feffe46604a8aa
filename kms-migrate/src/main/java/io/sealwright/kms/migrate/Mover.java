package io.sealwright.kms.migrate;

import io.sealwright.kms.Encryption;
import io.sealwright.kms.KeyManager;
import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.RecipientKey;
import io.sealwright.kms.RewrapOptions;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.RewrapTransfer;
import io.sealwright.kms.Rewrapping;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.KmsBugException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.migrate.Tally.Count;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Decides what becomes of an item. Messages with one header are moved by one look at it: the header is all that re-wrapping
 * changes, and equal bytes of one header mean the same root, recipients and MAC. So a key is asked once a header, however
 * many messages have it. Safe for concurrent use.
 */
final class Mover {
    /** So many bytes of headers are remembered: some 50,000. */
    private static final long MOST_HEADER_BYTES = 32L << 20;

    private final KeyManager kms;
    private final Consumer<RewrapOptions<?>> change;
    private final @Nullable RawAesGcm raw;
    private final Consumer<Encryption> sealing;
    private final @Nullable Function<String, byte[]> associatedData;
    private final boolean allowCompromised;
    private final boolean dryRun;
    private final ExecutorService threads;
    private final Recent<Known> headers = new Recent<>(MOST_HEADER_BYTES);

    Mover(
            KeyManager kms,
            Consumer<RewrapOptions<?>> change,
            @Nullable RawAesGcm raw,
            Consumer<Encryption> sealing,
            @Nullable Function<String, byte[]> associatedData,
            boolean allowCompromised,
            boolean dryRun,
            ExecutorService threads) {
        this.kms = kms;
        this.change = change;
        this.raw = raw;
        this.sealing = sealing;
        this.associatedData = associatedData;
        this.allowCompromised = allowCompromised;
        this.dryRun = dryRun;
        this.threads = threads;
    }

    /** What is known of a header. */
    record Known(List<RecipientKey> keys, Fate fate, byte @Nullable [] header) {
        enum Fate {
            /** It is as it should be. */
            LEAVE,
            /** Another stands for it. */
            REPLACE,
            /** It has to change; into what is not known yet, or never will be since its bodies change too. */
            CHANGE
        }
    }

    /**
     * What becomes of an item.
     *
     * @param count what it counts as
     * @param keys what it lies under as it was read
     * @param content what is to be written; null if nothing is
     */
    record Decision(Count count, List<RecipientKey> keys, byte @Nullable [] content) {}

    /** A decision, or why there is none. */
    record Outcome(@Nullable Decision decision, @Nullable KmsException failure) {}

    boolean dryRun() {
        return dryRun;
    }

    boolean convertsRaw() {
        return raw != null;
    }

    /** The header's contents; null if the bytes are no message of any version. */
    @Nullable
    MessageInfo info(byte @Nullable [] message) {
        if (message == null) {
            return null;
        }
        try {
            return KeyManager.inspect(message);
        } catch (MalformedMessageException e) {
            return null;
        }
    }

    /** Decides for all of them: several headers at once, each asked about once. */
    <I extends Item> Map<I, Outcome> decide(List<I> items, Function<I, byte[]> data) {
        Map<String, I> firsts = new LinkedHashMap<>();
        Map<I, String> headers = new HashMap<>();
        for (I item : items) {
            String header = header(item);
            if (header != null) {
                headers.put(item, header);
                firsts.putIfAbsent(header, item);
            }
        }
        fetchAhead(firsts.values());
        Map<I, Outcome> ofFirsts = atOnce(List.copyOf(firsts.values()), item -> outcome(item, data.apply(item)));
        Map<I, Outcome> all = new LinkedHashMap<>();
        for (I item : items) {
            Outcome own = ofFirsts.get(item);
            String header = headers.get(item);
            @Nullable I first = header == null ? null : firsts.get(header);
            Outcome failed = first == null ? null : ofFirsts.get(first);
            if (own == null) {
                // What the key did not do for the first it does for none, and each would wait for it again.
                own = failed != null && isOfTheKey(failed.failure()) ? failed : outcome(item, data.apply(item));
            }
            all.put(item, own);
        }
        return all;
    }

    /** Has the data keys of what will be re-wrapped fetched by as few calls as their providers allow. */
    private void fetchAhead(Collection<? extends Item> items) {
        if (!dryRun) {
            kms.prefetch(
                    items.stream().map(this::changing).filter(Objects::nonNull).toList());
        }
    }

    /** The header of a message that will be re-wrapped; null if there is none, or if that is told at the item's turn. */
    private byte @Nullable [] changing(Item item) {
        try {
            byte[] message = item.message();
            MessageInfo info = info(message);
            return message == null || info == null || plan(message, info).fate() != Known.Fate.CHANGE
                    ? null
                    : Arrays.copyOf(message, info.headerBytes());
        } catch (CallInterruptedException | ClosedException e) {
            throw e;
        } catch (KmsException e) {
            return null;
        }
    }

    /** The header of a message whose body need not be looked at, so that one look does for all of them. */
    private @Nullable String header(Item item) {
        try {
            byte[] message = item.message();
            MessageInfo info = info(message);
            return message == null || info == null || info.form() == MessageInfo.Form.DIRECT
                    ? null
                    : Recent.name(message, info.headerBytes());
        } catch (KmsException e) {
            return null; // told when it is this item's turn
        }
    }

    private static boolean isOfTheKey(@Nullable KmsException failure) {
        return failure != null
                && (failure.retryable()
                        || failure instanceof NoMatchingRecipientException
                        || failure instanceof PermissionDeniedException
                        || failure instanceof KeyNotFoundException);
    }

    /** Runs a task for each, on several threads. */
    <I, T> Map<I, T> atOnce(List<I> items, Function<I, T> task) {
        Map<I, T> done = new LinkedHashMap<>();
        if (items.size() == 1) {
            done.put(items.get(0), task.apply(items.get(0)));
            return done;
        }
        List<Callable<T>> tasks = new ArrayList<>();
        items.forEach(item -> tasks.add(() -> task.apply(item)));
        try {
            List<Future<T>> futures = threads.invokeAll(tasks);
            for (int i = 0; i < futures.size(); i++) {
                done.put(items.get(i), futures.get(i).get());
            }
            return done;
        } catch (InterruptedException e) {
            throw Stop.interrupted(e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException exception) {
                throw exception;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new KmsBugException("tasks throw nothing checked", e);
        }
    }

    private Outcome outcome(Item item, byte[] data) {
        try {
            return new Outcome(decision(item, data), null);
        } catch (CallInterruptedException | ClosedException e) {
            throw e;
        } catch (KmsException e) {
            return new Outcome(null, e);
        }
    }

    private Decision decision(Item item, byte[] data) {
        byte[] message = item.message();
        MessageInfo info = info(message);
        if (message == null || info == null) {
            return new Decision(Count.CONVERTED, List.of(), converted(item.name(), data));
        }
        Known known = plan(message, info);
        byte[] header = known.header();
        if (known.fate() == Known.Fate.REPLACE && header != null) {
            byte[] moved = Arrays.copyOf(header, header.length + message.length - info.headerBytes());
            System.arraycopy(message, info.headerBytes(), moved, header.length, message.length - info.headerBytes());
            return new Decision(Count.MOVED, known.keys(), moved);
        }
        if (known.fate() == Known.Fate.LEAVE) {
            return new Decision(Count.ALREADY, known.keys(), null);
        }
        if (dryRun) {
            return new Decision(foreseen(info, known, item.name()), known.keys(), null);
        }
        byte[][] made = new byte[1][];
        RewrapResult result = told(kms.rewrap(message), item.name()).into(bytes -> made[0] = bytes);
        if (!result.changed()) {
            leave(message, info, known);
            return new Decision(Count.ALREADY, known.keys(), null);
        }
        if (!result.bodyEncryptedAnew()) {
            learn(message, info, known, made[0]);
        }
        return new Decision(result.bodyEncryptedAnew() ? Count.ANEW : Count.MOVED, known.keys(), made[0]);
    }

    /** What is known of a message's header without asking a key to unwrap or wrap. */
    Known plan(byte[] message, MessageInfo info) {
        byte[] header = Arrays.copyOf(message, info.headerBytes());
        Known known = headers.get(header);
        if (known != null) {
            return known;
        }
        Rewrapping rewrapping = kms.rewrap(header);
        change.accept(rewrapping);
        boolean needed = rewrapping.needed();
        known = new Known(kms.recipients(header), needed ? Known.Fate.CHANGE : Known.Fate.LEAVE, null);
        if (!needed) {
            headers.put(header, known, 0);
        }
        return known;
    }

    /**
     * What would become of a message that has to change, in a dry run.
     *
     * @throws KmsException that the change would fail with, as far as it does not depend on what a key answers
     */
    Count foreseen(MessageInfo info, Known known, String name) {
        Wishes wishes = told(new Wishes(), name);
        return new Foresight(kms, wishes).of(info, known.keys());
    }

    /** Remembers that a header is as it should be, where only unwrapping could tell. */
    void leave(byte[] message, MessageInfo info, Known before) {
        headers.put(Arrays.copyOf(message, info.headerBytes()), new Known(before.keys(), Known.Fate.LEAVE, null), 0);
    }

    /** Remembers what a header became, and that it is then as it should be. */
    void learn(byte[] message, MessageInfo info, Known before, byte[] moved) {
        byte[] header = Arrays.copyOf(moved, KeyManager.inspect(moved).headerBytes());
        headers.put(
                Arrays.copyOf(message, info.headerBytes()),
                new Known(before.keys(), Known.Fate.REPLACE, header),
                header.length);
        headers.put(header, new Known(kms.recipients(header), Known.Fate.LEAVE, null), 0);
    }

    /** A re-wrapping of a stream that was told what is wanted. */
    RewrapTransfer rewrapping(InputStream message, String name) {
        return told(kms.rewrap(message), name);
    }

    private <T extends RewrapOptions<T>> T told(T options, String name) {
        change.accept(options);
        if (allowCompromised) {
            options.allowCompromised();
        }
        return associatedData == null ? options : options.associatedData(associatedData.apply(name));
    }

    /** Data of an older system as a message; null in a dry run, which only opens it. */
    byte @Nullable [] converted(String name, byte[] data) {
        if (raw == null) {
            throw new MalformedMessageException(
                    "The data is no message.",
                    "It does not begin as a message does, or is cut inside its header.",
                    "If an older system encrypted it, describe its form; else look at where it comes from.");
        }
        byte[] plaintext = raw.open(name, data);
        try {
            if (dryRun) {
                return null;
            }
            Encryption encryption = kms.encrypt(plaintext);
            sealing.accept(encryption);
            if (associatedData != null) {
                encryption.associatedData(associatedData.apply(name));
            }
            return encryption.toBytes();
        } finally {
            Arrays.fill(plaintext, (byte) 0);
        }
    }
}
