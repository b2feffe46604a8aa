package io.sealwright.kms.benchmarks;

import static io.sealwright.kms.benchmarks.Fixture.AAD;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_NAME;
import static io.sealwright.kms.benchmarks.Fixture.CONTEXT_VALUE;

import java.io.PrintStream;

/** Prints what a message's header and body add to its plaintext, so that a result array can be told from garbage. */
final class Lengths {
    private Lengths() {}

    public static void main(String[] args) {
        PrintStream out = System.out;
        try (Fixture fixture = new Fixture(Fixture.LASTING)) {
            var envelope =
                    fixture.kms.sealer().context(CONTEXT_NAME, CONTEXT_VALUE).build();
            var direct = fixture.kms
                    .sealer()
                    .key(Fixture.KEY)
                    .direct()
                    .context(CONTEXT_NAME, CONTEXT_VALUE)
                    .build();
            byte[] plaintext = Fixture.bytes(64);
            out.println("envelope " + (envelope.seal(plaintext, AAD).length - plaintext.length));
            out.println("direct " + (direct.seal(plaintext, AAD).length - plaintext.length));
        }
    }
}
