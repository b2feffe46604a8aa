package io.sealwright.kms.gcp;

import java.util.HashSet;
import java.util.Set;

/**
 * The numbers of a secret's versions that were destroyed, which is for good, so that they are not asked for each time. A secret that was
 * deleted and made anew counts from 1 again; therefore all is forgotten when the newest number falls, and at each tenth look.
 * Safe for concurrent use.
 */
final class DestroyedVersions {
    static final int LOOKS = 10;

    private final Set<Integer> numbers = new HashSet<>(); // guarded by this
    private int newest; // guarded by this
    private int looks; // guarded by this

    /** Begins a look; those that need not be asked for. */
    synchronized Set<Integer> look(int newestNow) {
        if (newestNow < newest || ++looks >= LOOKS) {
            numbers.clear();
            looks = 0;
        }
        newest = newestNow;
        return Set.copyOf(numbers);
    }

    synchronized void add(int number) {
        numbers.add(number);
    }
}
