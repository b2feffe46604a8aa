package io.sealwright.kms.pkcs11;

import org.xipki.pkcs11.wrapper.Logger;

/** The binding's log goes to the platform's logger, as debugging, and without what it was about: that may be a secret. */
final class QuietLogger implements Logger {
    private static final System.Logger LOG = System.getLogger("io.sealwright.kms.pkcs11");

    private static void tell(String format) {
        LOG.log(System.Logger.Level.DEBUG, "{0}", format);
    }

    @Override
    public void info(String format, Object... arguments) {
        tell(format);
    }

    @Override
    public void warn(String format, Object... arguments) {
        tell(format);
    }

    @Override
    public void error(String format, Object... arguments) {
        tell(format);
    }

    @Override
    public void debug(String format, Object... arguments) {
        tell(format);
    }

    @Override
    public void trace(String format, Object... arguments) {
        tell(format);
    }

    @Override
    public boolean isDebugEnabled() {
        return false;
    }

    @Override
    public boolean isInfoEnabled() {
        return false;
    }

    @Override
    public boolean isWarnEnabled() {
        return false;
    }

    @Override
    public boolean isTraceEnabled() {
        return false;
    }
}
