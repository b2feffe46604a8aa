package io.sealwright.kms.vault;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.event.KmsEvent;
import io.sealwright.kms.vault.FaultyProxy.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Eight threads seal and open without pause while the real OpenBao is killed and started again, stalled, sealed, loses
 * their token, loses the key, and answers drop by drop. Size: {@code -Dkms.proof}; 5 minutes when whole, 20 s at least.
 */
@ExtendWith(OpenBao.Extension.class)
@Timeout(600)
class VaultOutageStress {
    private static final Duration WHOLE = Duration.ofMinutes(5);
    private static final Duration SHORTEST = Duration.ofSeconds(20);
    private static final int THREADS = 8;
    private static final int CONTEXTS = 4;
    private static final int MOST_UNOPENED = 200_000;
    private static final Duration DEADLINE = Duration.ofMillis(1_500);

    /** A data key serves so long; then it is made anew, so that the server is asked all the time. */
    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    /** It must be back by itself so soon after the server is. */
    private static final Duration BACK_WITHIN = Duration.ofSeconds(15);

    /** What befalls the server, inside the window of the outage. */
    private enum Trouble {
        KILLED,
        STALLED,
        SEALED,
        REVOKED,
        DRIPPING
    }

    /** A message, what is in it, and whether this manager has opened it while the server answered. */
    private record Sealed(byte[] message, String text, int context) {}

    private final OpenBao bao;
    private final FaultyProxy proxy;
    private final String name = "outage-" + UUID.randomUUID();
    private final Random random = new Random(20_261_121);
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sealed> unopened = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Sealed> kept = new ConcurrentLinkedQueue<>();
    private final AtomicLong unopenedInAll = new AtomicLong();
    private final AtomicLong calls = new AtomicLong();
    private final Set<Trouble> served =
            ConcurrentHashMap.newKeySet(); // while these, keys began to serve past their age
    private volatile Trouble now = Trouble.KILLED;
    private final AtomicLong slowest = new AtomicLong();
    private final AtomicLong troubles = new AtomicLong(); // odd while there is one

    private long slowestReturn;
    private volatile boolean done;

    VaultOutageStress(OpenBao bao) {
        this.bao = bao;
        this.proxy = new FaultyProxy(bao.port());
    }

    @BeforeEach
    void prepare() {
        bao.mount("", "transit", "transit", "");
        bao.mount("", "auth/approle", "approle", "");
        bao.root("POST", "transit/keys/" + name, "{\"exportable\":true,\"allow_plaintext_backup\":true}");
        bao.root("POST", "transit/keys/" + name + "/config", "{\"deletion_allowed\":true}");
        bao.policy(name, OpenBao.documentedPolicy(1).replace("/app", "/" + name));
        bao.root("POST", "auth/approle/role/" + name, "{\"token_policies\":\"" + name + "\",\"token_ttl\":\"10m\"}");
    }

    @AfterEach
    void recover() throws Exception {
        proxy.close();
        bao.resume();
        if (bao.call("GET", "sys/health", null, "").status() != 200) {
            bao.unseal();
        }
    }

    private KeyManager manager(Duration window) {
        String roleId = bao.root("GET", "auth/approle/role/" + name + "/role-id", null)
                .get("data")
                .asObject()
                .getString("role_id");
        String secretId = bao.root("POST", "auth/approle/role/" + name + "/secret-id", null)
                .get("data")
                .asObject()
                .getString("secret_id");
        VaultOptions options = VaultOptions.builder()
                .address(proxy.address())
                .auth(VaultAuth.appRole(roleId, secretId))
                .timeout(DEADLINE)
                .build();
        return KeyManager.builder()
                .masterKey(VaultKeys.masterKey(options, "transit/" + name))
                .dataKeys(p -> p.maxAge(MAX_AGE))
                .outage(o -> o.encryptFor(window).decryptFor(window))
                .deadline(DEADLINE)
                .listener(event -> {
                    if (event instanceof KmsEvent.OutageServing outage && outage.serving()) {
                        served.add(now);
                    }
                })
                .build();
    }

    private static Duration size() {
        double proof = Double.parseDouble(System.getProperty("kms.proof", "0.01"));
        Duration size = Duration.ofMillis((long) (WHOLE.toMillis() * proof));
        return size.compareTo(SHORTEST) < 0 ? SHORTEST : size;
    }

    @Test
    void outage_insideTheWindow_noCallWithALiveKeyFails_andNothingIsLost() throws Exception {
        List<Trouble> seen = new ArrayList<>();
        long sealedInAll;
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            warm(kms);
            long end = System.nanoTime() + size().toNanos();
            ExecutorService pool = Executors.newFixedThreadPool(THREADS);
            List<Future<Long>> workers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int seed = i;
                workers.add(pool.submit(() -> work(kms, new Random(seed))));
            }
            try {
                while (System.nanoTime() - end < 0 || seen.size() < Trouble.values().length) {
                    Trouble trouble = Trouble.values()[seen.size() % Trouble.values().length];
                    befall(trouble, kms);
                    seen.add(trouble);
                }
            } finally {
                done = true;
                pool.shutdown();
            }
            sealedInAll = 0;
            for (Future<Long> worker : workers) {
                sealedInAll += worker.get(60, TimeUnit.SECONDS);
            }
        }
        int opened = 0;
        try (KeyManager other = manager(Duration.ZERO)) {
            for (Sealed sealed : kept) {
                assertThat(open(other, sealed)).isEqualTo(sealed.text());
                opened++;
            }
            for (Sealed sealed : unopened) {
                assertThat(open(other, sealed)).isEqualTo(sealed.text());
                opened++;
            }
        }
        System.out.printf(
                "%d outages, keys served past their age while %s; %d calls, %d messages sealed, %d of them opened by another process's manager afterwards;"
                        + " slowest call %d ms, slowest return %d ms%n",
                seen.size(),
                served,
                calls.get(),
                sealedInAll,
                opened,
                TimeUnit.NANOSECONDS.toMillis(slowest.get()),
                TimeUnit.NANOSECONDS.toMillis(slowestReturn));
        assertThat(faults).isEmpty();
        assertThat(seen).contains(Trouble.values());
        assertThat(served).as("outages that were ridden out").containsExactlyInAnyOrder(Trouble.values());
        assertThat(Duration.ofNanos(slowest.get())).isLessThan(DEADLINE.plusSeconds(3));
    }

    /** Each context's data key is there, and a message of each has been opened. */
    private void warm(KeyManager kms) {
        for (int context = 0; context < CONTEXTS; context++) {
            Sealed sealed = seal(kms, context, "warm");
            assertThat(open(kms, sealed)).isEqualTo("warm");
            kept.add(sealed);
        }
    }

    private long work(KeyManager kms, Random mine) {
        long sealedHere = 0;
        List<Sealed> live = new ArrayList<>(kept);
        while (!done) {
            int context = mine.nextInt(CONTEXTS);
            Sealed fresh = timed("seal", () -> seal(kms, context, "text " + mine.nextInt()));
            if (fresh != null) {
                sealedHere++;
                String opened = firstOpening(kms, fresh);
                if (opened == null) {
                    keepUnopened(fresh);
                } else if (!opened.equals(fresh.text())) {
                    faults.add("another text came back");
                } else if (live.size() < 200) {
                    live.add(fresh);
                } else {
                    live.set(mine.nextInt(live.size()), fresh);
                }
                if (sealedHere % 200 == 0) {
                    kept.add(fresh);
                }
            }
            Sealed old = live.get(mine.nextInt(live.size()));
            String text = timed("open what was opened before", () -> open(kms, old));
            if (text != null && !text.equals(old.text())) {
                faults.add("another text came back");
            }
        }
        return sealedHere;
    }

    /** All of the first many, then some: the heap of the whole proof is small. */
    private void keepUnopened(Sealed sealed) {
        if (unopenedInAll.incrementAndGet() <= MOST_UNOPENED || unopenedInAll.get() % 50 == 0) {
            unopened.add(sealed);
        }
    }

    /** What was sealed in an outage may need the server at its first opening: it may fail for that reason, while that is so. */
    private String firstOpening(KeyManager kms, Sealed sealed) {
        long before = troubles.get();
        try {
            calls.incrementAndGet();
            return open(kms, sealed);
        } catch (KmsException e) {
            if (e.code() != ErrorCode.KMS_UNAVAILABLE || (before == troubles.get() && before % 2 == 0)) {
                faults.add("first opening, without an outage: " + e);
            }
            return null;
        }
    }

    private <T> T timed(String what, java.util.function.Supplier<T> call) {
        long from = System.nanoTime();
        try {
            calls.incrementAndGet();
            return call.get();
        } catch (RuntimeException e) {
            faults.add(what + ": " + e);
            return null;
        } finally {
            slowest.accumulateAndGet(System.nanoTime() - from, Math::max);
        }
    }

    private static Sealed seal(KeyManager kms, int context, String text) {
        return new Sealed(kms.encrypt(text).context("tenant", "t" + context).toBytes(), text, context);
    }

    private static String open(KeyManager kms, Sealed sealed) {
        return kms.decrypt(sealed.message())
                .context("tenant", "t" + sealed.context())
                .toText();
    }

    /** Longer than data keys live and a call takes, so that each is asked for anew in vain. */
    private void befall(Trouble trouble, KeyManager kms) throws Exception {
        now = trouble;
        troubles.incrementAndGet();
        Duration length = MAX_AGE.plus(DEADLINE).plusMillis(200 + random.nextInt(800));
        switch (trouble) {
            case KILLED -> {
                bao.kill();
                pause(length);
                bao.restart();
            }
            case STALLED -> {
                bao.stall();
                pause(length);
                bao.resume();
            }
            case SEALED -> {
                bao.seal();
                pause(length);
                bao.unseal();
            }
            case REVOKED -> {
                // No new login either, as from another network.
                bao.root("POST", "auth/approle/role/" + name, "{\"secret_id_bound_cidrs\":\"10.0.0.0/8\"}");
                bao.root("PUT", "sys/leases/revoke-prefix/auth/approle/login", null);
                pause(length);
                bao.root("POST", "auth/approle/role/" + name, "{\"secret_id_bound_cidrs\":\"\"}");
            }
            case DRIPPING -> {
                proxy.fault(Fault.DRIP);
                pause(length);
                proxy.fault(Fault.NONE);
            }
        }
        long from = System.nanoTime();
        while (!kms.health().healthy()) {
            if (System.nanoTime() - from > BACK_WITHIN.toNanos()) {
                faults.add("not back after " + trouble);
                return;
            }
            pause(Duration.ofMillis(50));
        }
        slowestReturn = Math.max(slowestReturn, System.nanoTime() - from);
        pause(DEADLINE.plusMillis(200)); // calls that met it are over
        troubles.incrementAndGet();
        pause(MAX_AGE); // new data keys all round
    }

    private static void pause(Duration length) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(length.toNanos());
    }

    @Test
    void outage_longerThanTheWindow_oneTypedErrorWithinTheDeadline_andRecovery() throws Exception {
        try (KeyManager kms = manager(Duration.ofSeconds(3))) {
            warm(kms);
            Sealed sealed = kept.peek();
            bao.stall();
            pause(Duration.ofMillis(3_500).plus(MAX_AGE));
            Map<ErrorCode, AtomicLong> codes = new ConcurrentHashMap<>();
            ExecutorService pool = Executors.newFixedThreadPool(THREADS);
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int context = i % CONTEXTS;
                all.add(pool.submit(() -> {
                    for (int n = 0; n < 3; n++) {
                        failsTyped(codes, () -> seal(kms, context, "late"));
                        failsTyped(codes, () -> open(kms, sealed));
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get(60, TimeUnit.SECONDS);
            }
            pool.shutdown();
            assertThat(faults).isEmpty();
            assertThat(codes).containsOnlyKeys(ErrorCode.KMS_UNAVAILABLE);
            bao.resume();
            recovers(kms, sealed);
        }
    }

    private void failsTyped(Map<ErrorCode, AtomicLong> codes, Runnable call) {
        long from = System.nanoTime();
        try {
            call.run();
            faults.add("a call succeeded past the window");
        } catch (KmsException e) {
            codes.computeIfAbsent(e.code(), code -> new AtomicLong()).incrementAndGet();
        }
        Duration taken = Duration.ofNanos(System.nanoTime() - from);
        if (taken.compareTo(DEADLINE.plusSeconds(1)) > 0) {
            faults.add("a call took " + taken);
        }
    }

    private static void recovers(KeyManager kms, Sealed sealed) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (true) {
            try {
                assertThat(open(kms, seal(kms, 0, "again"))).isEqualTo("again");
                assertThat(open(kms, sealed)).isEqualTo(sealed.text());
                return;
            } catch (KmsException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
                pause(Duration.ofMillis(100));
            }
        }
    }

    @Test
    void deletedKey_definiteNo_endsWhatItGaveInsideTheWindow_andRecoversWithTheKey() throws Exception {
        try (KeyManager kms = manager(Duration.ofMinutes(10))) {
            warm(kms);
            Sealed sealed = kept.peek();
            String backup = bao.root("GET", "transit/backup/" + name, null)
                    .get("data")
                    .asObject()
                    .getString("backup");
            bao.root("DELETE", "transit/keys/" + name, null);
            ended(ErrorCode.KMS_KEY_NOT_FOUND, () -> seal(kms, 0, "late"));
            // Whatever a provider says of a message, but that it does not answer, is one error, on purpose.
            ended(ErrorCode.KMS_AUTHENTICATION_FAILED, () -> open(kms, sealed));
            bao.root("POST", "transit/restore/" + name, "{\"backup\":\"" + backup + "\"}");
            recovers(kms, sealed);
        }
    }

    /** At the latest when the data key's age is over: then it is asked for, and the answer is no. */
    private static void ended(ErrorCode code, Runnable call) throws InterruptedException {
        long end = System.nanoTime() + MAX_AGE.plus(DEADLINE).plusSeconds(2).toNanos();
        while (true) {
            try {
                call.run();
                assertThat(System.nanoTime() - end)
                        .as("a deleted key serves on")
                        .isNegative();
                pause(Duration.ofMillis(20));
            } catch (KmsException e) {
                assertThat(e.code()).isEqualTo(code);
                return;
            }
        }
    }
}
