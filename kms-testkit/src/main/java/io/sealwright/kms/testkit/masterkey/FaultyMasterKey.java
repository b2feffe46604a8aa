package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.RecipientKind;
import io.sealwright.kms.spi.WrapBinding;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A master key in memory that really wraps (AES-256-GCM, bound to purpose and context), counts its calls and, when told
 * so, waits, fails, answers late or lies. For tests only: its keys are lost with the process. Safe for concurrent use.
 *
 * <p>It behaves like a vendor's key: the recipient's id is the key's name whatever its version, and the version stands
 * in the wrap. {@link #twin} is the same key seen by another process.
 */
public final class FaultyMasterKey implements MasterKey {
    /** What is counted and can be disturbed: the calls that may block. */
    public enum Operation {
        /** {@link MasterKey#generate}. */
        GENERATE,
        /** {@link MasterKey#wrap}. */
        WRAP,
        /** {@link MasterKey#unwrap}. */
        UNWRAP,
        /** {@link MasterKey#refresh}. */
        REFRESH,
        /** {@link MasterKey#check}. */
        CHECK,
        /** {@link MasterKey#rotate}. */
        ROTATE
    }

    /** Ways to answer wrongly, for {@link Operation#GENERATE}, {@link Operation#WRAP} and {@link Operation#UNWRAP}. */
    public enum Lie {
        /** Another key of the right length. WRAP: as {@link #USELESS_WRAP}. */
        WRONG_KEY,
        /** A key of 31 bytes. WRAP: as {@link #USELESS_WRAP}. */
        WRONG_LENGTH,
        /** A wrap that does not unwrap. UNWRAP: as {@link #WRONG_KEY}. */
        USELESS_WRAP,
        /** A recipient that names another key. UNWRAP: as {@link #WRONG_KEY}. */
        FOREIGN_RECIPIENT,
        /** A recipient of another kind. UNWRAP: as {@link #WRONG_KEY}. */
        FOREIGN_KIND,
        /** Null. */
        NULL
    }

    /** Holds calls until it is released. */
    public static final class Gate {
        private boolean open; // guarded by this
        private int waiting; // guarded by this

        private Gate() {}

        /** Lets all calls pass, now and from now on. */
        public synchronized void release() {
            open = true;
            notifyAll();
        }

        /** How many calls are held now. */
        public synchronized int waiting() {
            return waiting;
        }

        /**
         * Waits until {@code calls} are held at the same time.
         *
         * @throws IllegalStateException if it does not come to that within {@code limit}
         */
        public synchronized void awaitWaiting(int calls, Duration limit) throws InterruptedException {
            long deadline = System.nanoTime() + limit.toNanos();
            while (waiting < calls) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new IllegalStateException(waiting + " calls are held, not " + calls + ", after " + limit);
                }
                wait(left);
            }
        }

        private synchronized void pass(boolean interruptible) {
            waiting++;
            notifyAll();
            boolean interrupted = false;
            try {
                while (!open) {
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        interrupted = true;
                        if (interruptible) {
                            throw new CallInterruptedException(
                                    "The call to the test's master key ended.",
                                    "The thread was interrupted while the key held the call.",
                                    "Release the gate, or do not interrupt.",
                                    e);
                        }
                    }
                }
            } finally {
                waiting--;
                notifyAll();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private static final int IV_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final SecureRandom RANDOM = new SecureRandom();

    /** How an operation is disturbed. */
    private static final class Disturbance {
        private int calls;
        private @Nullable Gate gate;
        private boolean interruptible;
        private @Nullable Lie lie;
        private @Nullable Runnable meanwhile;
        private final Deque<Supplier<? extends Throwable>> failures = new ArrayDeque<>();
    }

    private final String uri;
    private final RecipientKind kind;
    private final byte[] id;
    private final List<byte[]> versions;
    private final Map<Operation, Disturbance> disturbances = new EnumMap<>(Operation.class); // guarded by this
    private volatile int known;
    private volatile boolean closed;

    /** A key of kind {@link RecipientKind#AWS_KMS}, with one version. */
    public FaultyMasterKey(String name) {
        this(name, RecipientKind.AWS_KMS);
    }

    /** A key with one version, whose URI is {@code faulty://name} and whose id is the name's UTF-8 bytes. */
    public FaultyMasterKey(String name, RecipientKind kind) {
        this(name, kind, new CopyOnWriteArrayList<>());
        addVersion();
        known = 1;
    }

    private FaultyMasterKey(String name, RecipientKind kind, List<byte[]> versions) {
        this.uri = "faulty://" + name;
        this.kind = kind;
        this.id = name.getBytes(StandardCharsets.UTF_8);
        this.versions = versions;
        for (Operation operation : Operation.values()) {
            disturbances.put(operation, new Disturbance());
        }
    }

    /** The same key as another process sees it: rotations show at {@link #refresh}, faults are each handle's own. */
    public FaultyMasterKey twin() {
        FaultyMasterKey twin = new FaultyMasterKey(new String(id, StandardCharsets.UTF_8), kind, versions);
        twin.known = versions.size();
        return twin;
    }

    /** How often an operation was called; the call that is held or failed counts. */
    public synchronized int calls(Operation operation) {
        return disturbance(operation).calls;
    }

    /** How often all operations together were called. */
    public synchronized int calls() {
        return disturbances.values().stream().mapToInt(one -> one.calls).sum();
    }

    /** Holds the calls of these operations (none: all) until the gate is released. An interrupt ends a held call. */
    public Gate hold(Operation... operations) {
        return hold(true, operations);
    }

    /** As {@link #hold}, but an interrupt does not end a held call, as with a driver stuck in native code. */
    public Gate holdUninterruptibly(Operation... operations) {
        return hold(false, operations);
    }

    private synchronized Gate hold(boolean interruptible, Operation... operations) {
        Gate gate = new Gate();
        for (Operation operation : chosen(operations)) {
            disturbance(operation).gate = gate;
            disturbance(operation).interruptible = interruptible;
        }
        return gate;
    }

    /**
     * Makes the next {@code times} calls of an operation throw what {@code failure} gives: a {@link RuntimeException} or
     * an {@link Error}, made anew for each call. Several such orders are served one after another.
     */
    public synchronized void fail(Operation operation, int times, Supplier<? extends Throwable> failure) {
        for (int i = 0; i < times; i++) {
            disturbance(operation).failures.add(failure);
        }
    }

    /** Makes calls of these operations (none: all that can) answer wrongly until {@link #behave}. */
    public synchronized void lie(Lie lie, Operation... operations) {
        for (Operation operation : chosen(operations)) {
            disturbance(operation).lie = lie;
        }
    }

    /** Runs {@code meanwhile} in each call before it answers: to move a clock past a deadline, to change a store. */
    public synchronized void answerLate(Runnable meanwhile, Operation... operations) {
        for (Operation operation : chosen(operations)) {
            disturbance(operation).meanwhile = meanwhile;
        }
    }

    /** Ends all disturbances; calls that are held go on. Counts stay. */
    public void behave() {
        Set<Gate> gates = new HashSet<>();
        synchronized (this) {
            for (Disturbance one : disturbances.values()) {
                if (one.gate != null) {
                    gates.add(one.gate);
                }
                one.gate = null;
                one.lie = null;
                one.meanwhile = null;
                one.failures.clear();
            }
        }
        gates.forEach(Gate::release);
    }

    private static Set<Operation> chosen(Operation... operations) {
        return operations.length == 0 ? EnumSet.allOf(Operation.class) : EnumSet.copyOf(Arrays.asList(operations));
    }

    private Disturbance disturbance(Operation operation) {
        return Objects.requireNonNull(disturbances.get(operation));
    }

    /** Counts, then waits, then fails as ordered; returns the lie to tell. */
    private @Nullable Lie begin(Operation operation) {
        Gate gate;
        boolean interruptible;
        Runnable meanwhile;
        Supplier<? extends Throwable> failure;
        Lie lie;
        synchronized (this) {
            Disturbance one = disturbance(operation);
            one.calls++;
            gate = one.gate;
            interruptible = one.interruptible;
            meanwhile = one.meanwhile;
            failure = one.failures.poll();
            lie = one.lie;
        }
        if (gate != null) {
            gate.pass(interruptible);
        }
        if (meanwhile != null) {
            meanwhile.run();
        }
        if (failure != null) {
            Throwable thrown = failure.get();
            if (thrown instanceof Error error) {
                throw error;
            }
            if (thrown instanceof RuntimeException exception) {
                throw exception;
            }
            throw new IllegalArgumentException("a master key cannot throw checked " + thrown.getClass(), thrown);
        }
        if (closed) {
            throw new ClosedException(
                    "The test's master key was closed.", "It was used after close().", "Close it after its last use.");
        }
        return lie;
    }

    @Override
    public String uri() {
        return uri;
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return recipient.names(kind, id);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        return numberOf(recipient) < known;
    }

    @Override
    public String versionOf(Recipient recipient) {
        return Integer.toString(numberOf(recipient));
    }

    @Override
    public boolean refresh() {
        begin(Operation.REFRESH);
        int now = versions.size();
        boolean changed = now != known;
        known = now;
        return changed;
    }

    @Override
    @SuppressWarnings("NullAway") // a lying provider
    public GeneratedKey generate(WrapBinding binding) {
        Lie lie = begin(Operation.GENERATE);
        if (lie == Lie.NULL) {
            return null;
        }
        byte[] key = random(32);
        Recipient recipient = lie(lie, seal(key, binding));
        if (lie == Lie.WRONG_KEY) {
            key[0] ^= 1;
        }
        return new GeneratedKey(SecretBytes.owning(lie == Lie.WRONG_LENGTH ? Arrays.copyOf(key, 31) : key), recipient);
    }

    @Override
    @SuppressWarnings("NullAway") // a lying provider
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        Lie lie = begin(Operation.WRAP);
        if (lie == Lie.NULL) {
            return null;
        }
        byte[] copy = key.copy();
        try {
            Lie told = lie == Lie.WRONG_KEY || lie == Lie.WRONG_LENGTH ? Lie.USELESS_WRAP : lie;
            return lie(told, seal(copy, binding));
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }

    @Override
    @SuppressWarnings("NullAway") // a lying provider
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        Lie lie = begin(Operation.UNWRAP);
        if (lie == Lie.NULL) {
            return null;
        }
        byte[] key = open(recipient, binding);
        if (lie == Lie.WRONG_LENGTH) {
            return SecretBytes.owning(Arrays.copyOf(key, 31));
        }
        if (lie != null) {
            key[0] ^= 1;
        }
        return SecretBytes.owning(key);
    }

    private Recipient lie(@Nullable Lie lie, Recipient honest) {
        if (lie == null) {
            return honest;
        }
        return switch (lie) {
            case USELESS_WRAP -> {
                byte[] wrap = honest.wrap();
                wrap[wrap.length - 1] ^= 1;
                yield new Recipient(honest.kind(), honest.id(), wrap);
            }
            case FOREIGN_RECIPIENT ->
                new Recipient(honest.kind(), "another key".getBytes(StandardCharsets.UTF_8), honest.wrap());
            case FOREIGN_KIND ->
                new Recipient(
                        (kind == RecipientKind.GCP_KMS ? RecipientKind.AWS_KMS : RecipientKind.GCP_KMS).id(),
                        honest.id(),
                        honest.wrap());
            case WRONG_KEY, WRONG_LENGTH, NULL -> honest;
        };
    }

    @Override
    public String check() {
        begin(Operation.CHECK);
        return uri + ", version " + known;
    }

    @Override
    public String rotate() {
        begin(Operation.ROTATE);
        addVersion();
        known = versions.size();
        return Integer.toString(known);
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return "FaultyMasterKey[" + uri + "]";
    }

    /** A recipient of this key with that wrap. */
    Recipient recipient(byte[] wrap) {
        return new Recipient(kind.id(), id, wrap);
    }

    /** The number of the newest version. */
    String newest() {
        return Integer.toString(versions.size());
    }

    private void addVersion() {
        versions.add(random(32));
    }

    private static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return random;
    }

    /** Version in 4 bytes, IV in 12, ciphertext, tag in 16. */
    private Recipient seal(byte[] key, WrapBinding binding) {
        int version = known;
        byte[] iv = random(IV_BYTES);
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, version, iv, binding).doFinal(key);
            byte[] wrap = ByteBuffer.allocate(4 + IV_BYTES + sealed.length)
                    .putInt(version)
                    .put(iv)
                    .put(sealed)
                    .array();
            return new Recipient(kind.id(), id, wrap);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM is not there", e);
        }
    }

    private byte[] open(Recipient recipient, WrapBinding binding) {
        byte[] wrap = recipient.wrap();
        int version = numberOf(recipient);
        if (!recognizes(recipient) || version < 1 || version > versions.size() || wrap.length < 4 + IV_BYTES + 16) {
            throw new AuthenticationFailedException();
        }
        byte[] iv = Arrays.copyOfRange(wrap, 4, 4 + IV_BYTES);
        try {
            return cipher(Cipher.DECRYPT_MODE, version, iv, binding)
                    .doFinal(wrap, 4 + IV_BYTES, wrap.length - 4 - IV_BYTES);
        } catch (AEADBadTagException e) {
            throw new AuthenticationFailedException();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM is not there", e);
        }
    }

    private Cipher cipher(int mode, int version, byte[] iv, WrapBinding binding) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(versions.get(version - 1), "AES"), new GCMParameterSpec(TAG_BITS, iv));
        cipher.updateAAD(new byte[] {(byte) binding.purpose().id()});
        cipher.updateAAD(binding.context().encoded());
        return cipher;
    }

    private static int numberOf(Recipient recipient) {
        byte[] wrap = recipient.wrap();
        return wrap.length < 4 ? 0 : ByteBuffer.wrap(wrap).getInt();
    }
}
