package io.sealwright.kms.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.KeySpec;
import io.sealwright.kms.cli.doctor.Report.Line;
import io.sealwright.kms.error.KmsException;
import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.spi.StoreSchema;
import io.sealwright.kms.store.jdbc.JdbcKeyStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot be broken from outside: the clock, the disk, the folder of work. */
class DoctorCheckTest {
    private static final ToLongFunction<Path> ROOM = path -> 1L << 30;

    @TempDir
    Path home;

    private Path working;

    @BeforeEach
    void makeHome() throws Exception {
        working = Files.createDirectory(home.resolve("working"));
        try (KeyManager kms = KeyManager.embedded(home)) {
            kms.keys().create("orders", KeySpec.AES_256);
        }
    }

    private List<Line> findings(Clock clock, ToLongFunction<Path> room) {
        Patient.Opening opening = new Patient.Opening() {
            @Override
            public boolean hasStore() {
                return true;
            }

            @Override
            public @Nullable KmsException cutStore() {
                return null;
            }

            @Override
            public Optional<StoreSchema> schema() {
                return Optional.empty(); // a store that cannot tell
            }

            @Override
            public Patient.@Nullable Lost lost() {
                return null;
            }

            @Override
            public KeyManager masterKey() {
                return KeyManager.builder()
                        .home(home)
                        .masterKey("local://default")
                        .build();
            }

            @Override
            public KeyManager both() {
                return KeyManager.builder()
                        .home(home)
                        .masterKey("local://default")
                        .store(store())
                        .build();
            }

            @Override
            public NamedKeyStore store() {
                return JdbcKeyStore.sqlite(home.resolve("store.db"));
            }
        };
        Patient.Place place = new Patient.Place(
                Map.of(),
                home,
                home.resolve("local").resolve("default.key"),
                home.resolve("store.db"),
                home.resolve("store.db").toString(),
                working,
                "local://default",
                home.resolve("mark"),
                false,
                "",
                opening);
        try (Patient patient = new Patient(place, clock, room)) {
            return Doctor.examine(patient).lines().stream()
                    .filter(line -> line.kind() == Report.Kind.FINDING)
                    .toList();
        }
    }

    private List<Line> at(Instant now) {
        return findings(Clock.fixed(now, ZoneOffset.UTC), ROOM);
    }

    @Test
    void clock_beforeThisReleaseOrFarAhead_isTold() {
        for (String wrong : List.of("1970-01-01T00:00:10Z", "2025-12-31T00:00:00Z", "2101-01-01T00:00:00Z")) {
            assertThat(at(Instant.parse(wrong))).singleElement().satisfies(line -> {
                assertThat(line.subject()).isEqualTo("clock");
                assertThat(line.text()).contains(wrong).contains("cannot be");
                assertThat(line.command()).isEqualTo("sudo timedatectl set-ntp true");
            });
        }
        assertThat(at(Instant.now())).isEmpty();
    }

    @Test
    void clock_behindTheStoresRows_isTold() {
        List<Line> found = at(Instant.now().minus(Duration.ofMinutes(20)));
        assertThat(found).allMatch(line -> line.subject().equals("clock"));
        assertThat(found).anySatisfy(line -> {
            assertThat(line.text()).contains("Keys were made later than now").contains("orders at");
            assertThat(line.command()).isEqualTo("sudo timedatectl set-ntp true");
        });
        assertThat(at(Instant.now().minus(Duration.ofMinutes(2)))).isEmpty();
    }

    @Test
    void disk_almostFull_isTold() {
        assertThat(findings(Clock.systemUTC(), path -> 10L << 20))
                .singleElement()
                .satisfies(line -> {
                    assertThat(line.subject()).isEqualTo("disk");
                    assertThat(line.text()).contains("10 MiB are free at " + home);
                    assertThat(line.advice()).contains("du -xh '" + home + "'");
                });
        assertThat(findings(Clock.systemUTC(), ROOM)).isEmpty();
    }

    @Test
    void leftOvers_partialFileInTheFolderOfWork_isTold() throws Exception {
        Path partial = Files.writeString(working.resolve(".a.sealed.kms-partial"), "half");
        assertThat(findings(Clock.systemUTC(), ROOM)).singleElement().satisfies(line -> {
            assertThat(line.subject()).isEqualTo("left-overs");
            assertThat(line.command()).isEqualTo("rm -- '" + partial + "'");
        });
    }

    @Test
    void word_quotesWhateverStandsInIt() throws Exception {
        for (String name : List.of("a b", "it's", "$HOME `id`", "a\"b", "-rf")) {
            Process process = new ProcessBuilder("sh", "-c", "printf %s " + Shell.word(Path.of(name))).start();
            String word = new String(process.getInputStream().readAllBytes());
            assertThat(word).isEqualTo(name.startsWith("-") ? "./" + name : name);
        }
    }
}
