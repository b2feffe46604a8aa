package io.sealwright.kms.core.namedkey;

import io.sealwright.kms.KeyOptions;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.KeyState;
import io.sealwright.kms.spi.TimeSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The bytes of a manifest before its tag, big-endian.
 *
 * <table>
 * <caption>Layout</caption>
 * <tr><th>bytes</th><th>what</th></tr>
 * <tr><td>1</td><td>layout: 1, or 2 for a key that is rotated by itself</td></tr>
 * <tr><td>8</td><td>generation, 1 or more</td></tr>
 * <tr><td>1, n</td><td>name behind its length, ASCII</td></tr>
 * <tr><td>1</td><td>spec's number</td></tr>
 * <tr><td>8</td><td>made at, milliseconds since 1970</td></tr>
 * <tr><td>8, layout 2 only</td><td>rotated every so many milliseconds, an hour to 3650 days</td></tr>
 * <tr><td>4</td><td>number of versions, 1 to 65,535</td></tr>
 * <tr><td>54 each</td><td>number (4), id (16), state (1), made at (8), active from (8), has a date of destruction (1),
 * that date or zero (8), key check (8)</td></tr>
 * </table>
 *
 * <p>A release that does not know layout 2 refuses it, rather than write the key back without its schedule. A version
 * that has a date of destruction and is not destroyed awaits it, and is deactivated or compromised.
 */
final class Manifest {
    static final int MOST_VERSIONS = 65_535;

    private static final int PLAIN = 1;
    private static final int ROTATED = 2;
    private static final int VERSION_BYTES = 54;
    // The end of the year 9999: later ones have no four-digit ISO form.
    private static final long LAST_MILLIS = 253_402_300_799_999L;

    private Manifest() {}

    static byte[] encode(KeyRecord key) {
        byte[] name = key.name().getBytes(StandardCharsets.US_ASCII);
        Duration every = key.rotateEvery();
        ByteBuffer out = ByteBuffer.allocate(1
                + 8
                + 1
                + name.length
                + 1
                + 8
                + (every == null ? 0 : 8)
                + 4
                + key.versions().size() * VERSION_BYTES);
        out.put((byte) (every == null ? PLAIN : ROTATED)).putLong(key.generation());
        out.put((byte) name.length).put(name);
        out.put((byte) key.spec().id()).putLong(key.createdAt().toEpochMilli());
        if (every != null) {
            out.putLong(every.toMillis());
        }
        out.putInt(key.versions().size());
        for (VersionRecord version : key.versions()) {
            Instant destroyAt = version.destroyAt();
            out.putInt(version.number()).put(version.id().bytes());
            out.put((byte) version.state().id());
            out.putLong(version.createdAt().toEpochMilli());
            out.putLong(version.activeFrom().toEpochMilli());
            out.put((byte) (destroyAt == null ? 0 : 1));
            out.putLong(destroyAt == null ? 0 : destroyAt.toEpochMilli());
            out.putLong(version.check());
        }
        return out.array();
    }

    /** Reads one. The bytes have been authenticated; still nothing is taken on trust. */
    static KeyRecord decode(String subject, byte[] body) {
        RowReader in = new RowReader(subject, body);
        int layout = in.u8();
        if (layout != PLAIN && layout != ROTATED) {
            throw in.damaged("Its manifest has layout " + layout + ", which this release does not know.");
        }
        long generation = in.i64();
        if (generation < 1) {
            throw in.damaged("Its manifest has no valid generation.");
        }
        String name = new String(in.bytes(in.u8()), StandardCharsets.US_ASCII);
        if (!KeyNames.valid(name)) {
            throw in.damaged("Its manifest has no valid name.");
        }
        KeySpec spec = spec(in);
        Instant createdAt = instant(in);
        Duration every = layout == ROTATED ? period(in) : null;
        int count = in.i32();
        if (count < 1 || count > MOST_VERSIONS || in.remaining() != (long) count * VERSION_BYTES) {
            throw in.damaged("Its manifest's length does not fit its number of versions.");
        }
        List<VersionRecord> versions = new ArrayList<>(count);
        Set<VersionId> ids = new HashSet<>();
        for (int number = 1; number <= count; number++) {
            VersionRecord version = version(in);
            if (version.number() != number || !ids.add(version.id())) {
                throw in.damaged("Its manifest's versions are out of order, or two have one id.");
            }
            versions.add(version);
        }
        in.end();
        return new KeyRecord(name, spec, createdAt, every, generation, versions);
    }

    private static VersionRecord version(RowReader in) {
        int number = in.i32();
        VersionId id = VersionId.of(in.bytes(VersionId.BYTES));
        KeyState state = state(in);
        Instant createdAt = instant(in);
        Instant activeFrom = instant(in);
        int dated = in.u8();
        Instant destroyAt = instant(in);
        if (dated > 1 || dated == 0 && destroyAt.toEpochMilli() != 0 || dated == 0 && state == KeyState.DESTROYED) {
            throw in.damaged("Its manifest has a version without a valid date of destruction.");
        }
        if (dated == 1 && (state == KeyState.PRE_ACTIVE || state == KeyState.ACTIVE)) {
            throw in.damaged("Its manifest has a version that is to be destroyed and seals.");
        }
        return new VersionRecord(number, id, state, createdAt, activeFrom, dated == 0 ? null : destroyAt, in.i64());
    }

    private static Duration period(RowReader in) {
        long millis = in.i64();
        if (millis < KeyOptions.SHORTEST_ROTATION.toMillis() || millis > KeyOptions.LONGEST_ROTATION.toMillis()) {
            throw in.damaged("Its manifest has no valid period of rotation.");
        }
        return Duration.ofMillis(millis);
    }

    private static KeySpec spec(RowReader in) {
        int id = in.u8();
        for (KeySpec spec : KeySpec.values()) {
            if (spec.id() == id) {
                return spec;
            }
        }
        throw in.damaged("Its manifest has spec " + id + ", which this release does not know.");
    }

    private static KeyState state(RowReader in) {
        int id = in.u8();
        for (KeyState state : KeyState.values()) {
            if (state.id() == id) {
                return state;
            }
        }
        throw in.damaged("Its manifest has a version in state " + id + ", which this release does not know.");
    }

    private static Instant instant(RowReader in) {
        long millis = in.i64();
        if (millis < 0 || millis > LAST_MILLIS) {
            throw in.damaged("Its manifest has a date out of range.");
        }
        return Instant.ofEpochMilli(millis);
    }

    /** The present in whole milliseconds, as manifests hold it. */
    static Instant present(TimeSource time) {
        return time.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /** In whole milliseconds and never earlier, so that nothing happens before its time. */
    static Instant roundedUp(Instant instant, String what) {
        if (instant.isAfter(Instant.ofEpochMilli(LAST_MILLIS))) {
            throw new IllegalArgumentException(what + " must be before the year 10000, not " + instant);
        }
        Instant whole = instant.truncatedTo(ChronoUnit.MILLIS);
        return whole.equals(instant) ? whole : whole.plusMillis(1);
    }
}
