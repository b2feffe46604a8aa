package io.sealwright.kms.testkit.masterkey;

import io.sealwright.kms.MasterKeyMetadata;
import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.spi.GeneratedKey;
import io.sealwright.kms.spi.MasterKey;
import io.sealwright.kms.spi.Recipient;
import io.sealwright.kms.spi.WrapBinding;
import io.sealwright.kms.spi.WrappedKey;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * A master key that is another one but for what a subclass overrides: to count calls, to answer one of them otherwise, to
 * stand at another address. For tests only. As safe for concurrent use as the key behind it.
 *
 * <pre>{@code
 * MasterKey elsewhere = new ForwardingMasterKey(key) {
 *     @Override
 *     public String uri() {
 *         return "elsewhere://key";
 *     }
 * };
 * }</pre>
 *
 * <p>Every method goes to the same one of the key behind, those with a default included. So {@link #generate} does not
 * come by an overridden {@link #wrap}, nor {@link #unwrapAll} and {@link #unwrapAsync} by an overridden {@link #unwrap}:
 * override each that the test is about.
 */
public class ForwardingMasterKey implements MasterKey {
    private final MasterKey behind;

    /** Forwards to {@code behind}, which it closes when it is closed itself. */
    public ForwardingMasterKey(MasterKey behind) {
        this.behind = Objects.requireNonNull(behind, "behind");
    }

    /** The key that a call goes to, asked at each one; what an override throws, every call throws that is not overridden. */
    protected MasterKey behind() {
        return behind;
    }

    @Override
    public String uri() {
        return behind().uri();
    }

    @Override
    public boolean inProcess() {
        return behind().inProcess();
    }

    @Override
    public boolean recognizes(Recipient recipient) {
        return behind().recognizes(recipient);
    }

    @Override
    public boolean mightRecognize(Recipient recipient) {
        return behind().mightRecognize(recipient);
    }

    @Override
    public boolean mightBeNewer(Recipient recipient) {
        return behind().mightBeNewer(recipient);
    }

    @Override
    public boolean isOutdated(Recipient recipient) {
        return behind().isOutdated(recipient);
    }

    @Override
    public String versionOf(Recipient recipient) {
        return behind().versionOf(recipient);
    }

    @Override
    public boolean refresh() {
        return behind().refresh();
    }

    @Override
    public GeneratedKey generate(WrapBinding binding) {
        return behind().generate(binding);
    }

    @Override
    public Recipient wrap(SecretBytes key, WrapBinding binding) {
        return behind().wrap(key, binding);
    }

    @Override
    public SecretBytes unwrap(Recipient recipient, WrapBinding binding) {
        return behind().unwrap(recipient, binding);
    }

    @Override
    public int largestBatch() {
        return behind().largestBatch();
    }

    @Override
    public List<Optional<SecretBytes>> unwrapAll(List<WrappedKey> wrapped) {
        return behind().unwrapAll(wrapped);
    }

    @Override
    public String check() {
        return behind().check();
    }

    @Override
    public MasterKeyMetadata metadata() {
        return behind().metadata();
    }

    @Override
    public String rotate() {
        return behind().rotate();
    }

    @Override
    public CompletionStage<GeneratedKey> generateAsync(WrapBinding binding, Executor executor) {
        return behind().generateAsync(binding, executor);
    }

    @Override
    public CompletionStage<Recipient> wrapAsync(SecretBytes key, WrapBinding binding, Executor executor) {
        return behind().wrapAsync(key, binding, executor);
    }

    @Override
    public CompletionStage<SecretBytes> unwrapAsync(Recipient recipient, WrapBinding binding, Executor executor) {
        return behind().unwrapAsync(recipient, binding, executor);
    }

    @Override
    public void close() {
        behind().close();
    }
}
