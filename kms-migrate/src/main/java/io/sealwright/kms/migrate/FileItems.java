package io.sealwright.kms.migrate;

import io.sealwright.kms.MessageInfo;
import io.sealwright.kms.RewrapResult;
import io.sealwright.kms.error.CallInterruptedException;
import io.sealwright.kms.error.ClosedException;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.migrate.Mover.Known;
import io.sealwright.kms.migrate.Tally.Count;
import io.sealwright.kms.migrate.replacement.ChangedException;
import io.sealwright.kms.migrate.replacement.Stamp;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Files, and all files under folders; each is replaced as a whole, or stays as it was. */
final class FileItems implements Source<FileItems.Entry> {
    /** The longest header of the levels that can be re-wrapped, and a bit. */
    private static final int HEAD_BYTES = (64 << 10) + 64;

    /** Of every message, and of one as text. */
    private static final byte[] MAGIC = {(byte) 0x8B, 0x53, 0x4C, 0x57};

    private static final byte[] TOKEN = "i1NMV".getBytes(StandardCharsets.US_ASCII);

    /** Raw data is opened in memory. */
    private static final long MOST_RAW_BYTES = 64L << 20;

    private final List<Path> roots;
    private final List<String> places;
    private final FileWalk walk;
    private final Stop stop;
    private final Replacement.Disk disk;

    FileItems(List<Path> given, Stop stop) {
        this(given, stop, Replacement.Disk.REAL);
    }

    FileItems(List<Path> given, Stop stop, Replacement.Disk disk) {
        this.stop = stop;
        this.disk = disk;
        List<Path> found = new ArrayList<>();
        List<String> places = new ArrayList<>();
        for (Path path : given) {
            try {
                Path real = path.toRealPath();
                if (found.contains(real)) {
                    continue;
                }
                found.add(real);
                places.add(real + " " + folderKey(real));
            } catch (IOException e) {
                throw FileErrors.failed("'" + path + "' cannot be moved.", e);
            }
        }
        this.roots = List.copyOf(found);
        this.places = List.copyOf(places);
        this.walk = new FileWalk(roots);
    }

    /** Tells a folder from another one of the same name, as where a disk is mounted or not; a file is told by its folder, since it is replaced. */
    private static @Nullable Object folderKey(Path path) throws IOException {
        Path folder = Files.isDirectory(path) ? path : path.getParent();
        return folder == null
                ? null
                : Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
    }

    /** A file. */
    static final class Entry implements Item {
        private final FileWalk.Found found;

        Entry(FileWalk.Found found) {
            this.found = found;
        }

        @Override
        public String name() {
            return found.path().toString();
        }

        @Override
        public String position() {
            return found.position();
        }

        @Override
        public boolean mustBeMessage() {
            return found.given() || isHalfSealed(message());
        }

        /** Whether what is no message begins as one, or as a token. */
        static boolean isHalfSealed(byte @Nullable [] head) {
            return head != null && (starts(head, MAGIC) || starts(head, TOKEN));
        }

        private static boolean starts(byte[] head, byte[] with) {
            return head.length >= with.length && Arrays.equals(head, 0, with.length, with, 0, with.length);
        }

        @Override
        public byte @Nullable [] message() {
            try (InputStream in = open(found.path())) {
                return in.readNBytes(HEAD_BYTES);
            } catch (IOException e) {
                throw FileErrors.failed("'" + name() + "' cannot be read.", e);
            }
        }
    }

    /** Whoever may write in the folder could put a link in a file's place, to what only this process may read. */
    private static InputStream open(Path file) throws IOException {
        return Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS);
    }

    private static byte[] readAll(Path file) throws IOException {
        try (InputStream in = open(file)) {
            return in.readAllBytes();
        }
    }

    @Override
    public String identity() {
        return "files " + places;
    }

    @Override
    public List<Entry> page(@Nullable String after, int most) {
        try {
            walk.startBehind(after);
            List<Entry> entries = new ArrayList<>();
            while (entries.size() < most) {
                FileWalk.Found found = walk.next();
                if (found == null) {
                    break;
                }
                entries.add(new Entry(found));
            }
            return entries;
        } catch (IOException e) {
            throw FileErrors.failed("The files under " + roots + " cannot be listed.", e);
        }
    }

    @Override
    public long passedOver() {
        return walk.links();
    }

    @Override
    public boolean move(List<Entry> page, Mover mover, Tally tally) {
        Map<Entry, Boolean> settled = mover.atOnce(page, entry -> settled(entry, mover, tally));
        return !settled.containsValue(false);
    }

    /** False if the job is to end: the file is as it was. */
    private boolean settled(Entry entry, Mover mover, Tally tally) {
        Backoff backoff = new Backoff(stop);
        for (int attempt = 1; ; attempt++) {
            if (stop.isRequested()) {
                return false;
            }
            try {
                if (moved(entry, mover, tally)) {
                    return true;
                }
                tally.one(Count.LOST);
                if (attempt == Backoff.MOST_ATTEMPTS) {
                    tally.failed(
                            entry.name(),
                            new StoreException(
                                    ErrorCode.KMS_STORE_CONFLICT,
                                    "The file was not moved.",
                                    "Another process wrote it, each time it was to be replaced.",
                                    "Start the migration again when the file is left alone."));
                    return true;
                }
            } catch (CallInterruptedException | ClosedException e) {
                throw e;
            } catch (KmsException e) {
                if (!e.retryable() || e instanceof StoreException || attempt == Backoff.MOST_ATTEMPTS) {
                    if (e instanceof StoreException && stop.isRequested()) {
                        return false; // it was given up
                    }
                    tally.failed(entry.name(), e);
                    return true;
                }
            }
            backoff.pause();
        }
    }

    /** Whether it is settled what became of the file; false if somebody else wrote it meanwhile. */
    private boolean moved(Entry entry, Mover mover, Tally tally) {
        Path file = entry.found.path();
        try {
            Stamp stamp = Stamp.of(file);
            byte[] head = entry.message();
            MessageInfo info = mover.info(head);
            if (head == null || info == null) {
                return converted(entry, stamp, head, mover, tally);
            }
            Known known = mover.plan(head, info);
            if (known.fate() == Known.Fate.LEAVE) {
                tally.one(Count.ALREADY);
                tally.found(known.keys());
                return true;
            }
            if (mover.dryRun()) {
                tally.one(mover.foreseen(info, known, entry.name()));
                tally.found(known.keys());
                count(stamp, tally);
                return true;
            }
            try (Replacement replacement = Replacement.of(file, stamp, stop)) {
                RewrapResult result = null;
                byte[] header = known.header();
                try (InputStream in = open(file)) {
                    if (header != null) {
                        in.skipNBytes(info.headerBytes());
                        replacement.output().write(header);
                        in.transferTo(replacement.output());
                    } else {
                        result = mover.rewrapping(in, entry.name()).to(replacement.output());
                    }
                }
                if (result != null && !result.changed()) {
                    mover.leave(head, info, known);
                    tally.one(Count.ALREADY);
                    tally.found(known.keys());
                    return true; // what was copied goes with the replacement
                }
                boolean anew = result != null && result.bodyEncryptedAnew();
                replacement.finish(disk);
                if (header == null && !anew) {
                    mover.learn(head, info, known, Objects.requireNonNull(new Entry(entry.found).message()));
                }
                tally.one(anew ? Count.ANEW : Count.MOVED);
                count(stamp, tally);
                tally.found(known.keys());
                return true;
            }
        } catch (ChangedException e) {
            return false;
        } catch (NoSuchFileException e) {
            tally.one(Count.VANISHED);
            return true;
        } catch (IOException e) {
            throw FileErrors.failed("'" + entry.name() + "' was not moved.", e);
        }
    }

    private boolean converted(Entry entry, Stamp stamp, byte @Nullable [] head, Mover mover, Tally tally)
            throws IOException {
        Path file = entry.found.path();
        if (!mover.convertsRaw() && Entry.isHalfSealed(head)) {
            throw new MalformedMessageException(
                    "The file is not moved.",
                    "It begins as a message or a token does, but is cut inside its header, or a token as text.",
                    "Put a copy back that is whole; move tokens by a program, with KeyManager.rewrap.");
        }
        if (!mover.convertsRaw() && !entry.found.given()) {
            tally.one(Count.SKIPPED);
            return true;
        }
        if (mover.convertsRaw() && stamp.bytes() > MOST_RAW_BYTES) {
            throw new MalformedMessageException(
                    "The file is too large to be raw data of an older system.",
                    "It has " + stamp.bytes() + " bytes; such data is opened in memory, up to " + MOST_RAW_BYTES + ".",
                    "Decrypt it with the old system, and encrypt it with: kms encrypt");
        }
        byte[] content = mover.converted(entry.name(), mover.convertsRaw() ? readAll(file) : new byte[0]);
        if (content == null) {
            tally.one(Count.CONVERTED);
            return true;
        }
        try (Replacement replacement = Replacement.of(file, stamp, stop)) {
            replacement.output().write(content);
            replacement.finish(disk);
            tally.one(Count.CONVERTED);
            count(stamp, tally);
            return true;
        }
    }

    private static void count(Stamp replaced, Tally tally) {
        if (replaced.names() > 1) {
            tally.one(Count.SEVERAL_NAMES);
        }
    }

    @Override
    public void close() {}
}
