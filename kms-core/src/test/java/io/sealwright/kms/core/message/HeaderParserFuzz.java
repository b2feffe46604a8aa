package io.sealwright.kms.core.message;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.sealwright.kms.EncryptionContext;
import io.sealwright.kms.MessageInfo.Form;
import io.sealwright.kms.SecurityLevel;
import io.sealwright.kms.Suite;
import io.sealwright.kms.error.MalformedMessageException;
import io.sealwright.kms.error.UnsupportedMessageException;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.testkit.proof.Proof;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Headers at random, and headers changed at random. Size: {@code -Dkms.proof}, 0.01 by default. */
class HeaderParserFuzz {
    private static final int HEADERS_OF_THE_WHOLE_PROOF = 20_000_000;
    private static final int RECIPIENTS = Format.CONTEXT_OFFSET + Format.SALT_BYTES + 2 + Format.COMMITMENT_BYTES;

    private final List<byte[]> seeds = seeds();

    private enum Answer {
        HEADER,
        MORE,
        MALFORMED,
        UNSUPPORTED
    }

    @Test
    void parse_randomAndMutatedHeaders_givesAHeaderOrOneOfTwoErrors() {
        int count = Proof.of(HEADERS_OF_THE_WHOLE_PROOF, 50_000);
        Random random = new Random(20260101);
        int[] answers = new int[Answer.values().length];
        for (long i = 0; i < count; i++) {
            byte[] header = i % 8 == 0 ? random(random) : mutated(random);
            int from = random.nextInt(4);
            byte[] in = new byte[from + header.length];
            System.arraycopy(header, 0, in, from, header.length);
            try {
                answers[check(in, from).ordinal()]++;
            } catch (Throwable e) {
                throw new AssertionError(
                        "header " + i + ": " + java.util.HexFormat.of().formatHex(header), e);
            }
        }
        // All four happen, or the input was not worth the name.
        for (int answer : answers) {
            assertThat(answer).isGreaterThan(count / 1000);
        }
    }

    private static Answer check(byte[] in, int from) {
        Answer answer;
        try {
            Header header = HeaderParser.tryParse(in, from, in.length);
            if (header == null) {
                answer = Answer.MORE;
            } else {
                answer = Answer.HEADER;
                assertThat(header.length()).isBetween(Format.MIN_HEADER_BYTES, in.length - from);
                assertThat(header.bytes()).isEqualTo(Arrays.copyOfRange(in, from, from + header.length()));
                assertThat(header.info().headerBytes()).isEqualTo(header.length());
            }
        } catch (MalformedMessageException e) {
            answer = Answer.MALFORMED;
        } catch (UnsupportedMessageException e) {
            answer = Answer.UNSUPPORTED;
        }
        // The short way to the cache reads unchecked bytes: within the message, whatever they say.
        int commitment = HeaderParser.commitmentOffset(in, from, in.length);
        if (commitment >= 0) {
            HeaderParser.fingerprint(in, commitment);
            assertThat(commitment).isBetween(from, in.length - Format.COMMITMENT_BYTES);
        }
        HeaderParser.looksClear(in, from, in.length);
        return answer;
    }

    private static byte[] random(Random random) {
        byte[] header = new byte[random.nextInt(300)];
        random.nextBytes(header);
        int good = Math.min(header.length, random.nextInt(10));
        byte[] start = {(byte) 0x8B, 'S', 'L', 'W', 1, 1, 1, (byte) (1 + random.nextInt(5)), 0, 0};
        System.arraycopy(start, 0, header, 0, good);
        return header;
    }

    private byte[] mutated(Random random) {
        byte[] header = seeds.get(random.nextInt(seeds.size())).clone();
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            int at = random.nextInt(Math.min(header.length, random.nextInt(8) == 0 ? Integer.MAX_VALUE : 220));
            switch (random.nextInt(5)) {
                case 0 -> header[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> header[at] = (byte) (random.nextBoolean() ? 0xFF : 0);
                case 2 -> header[at] += (byte) (random.nextBoolean() ? 1 : -1);
                case 3 -> header = Arrays.copyOf(header, random.nextInt(header.length) + 1);
                default -> {
                    byte[] other = seeds.get(random.nextInt(seeds.size()));
                    int length = Math.min(random.nextInt(40), Math.min(header.length, other.length) - 1);
                    System.arraycopy(other, other.length - length, header, header.length - length, length);
                }
            }
        }
        return header;
    }

    @Test
    void tryParse_enoughBytes_neverAsksForMore() {
        Random random = new Random(7);
        byte[] filled = new byte[1 << 20];
        for (int i = 0; i < 3000; i++) {
            byte[] start = mutated(random);
            Arrays.fill(filled, (byte) (i % 3 == 0 ? 0 : i % 3 == 1 ? 0xFF : 1));
            System.arraycopy(start, 0, filled, 0, Math.min(start.length, filled.length));
            boolean pads = filled[Format.FORM_OFFSET] == Format.formId(Form.PADS);
            int enough = pads ? 1 << 20 : Format.MAX_HEADER_BYTES;
            try {
                assertThat(HeaderParser.tryParse(filled, 0, enough)).isNotNull();
            } catch (MalformedMessageException | UnsupportedMessageException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }

    @Test
    void tryParse_claimsOfGigabytes_areRefusedBeforeAnyoneWaits() {
        byte[] pads = pads(1);
        Arrays.fill(pads, pads.length - 20, pads.length - 16, (byte) 0xFF);
        assertThatThrownBy(() -> HeaderParser.tryParse(pads, 0, pads.length))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("over the limit");
        byte[] context = seeds.get(0).clone();
        context[Format.CONTEXT_LENGTH_OFFSET] = (byte) 0xFF;
        assertThatThrownBy(() -> HeaderParser.tryParse(context, 0, context.length))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("context is over the limit of 8192");
        // Two extensions of 64 KiB - 1 each can never fit a header of 64 KiB.
        byte[] extensions = Arrays.copyOf(seeds.get(0), Format.CONTEXT_OFFSET + Format.SALT_BYTES + 5);
        int at = Format.CONTEXT_OFFSET + Format.SALT_BYTES;
        System.arraycopy(new byte[] {1, 0, 7, (byte) 0xFF, (byte) 0xFF}, 0, extensions, at, 5);
        assertThatThrownBy(() -> HeaderParser.tryParse(extensions, 0, extensions.length))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("over the limit of 65536");
    }

    @Test
    void parse_recipientOfAPublicKeyWithoutTheFlag_isMalformed() {
        for (int kind : new int[] {16, 17, 18}) {
            byte[] header = envelope(1, List.of(new Recipient(kind, new byte[4], new byte[72])));
            assertThatThrownBy(() -> HeaderParser.parse(header, 0, header.length))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("public key");
            header[Format.FLAGS_OFFSET + 1] = 1;
            assertThat(HeaderParser.parse(header, 0, header.length).isPublic()).isTrue();
        }
        byte[] none = seeds.get(0).clone();
        none[RECIPIENTS] = 0;
        assertThatThrownBy(() -> HeaderParser.parse(none, 0, none.length))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("zero");
    }

    @Test
    void parse_claimedLengths_allocateNoMoreThanWhatIsThere() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assertThat(threads.isThreadAllocatedMemorySupported()).isTrue();
        Random random = new Random(3);
        long worst = 0;
        for (int i = 0; i < 30_000; i++) {
            byte[] header = random(random);
            if (i % 2 == 0) {
                // Everything behind the fixed part claims the most it can.
                Arrays.fill(header, Math.min(header.length, 10 + random.nextInt(60)), header.length, (byte) 0xFF);
            }
            if (i < 5_000) {
                quietly(header); // classes and error paths are loaded
                continue;
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            quietly(header);
            worst = Math.max(worst, threads.getCurrentThreadAllocatedBytes() - before);
        }
        // An exception with its texts and trace, a context's pairs: some kilobytes, far from any claim.
        assertThat(worst).isLessThan(60_000);
    }

    private static void quietly(byte[] header) {
        try {
            HeaderParser.tryParse(header, 0, header.length);
        } catch (MalformedMessageException | UnsupportedMessageException e) {
            assertThat(e.code()).isNotNull();
        }
    }

    @Test
    void read_streamOfGarbageWithoutEnd_stopsAtTheLimit() throws IOException {
        for (byte[] seed : seeds) {
            // A header that goes on until its limit, then more: no more than twice the limit is ever read.
            byte[] whole = Arrays.copyOf(seed, 4 << 20);
            Arrays.fill(whole, Math.max(0, seed.length - 33), whole.length, (byte) 0xFF);
            ByteArrayInputStream in = new ByteArrayInputStream(whole);
            try {
                assertThat(HeaderReader.read(in).header().length()).isLessThanOrEqualTo(1 << 20);
            } catch (MalformedMessageException | UnsupportedMessageException e) {
                assertThat(whole.length - in.available()).isLessThanOrEqualTo(2 << 20);
            }
        }
        assertThatThrownBy(() -> HeaderReader.read(new ByteArrayInputStream(new byte[0])))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("empty");
    }

    // ---- headers to begin with

    private static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        seeds.add(envelope(1, List.of(new Recipient(1, new byte[24], new byte[72]))));
        seeds.add(envelope(
                3,
                List.of(
                        new Recipient(2, new byte[24], new byte[72]),
                        new Recipient(4, new byte[75], new byte[184]),
                        new Recipient(200, new byte[1], new byte[1]))));
        byte[] salt = new byte[Format.SALT_BYTES];
        EncryptionContext context = EncryptionContext.of(Map.of("tenant", "acme", "\u00E4\uD83D\uDD11", ""));
        byte[] direct = HeaderWriter.direct(Suite.XAES_256_GCM, SecurityLevel.STANDARD, context, salt, new byte[16]);
        seeds.add(HeaderWriter.join(direct, new byte[Format.COMMITMENT_BYTES]));
        seeds.add(HeaderWriter.clear(EncryptionContext.empty()));
        seeds.add(HeaderWriter.clear(context));
        seeds.add(sources());
        seeds.add(pads(3));
        List<Recipient> many = new ArrayList<>();
        for (int i = 0; i < 64; i++) {
            many.add(new Recipient(1 + i % 7, new byte[] {(byte) i}, new byte[40]));
        }
        seeds.add(envelope(64, many));
        return seeds;
    }

    private static byte[] envelope(int wanted, List<Recipient> recipients) {
        byte[] immutable = HeaderWriter.envelope(
                Suite.AES_256_GCM, SecurityLevel.STANDARD, EncryptionContext.empty(), new byte[Format.SALT_BYTES]);
        return HeaderWriter.join(
                HeaderWriter.withRecipients(immutable, new byte[Format.COMMITMENT_BYTES], wanted, recipients),
                new byte[Format.MAC_BYTES]);
    }

    private static ByteArrayOutputStream fixed(int suite, int level, Form form) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(Format.MAGIC);
        out.writeBytes(new byte[] {1, (byte) suite, (byte) level, (byte) Format.formId(form), 0, 0, 0, 0});
        return out;
    }

    /** Two sources and a data key with one recipient. */
    private static byte[] sources() {
        ByteArrayOutputStream out = fixed(1, 2, Form.SOURCES);
        out.writeBytes(new byte[Format.SALT_BYTES]);
        out.writeBytes(new byte[] {1, 0, 9, 0, 2, 7, 7, 0, 3, 2});
        out.writeBytes(new byte[2 * Format.KEY_ID_BYTES + Format.COMMITMENT_BYTES]);
        out.writeBytes(new byte[] {1, 1, 1, 0, 2, 5, 5, 0, 3, 6, 6, 6});
        out.writeBytes(new byte[Format.MAC_BYTES]);
        return out.toByteArray();
    }

    private static byte[] pads(int count) {
        ByteArrayOutputStream out = fixed(5, 3, Form.PADS);
        out.writeBytes(new byte[] {0, 0, 0, 3, 'a', ':', 'b', 1, 0, 0, 0, (byte) count});
        out.writeBytes(new byte[16 * count]);
        return out.toByteArray();
    }
}
