package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.MasterKeys.Examined;
import io.sealwright.kms.MasterKeys.Problem;
import io.sealwright.kms.MasterKeys.Use;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts what is found while the wraps of a store are looked at. Safe for concurrent use. */
final class WrapSurvey {
    /** A version of a master key. */
    private record Version(String masterKey, String name, boolean newest) {}

    private final Map<Version, Integer> uses = new LinkedHashMap<>();
    private final List<Problem> problems = new ArrayList<>();
    private int keys;
    private int outdated;
    private int unknown;

    /** Looks at one key; what it throws is a problem of that key, unless the caller is to stop. */
    void examine(String subject, Runnable look) {
        try {
            look.run();
        } catch (CallInterruptedException | ClosedException e) {
            throw e;
        } catch (KmsException e) {
            key(true);
            problem(subject, e);
        }
    }

    /** One more key was looked at. */
    synchronized void key(boolean renewed) {
        keys++;
        outdated += renewed ? 0 : 1;
    }

    /** A wrap that the key made. */
    synchronized void use(MasterKey key, Recipient wrap) {
        uses.merge(new Version(key.uri(), key.versionOf(wrap), !key.isOutdated(wrap)), 1, Integer::sum);
    }

    /** A wrap that no configured key made. */
    synchronized void unknown() {
        unknown++;
    }

    synchronized void problem(String subject, KmsException error) {
        problems.add(new Problem(subject, error));
    }

    synchronized Examined examined() {
        List<Use> told = new ArrayList<>();
        uses.forEach(
                (version, wraps) -> told.add(new Use(version.masterKey(), version.name(), version.newest(), wraps)));
        return new Examined(keys, outdated, told, unknown, problems);
    }
}
