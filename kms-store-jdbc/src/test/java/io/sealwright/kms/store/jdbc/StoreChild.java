package io.sealwright.kms.store.jdbc;

import io.sealwright.kms.spi.KeyChange;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoredKey;
import io.sealwright.kms.spi.StoredVersion;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Changes keys without end, and says on a pipe before and after each change what it does; killed by the test.
 *
 * <p>A manifest lists the versions with the hashes of their wraps, so that whoever reads it can tell a half change.
 */
final class StoreChild {
    static final String SHARED = "shared";
    private static final int OWN_KEYS = 3;
    private static final int MAX_VERSIONS = 5;

    private StoreChild() {}

    /** Arguments: URL, the child's name. Lines: {@code opening}, then {@code begin KEY GENERATION} and {@code done}. */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println("opening");
        Random random = new Random(ProcessHandle.current().pid());
        try (NamedKeyStore store = StoreKind.open(arguments[0])) {
            store.initialise(arguments[1].getBytes(StandardCharsets.UTF_8));
            out.println("open");
            while (true) {
                int which = random.nextInt(OWN_KEYS + 1);
                String name = which == OWN_KEYS ? SHARED : arguments[1] + "-" + which;
                KeyChange change = next(store.find(name), name, random);
                out.println("begin " + name + " " + change.newGeneration());
                boolean applied = store.apply(change);
                out.println((applied ? "done " : "lost ") + name + " " + change.newGeneration());
            }
        }
    }

    /** Adds a version, replaces wraps, erases some, or only changes the manifest. */
    private static KeyChange next(Optional<StoredKey> found, String name, Random random) {
        List<StoredVersion> versions =
                new ArrayList<>(found.map(StoredKey::versions).orElse(List.of()));
        long generation = found.map(StoredKey::generation).orElse(0L);
        int highest = versions.isEmpty() ? 0 : versions.get(versions.size() - 1).number();
        List<StoredVersion> put = new ArrayList<>();
        List<Integer> erase = new ArrayList<>();
        int choice = random.nextInt(4);
        if (versions.size() > MAX_VERSIONS) {
            while (versions.size() > 2) {
                erase.add(versions.remove(0).number());
            }
        } else if (choice == 0 && !versions.isEmpty()) {
            StoredVersion old = versions.remove(versions.size() - 1);
            put.add(new StoredVersion(old.number(), old.id(), random(random, 300)));
        } else if (choice != 1 || versions.isEmpty()) {
            byte[] id = ByteBuffer.wrap(random(random, 16))
                    .putLong(ProcessHandle.current().pid() ^ System.nanoTime())
                    .array();
            put.add(new StoredVersion(highest + 1, id, random(random, 5_000)));
        }
        versions.addAll(put);
        return new KeyChange(name, generation, generation + 1, manifest(generation + 1, versions), put, erase, null);
    }

    /** Padded to several pages, so that writing one takes several steps. */
    static byte[] manifest(long generation, List<StoredVersion> versions) {
        StringBuilder text = new StringBuilder("generation " + generation);
        for (StoredVersion version : versions) {
            text.append('\n').append(version.number()).append(' ');
            text.append(HexFormat.of().formatHex(version.id())).append(' ');
            text.append(HexFormat.of().formatHex(sha256(version.wraps())));
        }
        text.append("\n").append("0123456789abcde\n".repeat(1_000 + (int) (generation % 1_000)));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] random(Random random, int bytes) {
        byte[] result = new byte[bytes];
        random.nextBytes(result);
        return result;
    }
}
