package io.sealwright.kms.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sealwright.kms.spi.NamedKeyStore;
import io.sealwright.kms.testbed.ChildJvm;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that start at the same moment where nothing is yet. */
class JdbcKeyStoreStartTest {
    @TempDir
    Path folder;

    @RepeatedTest(3)
    @Timeout(60)
    void open_fourProcessesAtOnce_makeOneStoreWithOneKey() throws Exception {
        Path home = folder.resolve("home");
        startFour(home.toString(), "jdbc:sqlite:" + home.resolve("store.db"));
    }

    @RepeatedTest(3)
    @Timeout(60)
    void openPostgres_fourProcessesAtOnce_makeOneStoreWithOneKey() throws Exception {
        String url = StoreKind.POSTGRESQL.fresh(folder);
        startFour(url, url);
    }

    private static void startFour(String place, String url) throws Exception {
        List<ChildJvm> children = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                children.add(new ChildJvm(StartChild.class, place, "child-" + i));
            }
            for (ChildJvm child : children) {
                assertThat(child.line()).isEqualTo("ready");
            }
            children.forEach(child -> child.tell(""));
            Set<String> answers = new HashSet<>();
            for (ChildJvm child : children) {
                answers.add(child.line());
                assertThat(child.exit()).isZero();
            }
            assertThat(answers).hasSize(1);
            try (NamedKeyStore store = StoreKind.open(url)) {
                String key = new String(store.storeKey().orElseThrow(), StandardCharsets.UTF_8);
                assertThat(answers).containsExactly("key " + key);
                assertThat(store.revision()).isEqualTo(1);
            }
        } finally {
            children.forEach(ChildJvm::close);
        }
    }
}
