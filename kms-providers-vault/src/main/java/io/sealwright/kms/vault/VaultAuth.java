package io.sealwright.kms.vault;

import io.github.jopenlibs.vault.json.JsonObject;
import io.sealwright.kms.error.ConfigurationException;
import io.sealwright.kms.spi.ForeignText;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How this process proves to the server who it is. Tokens are renewed ahead of their end; where a login is possible, a
 * dead or expired token is replaced by logging in again. What stands in a file is read anew at each login. Immutable,
 * safe for concurrent use; never prints a secret.
 */
public final class VaultAuth {
    /** Where Kubernetes puts a pod's token. */
    private static final Path POD_TOKEN = Path.of("/var/run/secrets/kubernetes.io/serviceaccount/token");

    private static final Pattern USER = Pattern.compile("[A-Za-z0-9._@+-]{1,128}");

    private final Method method;
    private final String mount;
    private final String who;
    private final Credential secret;

    private VaultAuth(Method method, String mount, String who, Credential secret) {
        this.method = method;
        this.mount = mount;
        this.who = who;
        this.secret = secret;
    }

    /** The ways to log in. */
    private enum Method {
        TOKEN,
        APPROLE,
        USERPASS,
        JWT,
        KUBERNETES
    }

    /**
     * A token as it is. It is renewed while it can be; when it ends, calls fail until the process gets another.
     *
     * @throws ConfigurationException if it is empty
     */
    public static VaultAuth token(String token) {
        return new VaultAuth(Method.TOKEN, "token", "", Credential.of("token", token));
    }

    /** The token in a file, such as the sink of an agent: read again when the one from it is dead. */
    public static VaultAuth tokenFile(Path file) {
        return new VaultAuth(Method.TOKEN, "token", "", Credential.file("token", file));
    }

    /** A token that somebody else keeps alive; asked for again when the one that was given is dead. */
    static VaultAuth liveToken(Supplier<@Nullable String> token) {
        return new VaultAuth(Method.TOKEN, "token", "", Credential.from("token", token));
    }

    /**
     * AppRole, mounted at {@code approle}.
     *
     * @throws ConfigurationException if one of the two is empty
     */
    public static VaultAuth appRole(String roleId, String secretId) {
        return new VaultAuth(Method.APPROLE, "approle", given("role id", roleId), Credential.of("secret id", secretId));
    }

    /** {@link #appRole(String, String)} with the secret id in a file. */
    public static VaultAuth appRole(String roleId, Path secretIdFile) {
        return new VaultAuth(
                Method.APPROLE, "approle", given("role id", roleId), Credential.file("secret id", secretIdFile));
    }

    /**
     * User name and password, mounted at {@code userpass}.
     *
     * @throws ConfigurationException if the name has other characters than {@code A-Z a-z 0-9 . _ @ + -}, or the
     *     password is empty
     */
    public static VaultAuth userpass(String user, String password) {
        return new VaultAuth(Method.USERPASS, "userpass", user(user), Credential.of("password", password));
    }

    /** {@link #userpass(String, String)} with the password in a file. */
    public static VaultAuth userpass(String user, Path passwordFile) {
        return new VaultAuth(Method.USERPASS, "userpass", user(user), Credential.file("password", passwordFile));
    }

    /**
     * A JSON web token in a file, mounted at {@code jwt}.
     *
     * @param role the server's role to log in to
     */
    public static VaultAuth jwt(String role, Path jwtFile) {
        return new VaultAuth(Method.JWT, "jwt", given("role", role), Credential.file("JWT", jwtFile));
    }

    /** The pod's own token, mounted at {@code kubernetes}. */
    public static VaultAuth kubernetes(String role) {
        return kubernetes(role, POD_TOKEN);
    }

    /** {@link #kubernetes(String)} with the token in another file. */
    public static VaultAuth kubernetes(String role, Path jwtFile) {
        return new VaultAuth(Method.KUBERNETES, "kubernetes", given("role", role), Credential.file("JWT", jwtFile));
    }

    /**
     * The same at another mount of the server, as in {@code team/approle}.
     *
     * @throws ConfigurationException if it is no path of {@code A-Z a-z 0-9 . _ -}, or this is a token, which has none
     */
    public VaultAuth mount(String mount) {
        if (method == Method.TOKEN || !Names.isPath(mount)) {
            throw new ConfigurationException(
                    "'" + ForeignText.shown(mount) + "' is no mount for " + this + ".",
                    method == Method.TOKEN
                            ? "A token needs none."
                            : "A mount is a path of A-Z a-z 0-9 . _ - without a slash at its ends.",
                    "Leave it out, or give it as it stands in the server's list of auth methods.");
        }
        return new VaultAuth(method, mount, who, secret);
    }

    /** Tells whether there is no login, only a token that somebody else got. */
    boolean tokenOnly() {
        return method == Method.TOKEN;
    }

    /** The token itself, where {@link #tokenOnly}. */
    String readToken() {
        return secret.readVisible();
    }

    /** Tells credentials apart without keeping them. */
    byte[] fingerprint() {
        return secret.fingerprint();
    }

    /** The request that logs in; reads the secret. */
    Request login() {
        String what = "log in by " + this;
        String path = "auth/" + mount + "/login";
        JsonObject body = new JsonObject();
        return switch (method) {
            case APPROLE -> Request.post(what, path, body.add("role_id", who).add("secret_id", secret.read()));
            case USERPASS -> Request.post(what, path + "/" + who, body.add("password", secret.read()));
            case JWT, KUBERNETES ->
                Request.post(what, path, body.add("role", who).add("jwt", secret.readVisible()));
            case TOKEN -> throw new IllegalStateException("a token needs no login");
        };
    }

    /** Method and mount; no name, no secret. */
    @Override
    public String toString() {
        return method == Method.TOKEN ? "token" : "auth/" + mount;
    }

    private static String given(String name, String text) {
        if (Objects.requireNonNull(text, name).isBlank()) {
            throw new ConfigurationException(
                    "The " + name + " is empty.", "Nothing was given.", "Give the " + name + ".");
        }
        return text;
    }

    private static String user(String name) {
        if (!USER.matcher(given("user name", name)).matches()) {
            throw new ConfigurationException(
                    "The user name cannot be used.",
                    "It stands in a path, so it has 1 to 128 of A-Z a-z 0-9 . _ @ + - and nothing else.",
                    "Give another user, or another way to log in.");
        }
        return name;
    }
}
