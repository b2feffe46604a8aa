package io.sealwright.kms.spi;

/**
 * The version of a store's tables, beside the one that this release makes of them when it opens the store.
 *
 * @param found the store's; 0 if there are none yet
 * @param current this release's
 */
public record StoreSchema(int found, int current) {
    /** Whether opening the store leaves its tables as they are. */
    public boolean isCurrent() {
        return found == current;
    }
}
