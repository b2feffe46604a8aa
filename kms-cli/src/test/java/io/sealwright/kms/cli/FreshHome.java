package io.sealwright.kms.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** What tests of commands begin with: a home in which nothing was made yet, and a file to seal. */
abstract class FreshHome {
    /** Two keys as a variable holds them. */
    static final String KEY = "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8";

    static final String OTHER = "A".repeat(43);

    @TempDir
    Path folder;

    Path home; // not there
    Path plain; // "attack at dawn"
    Path sealed; // where it is sealed if no other place is said; not there
    Path direct; // for a message that no key of the store sealed; not there

    @BeforeEach
    final void writePlain() throws Exception {
        home = folder.resolve("home");
        plain = Files.writeString(folder.resolve("a.txt"), "attack at dawn");
        sealed = folder.resolve("a.txt.sealed");
        direct = folder.resolve("direct");
    }

    /** A run at the home; a subclass may add what each of its runs needs. */
    Run here() {
        return Run.at(home);
    }

    final Run.Result kms(Object... args) {
        return here().kms(args);
    }

    final Run.Result done(Object... args) {
        return kms(args).done();
    }

    static String opened(Run run, Path message) {
        return run.kms("decrypt", message, "-o", "-").done().out();
    }
}
