package io.sealwright.kms.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Settings count in the order of docs/CONFIGURATION.md in the command line too: the system property before the variable. */
class SystemPropertyTest extends FreshHome {
    @AfterEach
    void clear() {
        for (String name : new String[] {"kms.home", "kms.store.url", "kms.master-key", "kms.provider"}) {
            System.clearProperty(name);
        }
    }

    @Test
    void encrypt_masterKeyByProperty_makesNoKeyFile() {
        System.setProperty("kms.master-key", "env://OWN");
        Run run = here().with("OWN", KEY);
        assertThat(run.kms("encrypt", plain).done().err()).contains("the master key env://OWN");
        assertThat(home.resolve("local")).doesNotExist();
        assertThat(run.kms("health").done().out()).contains("env://OWN");
    }

    @Test
    void encrypt_providerByProperty_makesNoKeyFile() {
        System.setProperty("kms.provider", "env");
        kms("encrypt", plain).refused("KMS_CONFIGURATION");
        assertThat(home).doesNotExist();
    }

    @Test
    void create_homeAndStoreByProperty_countBeforeTheVariables() {
        Path other = folder.resolve("other");
        Path store = folder.resolve("other.db");
        System.setProperty("kms.home", other.toString());
        System.setProperty("kms.store.url", "jdbc:sqlite:" + store);
        here().with("KMS_STORE_URL", "jdbc:sqlite:" + folder.resolve("variable.db"))
                .kms("key", "create", "orders")
                .done();
        assertThat(home).doesNotExist();
        assertThat(folder.resolve("variable.db")).doesNotExist();
        assertThat(store).isNotEmptyFile();
        assertThat(other.resolve("local").resolve("default.key")).exists();
    }
}
