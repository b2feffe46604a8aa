package io.sealwright.kms.pkcs11;

import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.TimeSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The versions of a key that are on its token: the secret keys that have its label. They are looked up when none are
 * known, when the token's era changed, and for wrapping when the last look is some seconds old, so that a version that
 * another process made is soon used. Safe for concurrent use.
 */
final class KeyVersions {
    private static final long NEWEST_FOR_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** What the last look found. */
    private record Look(long era, long at, List<KeyFacts> versions) {
        @Nullable
        KeyFacts newest() {
            return versions.isEmpty() ? null : versions.get(versions.size() - 1);
        }
    }

    private final Token token;
    private final Pkcs11Uri uri;
    private final String name;
    private final TimeSource time;
    private final Map<String, KeyFacts> seen = new HashMap<>(); // guarded by this; by shown id
    private volatile @Nullable Look last;

    /** @param name of the key, for errors */
    KeyVersions(Token token, Pkcs11Uri uri, String name, TimeSource time) {
        this.token = token;
        this.uri = uri;
        this.name = name;
        this.time = time;
    }

    /** The one that wraps, as far as this process knows; null if it has not looked. Asks nobody. */
    @Nullable
    KeyFacts newestKnown() {
        Look look = last;
        return look == null ? null : look.newest();
    }

    /**
     * The one that wraps.
     *
     * @throws KeyNotFoundException if the token has none
     */
    KeyFacts newest(Cryptoki cryptoki, long session) throws CryptokiException {
        Look look = last;
        if (look == null || isStale(look) || time.nanoTime() - look.at() >= NEWEST_FOR_NANOS) {
            look = look(cryptoki, session);
        }
        return demanded(look);
    }

    /** As {@link #newest}, looked up anew. */
    KeyFacts newestNow(Cryptoki cryptoki, long session) throws CryptokiException {
        return demanded(look(cryptoki, session));
    }

    /** How many there are, after a look. */
    int count() {
        Look look = last;
        return look == null ? 0 : look.versions().size();
    }

    /**
     * The version of that id; null if there is none and never was, as far as this process knows.
     *
     * @throws KeyNotFoundException if it was there and is no more, or the token has none at all
     */
    @Nullable
    KeyFacts version(Cryptoki cryptoki, long session, byte[] id) throws CryptokiException {
        Look look = last;
        KeyFacts found = look == null || isStale(look) ? null : find(look.versions(), id);
        if (found != null) {
            return found;
        }
        // Another process may have made it a moment ago, so each unknown one costs a look; the engine bounds how many.
        look = look(cryptoki, session);
        found = find(look.versions(), id);
        if (found == null) {
            KeyFacts unused = demanded(look);
            if (wasSeen(id)) {
                throw new KeyNotFoundException(
                        "The version " + KeyId.shown(id) + " of the key " + name + " is not on the token.",
                        "It was there before, and was deleted.",
                        "What was sealed under it opens only from a copy of the token that still has it.");
            }
        }
        return found;
    }

    /** That nothing was there is not kept: it ends what the key gave, and the key may be back. */
    private boolean isStale(Look look) {
        return look.versions().isEmpty() || look.era() != token.era();
    }

    private static @Nullable KeyFacts find(List<KeyFacts> versions, byte[] id) {
        for (KeyFacts version : versions) {
            if (Arrays.equals(version.id(), id)) {
                return version;
            }
        }
        return null;
    }

    private KeyFacts demanded(Look look) {
        KeyFacts newest = look.newest();
        if (newest == null) {
            throw new KeyNotFoundException(
                    "The key " + name + " is not on the token.",
                    "The token answered, and has no secret key of that label that this user sees.",
                    "Correct the label, or make the key by Pkcs11Keys.create, with the token's tool, or by:"
                            + " kms master-key bootstrap --create -m '" + name + "'");
        }
        return newest;
    }

    /** Looks; tells whether other versions are there than before. */
    boolean refresh(Cryptoki cryptoki, long session) throws CryptokiException {
        List<String> before = shownIds(last);
        return !shownIds(look(cryptoki, session)).equals(before);
    }

    private static List<String> shownIds(@Nullable Look look) {
        return look == null
                ? List.of()
                : look.versions().stream()
                        .map(version -> KeyId.shown(version.id()))
                        .toList();
    }

    private Look look(Cryptoki cryptoki, long session) throws CryptokiException {
        long era = token.era();
        long at = time.nanoTime();
        // Before and behind: who is logged out sees public keys alone, without an error, and another thread's login may
        // come in between.
        token.confirm(cryptoki, session);
        List<KeyFacts> versions = new ArrayList<>();
        for (long handle : cryptoki.find(session, uri.object())) {
            KeyFacts facts = facts(cryptoki, session, handle);
            if (facts != null && uri.pins(facts.id())) {
                versions.add(facts);
            }
        }
        token.confirm(cryptoki, session);
        demandConsistent(cryptoki, session, versions);
        demandDistinct(versions);
        versions.sort(Comparator.comparing(KeyFacts::id, KeyId.BY_AGE));
        Look look = new Look(era, at, List.copyOf(versions));
        synchronized (this) {
            versions.forEach(version -> seen.put(KeyId.shown(version.id()), version));
            Look known = last;
            if (known == null || look.at() - known.at() >= 0) { // a slow look does not undo a later one
                last = look;
            }
        }
        return look;
    }

    /** Null if it was deleted since it was found. */
    private static @Nullable KeyFacts facts(Cryptoki cryptoki, long session, long handle) throws CryptokiException {
        try {
            return cryptoki.facts(session, handle);
        } catch (CryptokiException e) {
            if (ReturnCode.CKR_OBJECT_HANDLE_INVALID.is(e)) {
                return null;
            }
            throw e;
        }
    }

    /**
     * That a key is not there ends what it gave, so it is believed only of a token that is there, sees us logged in, and
     * does not contradict itself by a version that it found before and still knows by its handle.
     */
    private void demandConsistent(Cryptoki cryptoki, long session, List<KeyFacts> found) throws CryptokiException {
        for (KeyFacts known : seen()) {
            if (find(found, known.id()) != null) {
                continue;
            }
            KeyFacts now = facts(cryptoki, session, known.handle());
            if (now != null && now.label().equals(known.label()) && Arrays.equals(now.id(), known.id())) {
                throw new UnavailableException(
                        "The token contradicts itself about the key " + name + ".",
                        "A search does not find it, and yet the version " + KeyId.shown(known.id()) + " is there.",
                        "Look at the token's storage and at its library's log; repeating may help.");
            }
        }
    }

    /** Of keys that others made there is no telling which is newer. */
    private void demandDistinct(List<KeyFacts> versions) {
        long foreign =
                versions.stream().filter(version -> !KeyId.isOurs(version.id())).count();
        if (foreign > 1) {
            throw new ConfigurationException(
                    "The key " + name + " is not one key.",
                    foreign + " secret keys have that label, and were not made by this library.",
                    "Give each another label, or add ';id=' and one's CKA_ID to the URI, as in ';id=%01'.");
        }
    }

    private synchronized List<KeyFacts> seen() {
        return List.copyOf(seen.values());
    }

    private synchronized boolean wasSeen(byte[] id) {
        return seen.containsKey(KeyId.shown(id));
    }
}
