package io.sealwright.kms.error;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CallInterruptedExceptionTest {
    @Test
    void during_flagThatWasTaken_isSetAgain() {
        InterruptedException cause = new InterruptedException();
        CallInterruptedException error = CallInterruptedException.during("decrypt with a://b", cause);
        boolean flag = Thread.interrupted();
        assertThat(flag).isTrue();
        assertThat(error)
                .hasMessageStartingWith("The call was interrupted: decrypt with a://b.")
                .hasCause(cause);
        assertThat(error.code()).isEqualTo(ErrorCode.KMS_INTERRUPTED);
    }
}
