package io.sealwright.kms.cli;

import io.sealwright.kms.migrate.replacement.PartialFile;
import io.sealwright.kms.migrate.replacement.Stamp;
import io.sealwright.kms.migrate.replacement.Successor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a command's bytes go: standard output, a device or pipe (both written in place), or a file. A file is written
 * beside its place under the name {@code .NAME.kms-partial}, mode 0600, synced, and only then named, so that the target
 * is never partial; the folder is synced as well. A symbolic link stays, and what it points to is replaced. The input itself
 * is replaced by a file that gives the same access ({@link Successor}), and only if nobody changed it meanwhile.
 */
final class Target implements AutoCloseable {
    private static final int MOST_LINKS = 40;

    private enum Kind {
        STANDARD_OUTPUT,
        IN_PLACE,
        FILE
    }

    private final Surroundings here;
    private final String name;
    private final Kind kind;
    private final Path path;
    private final Path partial;
    private final boolean replace;
    private final @Nullable Stamp replaced;
    private @Nullable Watched stream;
    private @Nullable FileChannel channel;
    private @Nullable Successor successor;
    private boolean done;

    private Target(Surroundings here, String name, Kind kind, Path path, boolean replace) {
        this(here, name, kind, path, replace, null);
    }

    private Target(Surroundings here, String name, Kind kind, Path path, boolean replace, @Nullable Stamp replaced) {
        this.here = here;
        this.name = name;
        this.kind = kind;
        this.path = path;
        this.partial = path.resolveSibling("." + path.getFileName() + ".kms-partial");
        this.replace = replace;
        this.replaced = replaced;
    }

    static Target standardOutput(Surroundings here) {
        return new Target(here, "standard output", Kind.STANDARD_OUTPUT, Path.of("-"), true);
    }

    /**
     * Checks that the file may be written; nothing is opened yet.
     *
     * @param source the input, or null if no file is read
     * @param force whether a file that is there may be replaced
     * @throws Failure if it is there, is the input, or is a folder
     */
    static Target file(Surroundings here, String name, @Nullable Source source, boolean force) {
        Path given = Failure.path(name);
        try {
            if (Files.isDirectory(given)) {
                throw new IOException("It is a folder.");
            }
            boolean exists = Files.exists(given);
            if (exists && !Files.isRegularFile(given)) {
                return new Target(here, name, Kind.IN_PLACE, given, true);
            }
            if (exists
                    && source != null
                    && source.isRegularFile()
                    && Files.isSameFile(given, Objects.requireNonNull(source.file()))) {
                throw new Failure(
                        Failure.Code.KMS_CLI_SAME_FILE,
                        "'" + name + "' is the input itself.",
                        "Input and output are one file, which would be lost.",
                        "Give another name with -o.");
            }
            if (exists && !force) {
                throw exists(name, null);
            }
            Path path = resolved(given);
            Path folder = path.toAbsolutePath().getParent();
            if (folder != null && Files.notExists(folder)) {
                throw new IOException("There is no folder '" + folder + "'.");
            }
            return new Target(here, name, Kind.FILE, path, force);
        } catch (IOException e) {
            throw Failure.writing(name, e);
        }
    }

    /** The input itself, to be replaced. */
    static Target inPlaceOf(Surroundings here, Source source, Path input) {
        try {
            return new Target(here, source.name(), Kind.FILE, resolved(input), true, source.stamp());
        } catch (IOException e) {
            throw Failure.writing(source.name(), e);
        }
    }

    boolean isStandardOutput() {
        return kind == Kind.STANDARD_OUTPUT;
    }

    /** Whether bytes once written are gone from our hands. */
    boolean isWrittenInPlace() {
        return kind != Kind.FILE;
    }

    String name() {
        return name;
    }

    /** How many bytes were written. */
    long written() {
        return stream == null ? 0 : stream.written;
    }

    /** Why writing failed, if it did: whoever called may have wrapped it. */
    @Nullable
    IOException failure() {
        return stream == null ? null : stream.failure;
    }

    /** Whether the reader of our pipe has gone. */
    boolean isBrokenPipe() {
        IOException failure = failure();
        if (failure == null || kind == Kind.FILE) {
            return false;
        }
        return String.valueOf(failure.getMessage()).contains("Broken pipe")
                || kind == Kind.STANDARD_OUTPUT && here.outIsPipe();
    }

    /** The error that {@code cause} is, with what is left. */
    Failure failure(IOException cause) {
        if (kind == Kind.FILE) {
            return Failure.writing(name, cause);
        }
        return new Failure(
                Failure.Code.KMS_CLI_OUTPUT,
                "'" + name + "' cannot be written.",
                Failure.reason(cause),
                "Check it and the room behind it; throw away the " + written() + " bytes already written.",
                cause);
    }

    /** Opens it; once. */
    OutputStream open() {
        try {
            stream = new Watched(
                    switch (kind) {
                        case STANDARD_OUTPUT -> here.out();
                        case IN_PLACE -> new FileOutputStream(path.toFile());
                        case FILE -> partial();
                    });
            return stream;
        } catch (IOException e) {
            throw Failure.writing(name, e);
        }
    }

    /**
     * Gives the file its name, with the permissions of {@code like} if that is a file, else for its owner alone.
     *
     * @throws Failure if that cannot be done; nothing is left behind
     */
    void finish(@Nullable Path like) {
        try {
            if (channel == null) {
                if (stream != null) {
                    stream.flush();
                }
                done = true;
                return;
            }
            if (successor == null && like != null && Files.isRegularFile(like) && OwnerOnly.isPosix(partial)) {
                takeMode(like);
            }
            channel.force(true);
            here.unfinished().name(partial, this::giveName);
            done = true;
            channel.close();
            syncFolder();
        } catch (FileAlreadyExistsException e) {
            throw exists(name, e);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** Removes what was not finished. */
    @Override
    public void close() {
        try {
            if (channel != null && !done) {
                here.unfinished().remove(partial);
                channel.close();
            } else if (kind == Kind.IN_PLACE && stream != null) {
                stream.close();
            }
        } catch (IOException e) {
            // What had to be synced was synced in finish().
        }
    }

    private OutputStream partial() throws IOException {
        try {
            channel = create();
        } catch (FileAlreadyExistsException e) {
            PartialFile.removeStale(partial);
            channel = create();
        }
        return Channels.newOutputStream(channel);
    }

    private FileChannel create() throws IOException {
        Stamp before = replaced;
        if (before != null) {
            Unfinished files = here.unfinished();
            return files.make(partial, () -> {
                Successor made = Successor.of(path, partial, before, files::stopped);
                successor = made;
                return made.channel();
            });
        }
        FileAttribute<?>[] mode = OwnerOnly.file(partial.toAbsolutePath().getParent());
        return here.unfinished().make(partial, () -> PartialFile.create(partial, mode));
    }

    /** Whoever may write in the folder could put a link to another file there, which must not get the mode. */
    private void takeMode(Path like) throws IOException {
        // Asked, since what the mode of a link itself can be differs: newer JDKs set one without an error.
        boolean own = Files.isRegularFile(partial, LinkOption.NOFOLLOW_LINKS)
                && Files.getAttribute(partial, "unix:nlink", LinkOption.NOFOLLOW_LINKS)
                        .equals(1);
        if (!own) {
            throw new IOException("Another program put a link, or a file of several names, in its place.");
        }
        Objects.requireNonNull(
                        Files.getFileAttributeView(partial, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS),
                        "posix")
                .setPermissions(Files.getPosixFilePermissions(like));
    }

    private void giveName() throws IOException {
        if (successor != null) {
            successor.demandCurrent();
        }
        if (!replace) {
            // A link fails where the name has come into being meanwhile, which a rename would replace.
            try {
                Files.createLink(path, partial);
                Files.delete(partial);
                return;
            } catch (FileAlreadyExistsException e) {
                throw e;
            } catch (IOException | UnsupportedOperationException e) {
                if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                    throw new FileAlreadyExistsException(path.toString());
                }
            }
        }
        Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private void syncFolder() {
        Path folder = path.toAbsolutePath().getParent();
        try (FileChannel open = FileChannel.open(folder, StandardOpenOption.READ)) {
            open.force(true);
        } catch (IOException e) {
            // Some systems cannot sync a folder; the file itself is synced and has its name.
        }
    }

    private static Path resolved(Path given) throws IOException {
        Path path = given;
        for (int i = 0; Files.isSymbolicLink(path); i++) {
            if (i == MOST_LINKS) {
                throw new IOException("Too many symbolic links.");
            }
            path = path.resolveSibling(Files.readSymbolicLink(path));
        }
        return path;
    }

    private static Failure exists(String name, @Nullable IOException cause) {
        return new Failure(
                Failure.Code.KMS_CLI_TARGET_EXISTS,
                "'" + name + "' exists.",
                "It would be replaced.",
                "Remove it, give another name with -o, or say --force where the command has it.",
                cause);
    }

    /** Counts, and remembers its own failure, so that it is not taken for one of the input. */
    private static final class Watched extends OutputStream {
        private final OutputStream to;
        private volatile long written;
        private volatile @Nullable IOException failure;

        Watched(OutputStream to) {
            this.to = to;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate") // one writer at a time, as for every stream
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                to.write(bytes, offset, length);
                written += length;
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public void flush() throws IOException {
            try {
                to.flush();
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            to.close();
        }
    }
}
