package io.sealwright.kms.cli;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Lets text through to a terminal, and stops before the first piece with a control character: binary data, or a
 * sequence by which somebody else's text would command the terminal.
 */
final class TerminalGuard extends OutputStream {
    private final OutputStream terminal;
    private boolean afterC2;

    TerminalGuard(OutputStream terminal) {
        this.terminal = terminal;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int i = offset; i < offset + length; i++) {
            int b = bytes[i] & 0xff;
            boolean control = b < 0x20 && b != '\n' && b != '\t' && b != '\r' || b == 0x7f;
            // C1 controls are C2 80 to C2 9F in UTF-8.
            if (control || afterC2 && b >= 0x80 && b < 0xa0) {
                throw new Failure(
                        Failure.Code.KMS_CLI_TERMINAL,
                        "The plaintext is not written to the terminal.",
                        "It is binary, or holds control characters.",
                        "Give a file with -o, send the output into a pipe, or say -o - to see it all the same.");
            }
            afterC2 = b == 0xc2;
        }
        terminal.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
        terminal.flush();
    }
}
