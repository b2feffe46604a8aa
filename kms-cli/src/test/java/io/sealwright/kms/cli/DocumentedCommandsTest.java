package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Blocks of the documentation that must not touch the store, or use the master key, that the variables of the reader name. */
class DocumentedCommandsTest extends FreshHome {
    private Path shared;
    private Path calls;

    @BeforeEach
    void makeSharedStore() throws Exception {
        shared = folder.resolve("shared.db");
        with().kms("key", "create", "orders").done();
        calls = folder.resolve("calls");
        Path bin = Files.createDirectory(folder.resolve("bin"));
        // Stands for the program: writes down with which variables and arguments it was called.
        Path kms = Files.writeString(
                bin.resolve("kms"),
                "#!/bin/sh\n{ env | grep '^KMS_[A-Z_]*=\\|^MASTER_ENCRYPTION_KEY=\\|^ENCRYPTION_KEY='; echo \"args=$*\"; } >> '"
                        + calls + "'\n");
        Files.setPosixFilePermissions(kms, PosixFilePermissions.fromString("rwx------"));
    }

    private Run with() {
        return here().with("KMS_STORE_URL", "jdbc:sqlite:" + shared);
    }

    /** The block that has the text, as it stands on the page. */
    private static String block(String page, String text) throws Exception {
        Matcher blocks = Pattern.compile("(?s)```sh\n(.*?)```").matcher(Files.readString(Path.of("../docs", page)));
        while (blocks.find()) {
            if (blocks.group(1).contains(text)) {
                return blocks.group(1);
            }
        }
        throw new AssertionError(page + " has no block with " + text);
    }

    /** What the program is called with by a shell in which everything is set that could lead it elsewhere. */
    private List<Map<String, String>> called(String block, String home) throws Exception {
        ProcessBuilder shell = new ProcessBuilder("sh", "-euc", block).directory(folder.toFile());
        Map<String, String> environment = shell.environment();
        environment.put("PATH", folder.resolve("bin") + ":" + environment.get("PATH"));
        environment.put("TMPDIR", folder.toString());
        environment.put("KMS_HOME", home);
        environment.put("KMS_STORE_URL", "jdbc:sqlite:" + shared);
        environment.put("KMS_PROVIDER", "env");
        environment.put("KMS_MASTER_KEY", "env://OTHER");
        environment.put("KMS_ALSO_WRAP_WITH", "env://OTHER");
        environment.put("KMS_ALSO_OPEN_WITH", "env://OTHER");
        environment.put("MASTER_ENCRYPTION_KEY", KEY);
        environment.put("ENCRYPTION_KEY", OTHER);
        Process process = shell.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        List<Map<String, String>> called = new ArrayList<>();
        Map<String, String> next = new TreeMap<>();
        for (String line : Files.readAllLines(calls)) {
            int equals = line.indexOf('=');
            next.put(line.substring(0, equals), line.substring(equals + 1));
            if (line.startsWith("args=")) {
                called.add(next);
                next = new TreeMap<>();
            }
        }
        return called;
    }

    @Test
    void masterKeys_versionInACopyOfTheKeyFile_leavesTheSharedStoreAlone() throws Exception {
        byte[] before = Files.readAllBytes(shared);
        Map<String, String> call = called(block("MASTER-KEYS.md", "copy=$(mktemp -d)"), home.toString())
                .get(0);
        Run run = Run.nowhere();
        call.forEach((name, value) -> {
            if (!name.equals("args")) {
                run.with(name, value);
            }
        });
        assertThat(run.kms((Object[]) call.get("args").split(" ")).done().out())
                .startsWith("master key local://default: made version ")
                .hasLineCount(1);
        assertThat(Files.readAllBytes(shared)).isEqualTo(before);
        with().kms("doctor").done();
    }

    @Test
    void backup_drill_asksTheRestoredStoreAlone() throws Exception {
        Files.copy(home.resolve("local").resolve("default.key"), folder.resolve("default.key.copy"));
        List<Map<String, String>> calls = called(
                block("BACKUP.md", "# the proof"), folder.resolve("drill").toString());
        assertThat(calls).hasSize(3);
        assertThat(calls)
                .allSatisfy(call -> assertThat(call).doesNotContainKey("KMS_STORE_URL"))
                .anySatisfy(call -> assertThat(call).containsEntry("args", "backup restore keys.backup"));
    }

    @Test
    void backup_courier_isMadeApartFromTheSharedStore() throws Exception {
        Matcher line = Pattern.compile("`(env [^`]*courier kms [^`]*)`")
                .matcher(Files.readString(Path.of("../docs/BACKUP.md")));
        assertThat(line.find()).isTrue();
        assertThat(called(line.group(1), home.toString()).get(0))
                .doesNotContainKeys("KMS_STORE_URL", "KMS_PROVIDER", "KMS_MASTER_KEY", "MASTER_ENCRYPTION_KEY");
    }
}
