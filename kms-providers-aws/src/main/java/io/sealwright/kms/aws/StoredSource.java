package io.sealwright.kms.aws;

import io.sealwright.kms.SecretBytes;
import io.sealwright.kms.aws.AwsCalls.Request;
import io.sealwright.kms.error.ErrorCode;
import io.sealwright.kms.error.KeyNotFoundException;
import io.sealwright.kms.error.StoreException;
import io.sealwright.kms.spi.Deadline;
import io.sealwright.kms.spi.SecretSource;
import io.sealwright.kms.spi.SecretVersion;
import io.sealwright.kms.spi.SecretVersions;
import io.sealwright.kms.spi.UntilClosed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;

/**
 * What Secrets Manager and Parameter Store have in common: the current version is read, others beside it; a new one is written
 * only over the one that was read.
 *
 * @param <R> the service's answer that holds one version
 */
abstract class StoredSource<R> implements SecretSource {
    private final String uri;
    private final String name;
    private final String service;
    private final Pattern revisions;
    private final boolean encrypted;
    private final UntilClosed<AwsCalls> calls;

    /**
     * Asks nothing yet.
     *
     * @param name name or ARN
     * @param service its name, for errors
     * @param revisions what {@link #revision} can be
     * @param encrypted whether the connection is TLS, as far as is known
     * @param release run when the source is closed
     */
    StoredSource(
            String uri,
            String name,
            String service,
            Pattern revisions,
            AwsCalls calls,
            boolean encrypted,
            Runnable release) {
        this.uri = uri;
        this.name = name;
        this.service = service;
        this.revisions = revisions;
        this.encrypted = encrypted;
        this.calls = new UntilClosed<>(calls, release, "The secret " + uri);
    }

    @Override
    public final String uri() {
        return uri;
    }

    /** As the service takes it. */
    final String name() {
        return name;
    }

    /** Versions that only open, as they are found. No record, since it holds keys, and a record prints its parts. */
    static final class Others {
        private final List<SecretVersion> previous = new ArrayList<>();
        private @Nullable SecretVersion next;

        /** The newest first; one too many is not asked for. */
        void addPrevious(SecretVersion version) {
            previous.add(version);
        }

        void setNext(SecretVersion version) {
            next = version;
        }

        /** Whether there is room for one more. */
        boolean takesMore() {
            return previous.size() < SecretVersions.MOST - 1;
        }

        private void close() {
            previous.forEach(SecretVersion::close);
            if (next != null) {
                next.close();
            }
        }
    }

    @Override
    public final SecretVersions fetch() {
        Deadline deadline = deadline();
        R there = read(deadline);
        String revision = revision(there);
        SecretVersion current = key(there);
        Others others = new Others();
        try {
            findOthers(there, others, deadline);
            return new SecretVersions(
                    revision, current, List.copyOf(others.previous), Optional.ofNullable(others.next));
        } catch (RuntimeException | Error e) {
            current.close();
            others.close();
            throw e;
        }
    }

    /** The key itself comes over that connection. */
    @Override
    public final String check() {
        return SecretSource.super.check() + OwnedClient.ofConnection(encrypted);
    }

    @Override
    public final boolean writable() {
        return true;
    }

    /** @return the new version, in the service's word */
    @Override
    public final String write(SecretBytes key, String expected) {
        Deadline deadline = deadline();
        if (expected.isEmpty()) {
            return create(key, deadline);
        }
        if (!revisions.matcher(expected).matches()) {
            throw new IllegalArgumentException("not a revision of this secret");
        }
        R before = read(deadline);
        if (!revision(before).equals(expected)) {
            throw conflict();
        }
        return replace(key, before, deadline);
    }

    @Override
    public final void close() {
        calls.close();
    }

    @Override
    public final String toString() {
        return getClass().getSimpleName() + "[" + uri + "]";
    }

    /** The current version. */
    abstract R read(Deadline deadline);

    /** What that version is called. */
    abstract String revision(R version);

    /** @throws io.sealwright.kms.error.ConfigurationException if it holds none */
    abstract SecretVersion key(R current);

    /** Those beside the current one that hold a key. */
    abstract void findOthers(R current, Others others, Deadline deadline);

    /** Makes a secret that must not be there. */
    abstract String create(SecretBytes key, Deadline deadline);

    /** Writes a version over that one. */
    abstract String replace(SecretBytes key, R before, Deadline deadline);

    /** What the service's codes mean beyond "not there". */
    abstract @Nullable RuntimeException refused(AwsAnswer answer, Request request);

    /**
     * One request.
     *
     * @param verb what is done, for errors, as in {@code read}
     * @param permission the action that a policy has to allow
     */
    final <T> T ask(
            String verb, String permission, Deadline deadline, Function<AwsRequestOverrideConfiguration, T> call) {
        return calls.get().ask(new Request(verb + " " + uri, permission), deadline, this::refused, call);
    }

    final KeyNotFoundException notThere(AwsAnswer answer) {
        return new KeyNotFoundException(
                "The secret " + uri + " is not there.",
                "AWS " + service + " says so" + answer.told() + ".",
                "Check name, account and region; kms master-key bootstrap --create makes one where a policy lets it.");
    }

    /** Somebody else has written it, or made it. */
    final StoreException conflict() {
        return new StoreException(
                ErrorCode.KMS_STORE_CONFLICT,
                "The secret " + uri + " was not written.",
                "It has changed since it was read, or is there already.",
                "Read it again, then repeat.");
    }

    private Deadline deadline() {
        return calls.get().deadline();
    }
}
