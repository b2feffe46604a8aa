package io.sealwright.kms.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.KeyManager;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.migrate.MigrationReport.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What lies in a folder beside messages, and may hold sealed data all the same. */
@Timeout(120)
class FolderContentsTest extends MovedOrders {
    private Path data;
    private KeyManager app;

    @BeforeEach
    void data() throws IOException {
        data = Files.createDirectories(folder.toRealPath().resolve("data"));
        app = kms(b -> b.masterKey(from.twin()));
        Files.write(data.resolve("good"), app.encrypt("good").toBytes());
        Files.writeString(data.resolve("text"), "i1NM is how a token begins, but for one letter");
    }

    private MigrationReport moved() {
        return Migration.of(moving()).files(List.of(data)).run();
    }

    @Test
    void run_tokensAndCutHeaders_failInsteadOfBeingSkipped() throws Exception {
        byte[] message = app.encrypt("cut").toBytes();
        Path cut = Files.write(data.resolve("cut"), Arrays.copyOf(message, 60));
        Path token = Files.writeString(data.resolve("token"), app.encrypt("x").toToken() + "\n");
        byte[] before = Files.readAllBytes(token);
        MigrationReport dry =
                Migration.of(moving()).files(List.of(data)).dryRun().run();
        assertThat(dry.failures())
                .extracting(Failure::item)
                .containsExactlyInAnyOrder(cut.toString(), token.toString());
        MigrationReport report = moved();
        assertThat(report.moved()).isEqualTo(1);
        assertThat(report.skipped()).isEqualTo(1);
        assertThat(report.failures())
                .extracting(Failure::item)
                .containsExactlyInAnyOrder(cut.toString(), token.toString());
        assertThat(report.failures())
                .extracting(failure -> failure.error().code())
                .containsOnly(ErrorCode.KMS_MESSAGE_MALFORMED);
        assertThat(report.rawAfter()).isEqualTo(2);
        assertThat(report.clean()).isFalse();
        assertThat(report.retirable()).isEmpty();
        assertThat(token).hasBinaryContent(before);
        Files.delete(cut);
        Files.delete(token);
        assertThat(moved().clean()).isTrue();
    }

    @Test
    void run_links_areCountedOnce() throws Exception {
        Path elsewhere = Files.write(
                folder.resolve("elsewhere"), app.encrypt("elsewhere").toBytes());
        byte[] before = Files.readAllBytes(elsewhere);
        Files.createDirectory(data.resolve("zz"));
        Files.createSymbolicLink(data.resolve("link"), elsewhere);
        Files.createSymbolicLink(data.resolve("zz/folder"), folder);
        Files.createSymbolicLink(data.resolve("zz/last"), elsewhere);
        MigrationReport report =
                Migration.of(moving()).files(List.of(data)).batch(1).run();
        assertThat(report.links()).isEqualTo(3);
        assertThat(report.moved()).isEqualTo(1);
        assertThat(elsewhere).hasBinaryContent(before);
    }

    @Test
    void run_fileOfSeveralNames_isCounted_andKeepsItsOthers() throws Exception {
        Path other = Files.createLink(folder.resolve("other"), data.resolve("good"));
        byte[] before = Files.readAllBytes(other);
        assertThat(Migration.of(moving()).files(List.of(data)).dryRun().run().severalNames())
                .isEqualTo(1);
        MigrationReport report = moved();
        assertThat(report.severalNames()).isEqualTo(1);
        assertThat(report.moved()).isEqualTo(1);
        assertThat(other).hasBinaryContent(before);
        assertThat(moved().severalNames()).as("one name now").isZero();
    }

    @Test
    void run_pathsThatOverlap_eachFileHasOneTurn() throws Exception {
        Path deep = Files.createDirectories(data.resolve("a/b"));
        Path given = Files.write(deep.resolve("given"), app.encrypt("given").toBytes());
        Files.write(deep.resolve("found"), app.encrypt("found").toBytes());
        Path link = Files.createSymbolicLink(folder.resolve("link"), given);
        MigrationReport report = Migration.of(moving())
                .files(List.of(data, deep, given, link, data, data.resolve("text")))
                .batch(2)
                .run();
        assertThat(report.read()).as("good, given, found, text").isEqualTo(4);
        assertThat(report.moved()).isEqualTo(3);
        assertThat(report.lostRaces()).isZero();
        assertThat(report.failures())
                .as("given by its name, it must be a message, in whatever folder it lies")
                .extracting(Failure::item)
                .containsExactly(data.resolve("text").toString());
    }
}
