package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.MessageInfo.RecipientInfo;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.core.message.Header;
import io.sealwright.kms.core.namedkey.Opened.Source;
import io.sealwright.kms.core.passphrase.PassphraseRing;
import io.sealwright.kms.core.provider.FetchedKey;
import io.sealwright.kms.core.provider.FreshLooks;
import io.sealwright.kms.core.provider.NewestVersions;
import io.sealwright.kms.core.provider.Outages;
import io.sealwright.kms.core.provider.ProviderCalls;
import io.sealwright.kms.core.provider.ProviderCalls.Operation;
import io.sealwright.kms.core.provider.Standing;
import io.sealwright.kms.core.provider.Verdicts;
import io.sealwright.kms.error.AuthenticationFailedException;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.NoMatchingRecipientException;
import io.sealwright.kms.error.PermissionDeniedException;
import io.sealwright.kms.error.UnavailableException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.TimeSource;
import io.sealwright.kms.spi.WrapBinding;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Wraps stored material under every master key that wraps, and unwraps it with any that can. Blocks; for workers. */
final class MasterKeys {
    private final List<MasterKey> wrapping;
    private final List<MasterKey> opening;
    private final ProviderCalls calls;
    private final FreshLooks looks;
    private final NewestVersions newest;

    MasterKeys(List<MasterKey> wrapping, List<MasterKey> opening, ProviderCalls calls, TimeSource time) {
        this.wrapping = List.copyOf(wrapping);
        this.opening = List.copyOf(opening);
        this.calls = calls;
        this.looks = new FreshLooks(opening, calls, time);
        this.newest = new NewestVersions(calls, time);
        if (wrapping.size() > WrapList.MOST_WRAPS) {
            throw new IllegalArgumentException("at most " + WrapList.MOST_WRAPS + " master keys can wrap a stored key");
        }
    }

    boolean wraps() {
        return !wrapping.isEmpty();
    }

    /** Tells whether none of them is asked over the network. */
    boolean inProcess() {
        return opening.stream().allMatch(MasterKey::inProcess);
    }

    /** Has those that wrap learn their newest versions, so that what is outdated can be told. */
    void learnNewest() {
        wrapping.forEach(newest::learn);
    }

    /**
     * Wraps {@code material} under each. These wraps will be its only copies, so each is unwrapped again and compared:
     * what a provider got wrong is noticed before anything is sealed under the key, not years after.
     */
    List<Recipient> wrapAll(SecretBytes material, WrapBinding binding) {
        List<Recipient> wraps = new ArrayList<>(wrapping.size());
        for (MasterKey key : wrapping) {
            wraps.add(wrap(key, material, binding));
        }
        return wraps;
    }

    private Recipient wrap(MasterKey key, SecretBytes material, WrapBinding binding) {
        Recipient wrap = calls.invoke(key, Operation.WRAP, () -> key.wrap(material, binding));
        if (!key.recognizes(wrap) || !opensTo(material, key, wrap, binding)) {
            throw new UnavailableException(
                    "The new wrap was not stored.",
                    "Master key " + key.uri() + " does not unwrap what it wrapped.",
                    "Check the master key's provider; nothing was sealed under a new key, and nothing is lost.");
        }
        return wrap;
    }

    private boolean opensTo(SecretBytes material, MasterKey key, Recipient wrap, WrapBinding binding) {
        byte[] expected = material.copy();
        try (SecretBytes opened = calls.invoke(key, Operation.UNWRAP, () -> key.unwrap(wrap, binding))) {
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

    /**
     * The wraps as they should be: one by the newest version of each master key that wraps here, and those by keys that
     * are not known here. A new one is unwrapped and compared first, and so is one that was there, if nothing else
     * stands for the wraps that go.
     *
     * @return null if they are so already
     * @throws KmsException as {@link #unwrapAny} and {@link #wrapAll} do
     */
    @Nullable
    List<Recipient> renewed(StoredMaterial stored) {
        List<Recipient> wraps = stored.wraps();
        lookAfreshUnlessRecognized(opening, wraps);
        Map<MasterKey, Recipient> kept = newest(wraps);
        if (isRenewed(wraps, kept)) {
            return null;
        }
        try (SecretBytes material = unwrapAny(stored)) {
            // Some can tell only now: which passphrase a wrap is of shows by the key that is stretched from it.
            kept = newest(wraps);
            if (isRenewed(wraps, kept)) {
                return null;
            }
            boolean proven = kept.size() < wrapping.size();
            Set<Recipient> renewed = new LinkedHashSet<>();
            for (MasterKey key : wrapping) {
                Recipient there = kept.get(key);
                if (there != null && !proven) {
                    proven = opensTo(material, key, there, stored.binding());
                    there = proven ? there : null;
                }
                proven |= there == null;
                renewed.add(there != null ? there : wrap(key, material, stored.binding()));
            }
            renewed.addAll(unknown(wraps));
            return List.copyOf(renewed);
        }
    }

    /** Tells whether {@link #renewed} would change anything, or can tell only when it has unwrapped. Compares in memory only. */
    boolean isRenewed(List<Recipient> wraps) {
        return isRenewed(wraps, newest(wraps));
    }

    private boolean isRenewed(List<Recipient> wraps, Map<MasterKey, Recipient> newest) {
        Set<Recipient> stay = new HashSet<>(newest.values());
        stay.addAll(unknown(wraps));
        return newest.size() == wrapping.size() && stay.size() == wraps.size();
    }

    /** The wrap by the newest version of each master key that wraps here and has one. */
    private Map<MasterKey, Recipient> newest(List<Recipient> wraps) {
        Map<MasterKey, Recipient> newest = new LinkedHashMap<>();
        for (MasterKey key : wrapping) {
            wraps.stream()
                    .filter(wrap -> key.recognizes(wrap) && !key.isOutdated(wrap))
                    .findFirst()
                    .ifPresent(wrap -> newest.put(key, wrap));
        }
        return newest;
    }

    /** The wraps that no configured key made. */
    private List<Recipient> unknown(List<Recipient> wraps) {
        return wraps.stream()
                .filter(wrap -> opening.stream().noneMatch(key -> key.recognizes(wrap)))
                .toList();
    }

    /**
     * Unwraps with whichever master key can. Each wrap is tried with each key that recognizes it; a provider that
     * answers with other material counts as one that failed.
     *
     * @return the material, which the caller closes
     * @throws NoMatchingRecipientException if no key recognizes any wrap, or only passphrases do, and none opens one
     * @throws KmsException unavailable, overloaded, denied or what else the keys said, in this order; if all of them
     *     only said that the wraps do not open, the store is damaged
     */
    SecretBytes unwrapAny(StoredMaterial stored) {
        return unwrap(stored, null).material();
    }

    /**
     * As {@link #unwrapAny}, and tells which key did.
     *
     * @param before where the same material came from that is in memory, if it is: that one's answer is one to a check, and
     *     its definite no ends what it gave
     */
    Opened unwrap(StoredMaterial stored, @Nullable Source before) {
        List<Recipient> wraps = stored.wraps();
        // A key whose provider has to tell first what it is must not hold up one that knows.
        boolean known = opening.stream().anyMatch(key -> recognizesAny(key, wraps));
        lookAfreshUnlessRecognized(known ? secrets() : opening, wraps);
        KmsException worst = null;
        boolean tried = false;
        boolean damaged = false;
        for (Recipient wrap : wraps) {
            for (MasterKey key : opening) {
                if (!key.recognizes(wrap)) {
                    continue;
                }
                tried = true;
                String version = key.versionOf(wrap);
                boolean proven = Source.proven(before, key, version);
                try {
                    SecretBytes opened = calls.invoke(
                            key,
                            Operation.UNWRAP,
                            proven ? Standing.PROVEN : Standing.NEW,
                            () -> key.unwrap(wrap, stored.binding()));
                    if (accepts(opened, stored)) {
                        return new Opened(
                                opened,
                                new Source(key, version, stored.binding().context()));
                    }
                    damaged = true;
                } catch (CallInterruptedException e) {
                    throw e;
                } catch (AuthenticationFailedException e) {
                    // This wrap does not open; the next may.
                    damaged |= !PassphraseRing.isOne(wrap);
                } catch (KmsException e) {
                    if (proven && Verdicts.isDefiniteNo(e)) {
                        calls.verdicts()
                                .said(
                                        e,
                                        key,
                                        Operation.UNWRAP,
                                        version,
                                        stored.binding().context());
                    } else if (!proven) {
                        calls.verdicts()
                                .suspect(e, key, version, stored.binding().context());
                    }
                    worst = worst == null || rank(e) > rank(worst) ? e : worst;
                }
            }
        }
        if (worst != null) {
            throw worst;
        }
        if (tried && !damaged) {
            throw otherPassphrase(stored);
        }
        if (tried) {
            throw KeyErrors.corrupt(stored.subject(), "None of its wraps gives back the material that was stored.");
        }
        throw noMatch(stored);
    }

    /** Material that was just made and wrapped here. */
    Opened made(SecretBytes material, List<Recipient> wraps, WrapBinding binding) {
        MasterKey first = wrapping.get(0);
        return new Opened(material, new Source(first, first.versionOf(wraps.get(0)), binding.context()));
    }

    /** Material serves although there was no answer: tells whose. */
    void servesUnanswered(Source source) {
        calls.outages().serving(calls.silent(source.key()) ? source.key().uri() : Outages.STORE);
    }

    private static NoMatchingRecipientException noMatch(StoredMaterial stored) {
        return new NoMatchingRecipientException(
                "No configured key unwraps " + stored.subject() + ".",
                "It lies under "
                        + stored.wraps().stream().map(MasterKeys::told).collect(Collectors.joining(", "))
                        + ", and none of the configured master keys is among those.",
                "Configure the master key that the store was made with.");
    }

    /** Which passphrase a wrap is of cannot be seen: that it does not open proves no damage. */
    private static NoMatchingRecipientException otherPassphrase(StoredMaterial stored) {
        return new NoMatchingRecipientException(
                "No configured passphrase opens " + stored.subject() + ".",
                "It was put under another passphrase, or it was changed; the two cannot be told apart.",
                "Set the passphrase that the store was made with; after a rotation, the one of before beside it, as NAME_PREVIOUS."
                        + " Only if it is surely the right one: restore the store from a backup.");
    }

    private static String told(Recipient wrap) {
        RecipientInfo info = Header.info(wrap);
        return info.kind() + " " + info.id();
    }

    /** Has every key look for newer versions; those that fail keep what they know. Not for workers. */
    void lookAfresh() {
        looks.awaitTurn();
        boolean unused = calls.call("look for newer versions of the master keys", () -> {
            looks.forAll();
            return true;
        });
    }

    /** Opens each wrap that a configured key made, and writes down what came of it. */
    void examine(StoredMaterial stored, WrapSurvey survey) {
        lookAfreshUnlessRecognized(opening, stored.wraps());
        boolean known = false;
        for (Recipient wrap : stored.wraps()) {
            MasterKey key = opening.stream()
                    .filter(master -> master.recognizes(wrap))
                    .findFirst()
                    .orElse(null);
            if (key == null) {
                survey.unknown();
                continue;
            }
            known = true;
            try (SecretBytes opened = calls.invoke(key, Operation.UNWRAP, () -> key.unwrap(wrap, stored.binding()))) {
                if (!accepts(opened, stored)) {
                    survey.problem(stored.subject(), damaged(stored, key));
                }
            } catch (CallInterruptedException e) {
                throw e;
            } catch (AuthenticationFailedException e) {
                survey.problem(
                        stored.subject(), PassphraseRing.isOne(wrap) ? otherPassphrase(stored) : damaged(stored, key));
            } catch (KmsException e) {
                survey.problem(stored.subject(), e);
            } finally {
                survey.use(key, wrap); // now it can tell whether it is outdated
            }
        }
        if (!known) {
            survey.problem(stored.subject(), noMatch(stored));
        }
    }

    private static KmsException damaged(StoredMaterial stored, MasterKey key) {
        return KeyErrors.corrupt(
                stored.subject(), "Its wrap by " + key.uri() + " does not give back the material that was stored.");
    }

    /** The URI of the first configured key that recognizes one of the wraps, or an empty text. */
    String uriOf(List<Recipient> wraps) {
        for (Recipient wrap : wraps) {
            for (MasterKey key : opening) {
                if (key.recognizes(wrap)) {
                    return key.uri();
                }
            }
        }
        return "";
    }

    /** Another process may have rotated a master key since; what is stored here was wrapped by one of them, so wait. */
    private void lookAfreshUnlessRecognized(List<MasterKey> first, List<Recipient> wraps) {
        KmsException undecided = looks.resolveAll(first, wraps);
        if (opening.stream().noneMatch(key -> recognizesAny(key, wraps))) {
            looks.forNewer(wraps, true);
            if (undecided != null && opening.stream().noneMatch(key -> recognizesAny(key, wraps))) {
                throw undecided; // "no key matches" would be more than is known
            }
        }
    }

    private List<MasterKey> secrets() {
        return opening.stream().filter(FetchedKey.class::isInstance).toList();
    }

    private static boolean recognizesAny(MasterKey key, List<Recipient> wraps) {
        return wraps.stream().anyMatch(key::recognizes);
    }

    private static boolean accepts(SecretBytes opened, StoredMaterial stored) {
        boolean accepted = false;
        byte[] bytes = opened.copy();
        try {
            accepted = stored.fits(bytes);
        } finally {
            Arrays.fill(bytes, (byte) 0);
            if (!accepted) {
                opened.close();
            }
        }
        return accepted;
    }

    private static int rank(@Nullable KmsException e) {
        if (e instanceof PermissionDeniedException) {
            return 1;
        }
        return e != null && e.retryable() ? 2 : 0;
    }
}
