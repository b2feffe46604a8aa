package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.error.MalformedMessageException;

/**
 * What is sealed in a backup, big-endian: layout (1 byte), made at (8, milliseconds since 1970), the store's own key's
 * record behind its length (4; 0: the store had none); then for each key a 1 (1), its name behind its length (1), its
 * generation (8), its sealed manifest behind its length (4), the number of its rows (4), and for each row its number (4),
 * id (16) and wraps behind their length (4); at the end a 0 (1) and the number of keys (8). Rows are as they lie in the
 * store, so material is wrapped twice: by the master keys, and in the backup's own message.
 *
 * <p>Layout 1 is a backup, in which every key was verified. Layout 2 is the copy of a store that a restore takes before it
 * changes it, and may have keys that begin with a 2 instead of a 1: those were damaged, and stand there as far as they could
 * be read, for whoever looks into them. A restore leaves them out.
 */
final class BackupFormat {
    static final int LAYOUT = 1;
    static final int LAYOUT_OF_COPIES = 2;
    static final int KEY = 1;
    static final int DAMAGED_KEY = 2;
    static final int END = 0;
    static final int MOST_ROWS = 1_000_000;

    private BackupFormat() {}

    static MalformedMessageException malformed(String why) {
        return new MalformedMessageException(
                "The backup is refused.", why, "Take another backup, or the release that made this one.");
    }
}
